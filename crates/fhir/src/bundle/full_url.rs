//! What the fullUrl of an entry says
//! (<https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.fullUrl>): it is a name of
//! the entry's own record, and must not be that of another one. A URN is a name within the
//! Bundle; a URL that ends in a type and an id names a record of a server, of which it is
//! told whether it is this one.
//!
//! A POST takes no id from its sender, so its fullUrl may be that of a record elsewhere, but
//! not of one here: the record that a POST makes has no URL yet.

use super::{
    Entry, EntryUrl, Method,
    names::{NamedRecord, Versions},
};
use crate::{
    IssueCode, LocalBase, Refusal,
    links::reference::{Named, restful_record},
};
use model::{LogicalId, VersionNumber};

/// Whose record a fullUrl names.
enum Server {
    /// One of this facility, by any URL that it has or had.
    Own,
    /// One elsewhere.
    Other,
    /// None: a URN, or a name without a type and an id.
    None,
}

impl Entry {
    /// Refuses a fullUrl that names another record than the entry does.
    ///
    /// # Errors
    /// When it does so.
    pub fn refuse_other_full_url(&self, base: &LocalBase) -> Result<(), Refusal> {
        let Some((kind, id)) = self.full_url.as_deref().and_then(restful_record) else {
            return Ok(());
        };
        let text = match self.record() {
            Some((own_kind, own_id)) if own_kind == kind && own_id == id => return Ok(()),
            Some(_) => {
                "the fullUrl names another record than the entry; write the record's own URL, or a \
                 `urn:uuid:`"
            }
            None if self.method == Method::Post && matches!(self.server(base), Server::Own) => {
                "the fullUrl names a record of this gateway, and a POST makes a new one; give it a \
                 `urn:uuid:`, or update the record by PUT"
            }
            None if self.method.changes() && matches!(self.server(base), Server::Own) => {
                "the fullUrl names a record of this gateway, and criteria choose another or none; \
                 give it a `urn:uuid:`"
            }
            None => return Ok(()),
        };
        Err(self.refuse(IssueCode::Invalid, text, "fullUrl"))
    }

    /// The record that links to the fullUrl mean, when the entry names one, or makes or chooses
    /// it, under this id; `is_new` when it makes it. What is read or deleted brings no record from elsewhere.
    #[must_use]
    pub fn named(
        &self,
        assigned: Option<&LogicalId>,
        is_new: bool,
        base: &LocalBase,
    ) -> Option<NamedRecord> {
        let record = match (self.record(), assigned) {
            (Some((kind, id)), _) => format!("{kind}/{id}"),
            (None, Some(id)) => format!("{}/{id}", self.url.resource_type()?),
            (None, None) => return None,
        };
        let versions = match (self.server(base), &self.resource) {
            (Server::Other, None) => return None,
            (Server::Own, _) => Versions::Own,
            (Server::Other | Server::None, Some(_)) if is_new => Versions::Source(
                self.source_version()
                    .map(|source| (source, VersionNumber::FIRST)),
            ),
            (Server::Other | Server::None, _) => Versions::Source(None),
        };
        Some(NamedRecord { record, versions })
    }

    /// Type and id in the entry's url.
    fn record(&self) -> Option<(&str, &str)> {
        match &self.url {
            EntryUrl::Type { .. }
            | EntryUrl::Compartment { .. }
            | EntryUrl::TypeHistory { .. }
            | EntryUrl::SystemHistory { .. } => None,
            EntryUrl::Instance {
                resource_type, id, ..
            }
            | EntryUrl::History {
                resource_type, id, ..
            }
            | EntryUrl::Version {
                resource_type, id, ..
            } => Some((resource_type.as_str(), id.as_str())),
        }
    }

    fn server(&self, base: &LocalBase) -> Server {
        let full_url = self.full_url.as_deref().unwrap_or_default();
        match (restful_record(full_url), Named::by(full_url, base)) {
            (None, _) => Server::None,
            (Some(_), Named::Elsewhere) => Server::Other,
            (Some(_), Named::Record(_) | Named::Unclear) => Server::Own,
        }
    }

    /// `meta.versionId` as it came.
    fn source_version(&self) -> Option<String> {
        let meta = self.resource.as_ref()?.value().get("meta")?;
        Some(meta.get("versionId")?.as_str()?.to_owned())
    }
}
