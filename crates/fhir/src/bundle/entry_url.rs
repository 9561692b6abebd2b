//! What an entry is applied to: `request.url`, relative to the base.

use crate::{IssueCode, Refusal, definition::Definition, links::percent, path::Path};
use model::{LogicalId, ResourceType, VersionNumber};

/// The forms of url that an entry may have. A `/` before it and one after it are taken, as
/// in the URL of a request; an absolute url is not.
#[derive(Clone, PartialEq, Eq)]
pub enum EntryUrl {
    /// `Patient` or `Patient?identifier=…`
    Type {
        /// The type.
        resource_type: ResourceType,
        /// What stands after `?`.
        query: Option<String>,
    },
    /// `Patient/1`
    Instance {
        /// The type.
        resource_type: ResourceType,
        /// The id.
        id: LogicalId,
        /// What stands after `?`.
        query: Option<String>,
    },
    /// `Patient/1/_history`
    History {
        /// The type.
        resource_type: ResourceType,
        /// The id.
        id: LogicalId,
        /// What stands after `?`.
        query: Option<String>,
    },
    /// `Patient/1/Observation` or `Patient/1/*`
    Compartment {
        /// The type whose compartment it is: Patient.
        resource_type: ResourceType,
        /// The patient whose compartment it is.
        id: LogicalId,
        /// The type of its records; all types for `*`.
        members: Option<ResourceType>,
        /// What stands after `?`.
        query: Option<String>,
    },
    /// `Patient/1/_history/2`
    Version {
        /// The type.
        resource_type: ResourceType,
        /// The id.
        id: LogicalId,
        /// The version.
        version: VersionNumber,
        /// What stands after `?`.
        query: Option<String>,
    },
    /// `Patient/_history`
    TypeHistory {
        /// The type.
        resource_type: ResourceType,
        /// What stands after `?`.
        query: Option<String>,
    },
    /// `_history`
    SystemHistory {
        /// What stands after `?`.
        query: Option<String>,
    },
}

const HISTORY: &str = "_history";

fn require_decodes(url: &str, at: &Path) -> Result<(), Refusal> {
    if url.contains('#') {
        let text = "the url must have no `#`, which begins a fragment; write the character \
                    itself as `%23`";
        return Err(Refusal::at(IssueCode::Invalid, text, at));
    }
    if percent::decodes(url) {
        return Ok(());
    }
    let text = "a `%` in the url must begin two hexadecimal digits, and what they stand for be \
                UTF-8; write `%` itself as `%25`";
    Err(Refusal::at(IssueCode::Invalid, text, at))
}

fn read_type(name: &str, at: &Path) -> Result<ResourceType, Refusal> {
    let known = Definition::of(name).and_then(|definition| definition.name.parse().ok());
    known.ok_or_else(|| {
        let text = "the url must start with a resource type of FHIR R4 and be relative to the base";
        Refusal::at(IssueCode::Value, text, at)
    })
}

fn read_id(id: &str, at: &Path) -> Result<LogicalId, Refusal> {
    id.parse().map_err(|_| {
        let text = "the id in the url must be 1 to 64 of A-Z, a-z, 0-9, `-` and `.`";
        Refusal::at(IssueCode::Value, text, at)
    })
}

/// The type of the records of a compartment, none for all types.
fn read_members(name: &str) -> Option<Option<ResourceType>> {
    if name == "*" {
        return Some(None);
    }
    Definition::of(name)?.name.parse().ok().map(Some)
}

fn read_version(version: &str, at: &Path) -> Result<VersionNumber, Refusal> {
    version.parse().map_err(|_| {
        let text = "the version in the url must be a whole number from 1";
        Refusal::at(IssueCode::Value, text, at)
    })
}

fn unsupported(at: &Path) -> Refusal {
    let text = "this form of url is not supported in a Bundle";
    Refusal::at(IssueCode::NotSupported, text, at)
}

