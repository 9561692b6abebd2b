//! The criteria of a search: what the query string asks for, how candidates are
//! found by tags and tokens, and whether a resource meets them.
//!
//! This release searches by `_id`, `identifier`, `patient` and `subject`. Comma
//! is OR, a repeated parameter AND (<https://hl7.org/fhir/R4/search.html#combining>).

use crate::{
    exchange::Exchange,
    facility::Facility,
    failure::{Category, Failure},
    paging::{self, Page},
};
use fhir::{
    IssueCode, LocalBase, LocalReference, ReferenceParameter, Resource, definition::Definition,
};
use model::{LogicalId, ResourceType, Tag, Token};
use sealing::Form;
use store::{FacilityId, Reader};

/// The types that an untyped id in `subject` may mean.
const SUBJECT_TYPES: [&str; 4] = ["Patient", "Group", "Device", "Location"];

/// One identifier that is asked for (<https://hl7.org/fhir/R4/search.html#token>).
#[derive(Debug, Clone, PartialEq, Eq)]
enum IdentifierAsked {
    /// `value`: any system.
    Value(String),
    /// `|value`: no system.
    WithoutSystem(String),
    /// `system|value`.
    InSystem(String, String),
    /// `system|`: any value of the system.
    System(String),
}

/// One record that a reference is to point to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ReferenceAsked {
    param: ReferenceParameter,
    targets: Vec<(ResourceType, LogicalId)>,
}

/// What a search asks for.
#[derive(Debug, Clone, Default)]
pub struct Criteria {
    text: String,
    ids: Vec<Vec<LogicalId>>,
    identifiers: Vec<Vec<IdentifierAsked>>,
    references: Vec<ReferenceAsked>,
}

impl Criteria {
    /// Reads a query string.
    ///
    /// # Errors
    /// Invalid for a parameter, modifier or value that is not supported; nothing
    /// is ever ignored, unless the caller asked for lenient handling.
    pub fn parse(
        kind: &ResourceType,
        query: &str,
        lenient: bool,
        local: &LocalBase,
    ) -> Result<(Self, Page), Failure> {
        let mut criteria = Self {
            text: query.to_owned(),
            ..Self::default()
        };
        let mut page = Page::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "_count" => page.count = paging::parse_count(&value)?,
                "_format" | "_pretty" => {}
                "_id" => criteria.ids.push(ids(&value)?),
                "identifier" if has_param(kind, "identifier") => {
                    criteria.identifiers.push(identifiers(&value)?);
                }
                "patient" | "subject" if has_param(kind, &name) => {
                    let param = match name.as_ref() {
                        "patient" => ReferenceParameter::Patient,
                        _ => ReferenceParameter::Subject,
                    };
                    let targets = targets(param, &value, local)?;
                    criteria.references.push(ReferenceAsked { param, targets });
                }
                _ if lenient => {}
                _ => return Err(unsupported(kind)),
            }
        }
        Ok((criteria, page))
    }

    /// Reads the query of a request, or the one inside the cursor of a next link.
    ///
    /// # Errors
    /// As [`Self::parse`]; invalid for a cursor that is not ours.
    pub fn of_request(
        exchange: &Exchange<'_>,
        kind: &ResourceType,
        query: &str,
        lenient: bool,
    ) -> Result<(Self, Page), Failure> {
        let local = &exchange.context.local;
        let cursor = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "_cursor")
            .map(|(_, cursor)| cursor);
        match cursor {
            None => Self::parse(kind, query, lenient, local),
            Some(cursor) => {
                let (query, page) = paging::open_search(exchange.facility(), kind, &cursor)?;
                Ok((Self::parse(kind, &query, lenient, local)?.0, page))
            }
        }
    }

    /// The query as it was asked; sealed in the audit, and never in a link of ours.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the records are named one by one, so that there is one batch.
    #[must_use]
    pub fn names_records(&self) -> bool {
        !self.ids.is_empty()
    }

    /// The query of the `self` link: what was asked and is in force.
    #[must_use]
    pub fn self_query(&self, page: &Page) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let known = ["_id", "identifier", "patient", "subject"];
        for (name, value) in url::form_urlencoded::parse(self.text.as_bytes()) {
            if known.contains(&name.as_ref()) {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("_count", &page.count.to_string());
        format!("?{}", query.finish())
    }

    /// How candidates are found: by the criterion that leaves the fewest.
    #[must_use]
    pub fn lookup(&self, facility: &Facility, kind: &ResourceType) -> Lookup {
        let tag = |kind: &ResourceType, id: &LogicalId| {
            facility.tags.record_tag(kind.as_str(), id.as_str())
        };
        if let Some(ids) = self.ids.first() {
            return Lookup::Records(ids.iter().map(|id| tag(kind, id)).collect());
        }
        if let Some(asked) = self.identifiers.first() {
            let token = |one: &IdentifierAsked| one.token(facility, kind);
            return Lookup::Tokens(asked.iter().map(token).collect());
        }
        if let Some(reference) = self.references.first() {
            let targets = reference
                .targets
                .iter()
                .map(|(kind, id)| tag(kind, id))
                .collect();
            return Lookup::Links(reference.param.as_str(), Some(targets));
        }
        Lookup::Links("_id", None)
    }

    /// Whether a resource meets every criterion.
    #[must_use]
    pub fn holds(&self, resource: &Resource, local: &LocalBase) -> bool {
        let id_holds = |ids: &Vec<LogicalId>| resource.id().is_some_and(|id| ids.contains(id));
        let identifiers = resource.identifiers();
        let identifier_holds = |asked: &Vec<IdentifierAsked>| {
            identifiers
                .iter()
                .any(|has| asked.iter().any(|one| one.matches(has)))
        };
        let reference_holds = |asked: &ReferenceAsked| {
            let has = resource.references(asked.param, local);
            has.into_iter()
                .any(|it| asked.targets.contains(&(it.resource_type, it.id)))
        };
        self.ids.iter().all(id_holds)
            && self.identifiers.iter().all(identifier_holds)
            && self.references.iter().all(reference_holds)
    }
}