impl EntryUrl {
    pub(super) fn parse(url: &str, at: &Path) -> Result<Self, Refusal> {
        require_decodes(url, at)?;
        let (path, query) = match url.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (url, None),
        };
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts = path.strip_prefix('/').unwrap_or(path).split('/');
        let name = parts.next().unwrap_or_default();
        if name == HISTORY && parts.clone().next().is_none() {
            return Ok(Self::SystemHistory { query });
        }
        let resource_type = read_type(name, at)?;
        let Some(id) = parts.next() else {
            return Ok(Self::Type {
                resource_type,
                query,
            });
        };
        if id == HISTORY && parts.clone().next().is_none() {
            return Ok(Self::TypeHistory {
                resource_type,
                query,
            });
        }
        if id.starts_with(['_', '$']) {
            return Err(unsupported(at));
        }
        let id = read_id(id, at)?;
        match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => Ok(Self::Instance {
                resource_type,
                id,
                query,
            }),
            (Some(HISTORY), None, _) => Ok(Self::History {
                resource_type,
                id,
                query,
            }),
            (Some(HISTORY), Some(version), None) => Ok(Self::Version {
                resource_type,
                id,
                version: read_version(version, at)?,
                query,
            }),
            (Some(members), None, _) if resource_type.as_str() == "Patient" => {
                Ok(Self::Compartment {
                    resource_type,
                    id,
                    members: read_members(members).ok_or_else(|| unsupported(at))?,
                    query,
                })
            }
            _ => Err(unsupported(at)),
        }
    }

    /// The type; none of what is of all types.
    #[must_use]
    pub const fn resource_type(&self) -> Option<&ResourceType> {
        match self {
            Self::Type { resource_type, .. }
            | Self::Instance { resource_type, .. }
            | Self::History { resource_type, .. }
            | Self::Compartment { resource_type, .. }
            | Self::Version { resource_type, .. }
            | Self::TypeHistory { resource_type, .. } => Some(resource_type),
            Self::SystemHistory { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<String, IssueCode> {
        let query_of =
            |query: Option<String>| query.map(|query| format!("?{query}")).unwrap_or_default();
        EntryUrl::parse(url, &Path::Root("url"))
            .map_err(|refusal| refusal.code)
            .map(|url| match url {
                EntryUrl::Type {
                    resource_type,
                    query,
                } => format!("type {resource_type}{}", query_of(query)),
                EntryUrl::Instance {
                    resource_type,
                    id,
                    query,
                } => {
                    format!("instance {resource_type} {id}{}", query_of(query))
                }
                EntryUrl::History {
                    resource_type,
                    id,
                    query,
                } => {
                    format!("history {resource_type} {id}{}", query_of(query))
                }
                EntryUrl::Compartment {
                    id, members, query, ..
                } => {
                    let members = members.map_or("*".to_owned(), |kind| kind.to_string());
                    format!("compartment {id} {members}{}", query_of(query))
                }
                EntryUrl::Version {
                    resource_type,
                    id,
                    version,
                    query,
                } => {
                    let query = query_of(query);
                    format!("version {resource_type} {id} {version}{query}")
                }
                EntryUrl::TypeHistory {
                    resource_type,
                    query,
                } => format!("all of {resource_type}{}", query_of(query)),
                EntryUrl::SystemHistory { query } => format!("all{}", query_of(query)),
            })
    }

    #[test]
    fn each_form_is_told_apart() {
        for (url, expected) in [
            ("Patient", "type Patient"),
            ("/Patient", "type Patient"),
            ("Patient?identifier=a|b", "type Patient?identifier=a|b"),
            ("Patient/1", "instance Patient 1"),
            ("/Patient/1", "instance Patient 1"),
            ("Patient/", "type Patient"),
            ("Patient/?identifier=a", "type Patient?identifier=a"),
            ("Patient/1/", "instance Patient 1"),
            ("Patient/1/_history/", "history Patient 1"),
            ("Patient/1/_history/2/", "version Patient 1 2"),
            ("Patient/1?_format=json", "instance Patient 1?_format=json"),
            ("Patient/1/_history?_count=2", "history Patient 1?_count=2"),
            ("Patient/1/_history/2", "version Patient 1 2"),
            ("Patient/1/_history/2?a=b", "version Patient 1 2?a=b"),
            ("Patient/_history", "all of Patient"),
            ("Patient/_history/?_count=2", "all of Patient?_count=2"),
            ("_history", "all"),
            ("/_history?_count=2", "all?_count=2"),
            ("Patient/1/Observation", "compartment 1 Observation"),
            (
                "/Patient/1/Observation/?code=a",
                "compartment 1 Observation?code=a",
            ),
            ("Patient/1/*?_type=Flag", "compartment 1 *?_type=Flag"),
        ] {
            assert_eq!(read(url).as_deref(), Ok(expected), "{url}");
        }
        for (url, expected) in [
            ("", IssueCode::Value),
            ("patient/1", IssueCode::Value),
            ("//Patient/1", IssueCode::Value),
            ("https://example.org/fhir/Patient/1", IssueCode::Value),
            ("Patient/a_b", IssueCode::Value),
            ("Patient//", IssueCode::Value),
            ("/", IssueCode::Value),
            ("Patient/1/_history/0", IssueCode::Value),
            ("Patient/1/$everything", IssueCode::NotSupported),
            ("Patient/_search", IssueCode::NotSupported),
            ("Patient/_history/2", IssueCode::NotSupported),
            ("_history/2", IssueCode::Value),
            ("Patient/$match", IssueCode::NotSupported),
            ("Patient/1/_history/2/3", IssueCode::NotSupported),
            ("Patient/1/Zebra", IssueCode::NotSupported),
            ("Patient/1/Observation/2", IssueCode::NotSupported),
            ("Patient/1/Observation/_search", IssueCode::NotSupported),
            ("Encounter/1/Observation", IssueCode::NotSupported),
        ] {
            assert_eq!(read(url), Err(expected), "{url}");
        }
    }
}