/// How candidates are found.
pub enum Lookup {
    /// By their own tags.
    Records(Vec<Tag>),
    /// By search tokens.
    Tokens(Vec<Token>),
    /// By what they refer to; all of the type when no target is given.
    Links(&'static str, Option<Vec<Tag>>),
}

impl Lookup {
    /// Reads the next candidates, current versions in the order of their tags.
    ///
    /// # Errors
    /// When the database does.
    pub fn run(
        &self,
        reader: &mut Reader,
        facility: FacilityId,
        kind: &ResourceType,
        after: Option<Tag>,
        limit: u32,
    ) -> Result<Vec<store::Version>, store::Error> {
        let mut versions = reader.versions();
        match self {
            Self::Records(tags) => versions.current_many(facility, tags),
            Self::Tokens(tokens) => versions.search_token(facility, kind, tokens, after, limit),
            Self::Links(param, targets) => {
                versions.search_links(facility, kind, param, targets.as_deref(), after, limit)
            }
        }
    }
}

impl IdentifierAsked {
    fn token(&self, facility: &Facility, kind: &ResourceType) -> Token {
        let (form, value) = match self {
            Self::Value(value) => (Form::Code, value.clone()),
            Self::WithoutSystem(value) => (Form::NoSystemCode, format!("|{value}")),
            Self::InSystem(system, value) => (Form::SystemCode, format!("{system}|{value}")),
            Self::System(_) => (Form::Present, String::new()),
        };
        facility
            .index
            .token(kind.as_str(), "identifier", form, &value, None)
    }

    fn matches(&self, has: &fhir::Identifier) -> bool {
        let (system, value) = (has.system.as_deref(), has.value.as_deref());
        match self {
            Self::Value(asked) => value == Some(asked),
            Self::WithoutSystem(asked) => system.is_none() && value == Some(asked),
            Self::InSystem(in_system, asked) => system == Some(in_system) && value == Some(asked),
            Self::System(asked) => system == Some(asked),
        }
    }
}

fn ids(value: &str) -> Result<Vec<LogicalId>, Failure> {
    value
        .split(',')
        .map(|id| {
            id.parse()
                .map_err(|_| bad_value("_id", "an id, or ids with `,`"))
        })
        .collect()
}

fn identifiers(value: &str) -> Result<Vec<IdentifierAsked>, Failure> {
    let form = "`value`, `|value`, `system|value` or `system|`";
    let read = |one: String| {
        let parts: Vec<String> = split_at(&one, '|')
            .iter()
            .map(|part| unescape(part))
            .collect();
        match parts.as_slice() {
            [value] if !value.is_empty() => Some(IdentifierAsked::Value(value.clone())),
            [system, value] => match (system.as_str(), value.as_str()) {
                ("", "") => None,
                ("", _) => Some(IdentifierAsked::WithoutSystem(value.clone())),
                (_, "") => Some(IdentifierAsked::System(system.clone())),
                _ => Some(IdentifierAsked::InSystem(system.clone(), value.clone())),
            },
            _ => None,
        }
    };
    split_values(value)
        .into_iter()
        .map(|one| read(one).ok_or_else(|| bad_value("identifier", form)))
        .collect()
}

fn targets(
    param: ReferenceParameter,
    value: &str,
    local: &LocalBase,
) -> Result<Vec<(ResourceType, LogicalId)>, Failure> {
    let mut targets = Vec::new();
    for one in value.split(',') {
        let untyped: Option<LogicalId> = one.parse().ok();
        match (untyped, LocalReference::parse(one, local)) {
            (Some(id), _) => {
                let kinds: &[&str] = match param {
                    ReferenceParameter::Patient => &["Patient"],
                    ReferenceParameter::Subject => &SUBJECT_TYPES,
                };
                for kind in kinds {
                    targets.push((kind.parse().map_err(Failure::fault)?, id.clone()));
                }
            }
            (None, Some(it)) => targets.push((it.resource_type, it.id)),
            (None, None) => {
                return Err(bad_value(
                    param.as_str(),
                    "`id`, `Type/id` or a URL of this facility",
                ));
            }
        }
    }
    Ok(targets)
}

/// Whether the type has the search parameter.
#[must_use]
pub fn has_param(kind: &ResourceType, param: &str) -> bool {
    Definition::of(kind.as_str()).is_some_and(|definition| match param {
        "identifier" => !definition.identifier.is_empty(),
        "patient" => !definition.patient.is_empty(),
        "subject" => !definition.subject.is_empty(),
        _ => false,
    })
}

/// Cuts a value at its commas, those that are escaped excepted
/// (<https://hl7.org/fhir/R4/search.html#escaping>).
fn split_values(value: &str) -> Vec<String> {
    split_at(value, ',')
}

/// Cuts a value at a separator that is not escaped; the parts stay escaped.
fn split_at(value: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in value.chars() {
        if c == separator && !escaped {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(part);
    parts
}

fn unescape(text: &str) -> String {
    let (mut plain, mut escaped) = (String::new(), false);
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(c);
            escaped = false;
        }
    }
    plain
}

fn bad_value(param: &str, form: &str) -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Value,
        format!("the value of `{param}` must be {form}"),
    )
}

fn unsupported(kind: &ResourceType) -> Failure {
    let known: Vec<&str> = ["identifier", "patient", "subject"]
        .into_iter()
        .filter(|param| has_param(kind, param))
        .collect();
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        format!(
            "a search parameter or modifier is not supported; on {kind} use `_id`, `_count`{}{}, \
             or send `Prefer: handling=lenient` to have others ignored",
            if known.is_empty() { "" } else { ", " },
            known
                .iter()
                .map(|param| format!("`{param}`"))
                .collect::<Vec<_>>()
                .join(", "),
        ),
    )
}
