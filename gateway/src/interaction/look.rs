//! What is asked for without changing anything, by itself or as an entry of a
//! Bundle.

use crate::{
    exchange::Exchange,
    failure::Failure,
    form::subset,
    http::{precondition::Preconditions, query_text, reply::Reply},
    interaction::{
        audit, compartment,
        history::{self, Asked},
        kinds::TypeClass,
        read, search,
    },
    search::query::Search,
};
use fhir::bundle::EntryUrl;
use model::{LogicalId, ResourceType, Restful, VersionNumber};

/// What is looked at.
pub enum Look<'r> {
    /// The current version of a record.
    Read {
        /// Its type.
        kind: &'r ResourceType,
        /// Its id.
        id: &'r LogicalId,
        /// What must hold of it.
        preconditions: &'r Preconditions,
        /// Which part of it.
        part: subset::Asked,
    },
    /// One version of a record.
    Vread {
        /// Its type.
        kind: &'r ResourceType,
        /// Its id.
        id: &'r LogicalId,
        /// Which version.
        version: VersionNumber,
        /// What must hold of it.
        preconditions: &'r Preconditions,
        /// Which part of it.
        part: subset::Asked,
    },
    /// The versions of a record.
    History {
        /// Its type.
        kind: &'r ResourceType,
        /// Its id.
        id: &'r LogicalId,
        /// Which of them.
        asked: Asked,
    },
    /// The versions of the records of a type, or of all.
    Histories {
        /// The type.
        kind: Option<&'r ResourceType>,
        /// Which of them.
        asked: Asked,
    },
    /// The records of a type, or of all types, in a patient's compartment.
    Compartment {
        /// The patient.
        patient: &'r LogicalId,
        /// The type.
        members: Option<&'r ResourceType>,
        /// The query string.
        query: &'r str,
        /// Whether what is not supported is ignored.
        lenient: bool,
    },
    /// The records of a type that meet criteria.
    Search {
        /// The type.
        kind: &'r ResourceType,
        /// The query string.
        query: &'r str,
        /// Whether what is not supported is ignored.
        lenient: bool,
    },
}

impl<'r> Look<'r> {
    /// What an entry of a Bundle asks to be shown.
    ///
    /// # Errors
    /// When it has parameters that are not read, or a query that is too long.
    pub fn at(url: &'r EntryUrl, preconditions: &'r Preconditions) -> Result<Self, Failure> {
        match url {
            EntryUrl::Instance {
                resource_type: kind,
                id,
                query,
            } => {
                let query = query.as_deref().unwrap_or_default();
                Ok(Self::Read {
                    kind,
                    id,
                    preconditions,
                    part: subset::Asked::of_read(query, kind)?,
                })
            }
            EntryUrl::Version {
                resource_type: kind,
                id,
                version,
                query,
            } => {
                let query = query.as_deref().unwrap_or_default();
                Ok(Self::Vread {
                    kind,
                    id,
                    version: *version,
                    preconditions,
                    part: subset::Asked::of_read(query, kind)?,
                })
            }
            EntryUrl::History {
                resource_type: kind,
                id,
                query,
            } => {
                let asked = Asked::parse(query.as_deref().unwrap_or_default())?;
                Ok(Self::History { kind, id, asked })
            }
            EntryUrl::TypeHistory { query, .. } | EntryUrl::SystemHistory { query } => {
                let asked = Asked::parse(query.as_deref().unwrap_or_default())?;
                let kind = url.resource_type();
                Ok(Self::Histories { kind, asked })
            }
            EntryUrl::Compartment {
                id, members, query, ..
            } => Self::compartment(id, members.as_ref(), query.as_deref()),
            EntryUrl::Type {
                resource_type: kind,
                query,
            } => {
                let query = query.as_deref().unwrap_or_default();
                query_text::check_url(query)?;
                Ok(Self::Search {
                    kind,
                    query,
                    lenient: false,
                })
            }
        }
    }

    fn compartment(
        patient: &'r LogicalId,
        members: Option<&'r ResourceType>,
        query: Option<&'r str>,
    ) -> Result<Self, Failure> {
        let query = query.unwrap_or_default();
        query_text::check_url(query)?;
        Ok(Self::Compartment {
            patient,
            members,
            query,
            lenient: false,
        })
    }

    /// What it is in FHIR.
    #[must_use]
    pub const fn interaction(&self) -> Restful {
        match self {
            Self::Read { .. } => Restful::Read,
            Self::Vread { .. } => Restful::Vread,
            Self::History { .. } => Restful::HistoryInstance,
            Self::Histories { kind: Some(_), .. } => Restful::HistoryType,
            Self::Histories { kind: None, .. } => Restful::HistorySystem,
            Self::Compartment { members: None, .. } => Restful::SearchSystem,
            Self::Search { .. } | Self::Compartment { .. } => Restful::SearchType,
        }
    }

    /// The class of the type that is looked at.
    fn class(&self) -> TypeClass {
        let kind = match self {
            Self::Read { kind, .. }
            | Self::Vread { kind, .. }
            | Self::History { kind, .. }
            | Self::Search { kind, .. } => Some(*kind),
            Self::Histories { kind, .. } => *kind,
            Self::Compartment { members, .. } => *members,
        };
        kind.map_or(TypeClass::Stored, |kind| TypeClass::of(kind.as_str()))
    }

    /// Whether it takes long, whatever it finds.
    #[must_use]
    pub fn is_long(&self) -> bool {
        match self {
            Self::Search { query, .. } | Self::Compartment { query, .. } => {
                self.class() == TypeClass::Audit || query_text::is_long(query)
            }
            Self::Histories { kind, .. } => kind.is_none() || self.class() == TypeClass::Audit,
            _ => false,
        }
    }

    /// Looks.
    ///
    /// # Errors
    /// Those of the interaction.
    pub async fn make(&self, exchange: &mut Exchange<'_>) -> Result<Reply, Failure> {
        let whole = match self.class() {
            TypeClass::Audit => self.at_events(exchange).await?,
            TypeClass::Stored | TypeClass::NoLongerStored => self.at_records(exchange).await?,
        };
        match self {
            Self::Read { part, .. } | Self::Vread { part, .. } => whole.reduced(part),
            _ => Ok(whole),
        }
    }

    async fn at_events(&self, exchange: &mut Exchange<'_>) -> Result<Reply, Failure> {
        match *self {
            Self::Read {
                id, preconditions, ..
            }
            | Self::Vread {
                id,
                version: VersionNumber::FIRST,
                preconditions,
                ..
            } => audit::event::read(exchange, id, preconditions).await,
            Self::Search { query, lenient, .. } => {
                audit::search::search(exchange, query, lenient).await
            }
            Self::History { id, ref asked, .. } => history::of_event(exchange, id, asked).await,
            Self::Histories { kind, ref asked } => history::of_many(exchange, kind, asked).await,
            Self::Compartment {
                patient,
                query,
                lenient,
                ..
            } => {
                let query = of_patient(patient, query);
                audit::search::search(exchange, &query, lenient).await
            }
            // No record of the type is stored, so that none is found.
            Self::Vread { .. } => self.at_records(exchange).await,
        }
    }

    async fn at_records(&self, exchange: &mut Exchange<'_>) -> Result<Reply, Failure> {
        match *self {
            Self::Read {
                kind,
                id,
                preconditions,
                ..
            } => read::read(exchange, kind, id, preconditions).await,
            Self::Vread {
                kind,
                id,
                version,
                preconditions,
                ..
            } => read::vread(exchange, kind, id, version, preconditions).await,
            Self::History {
                kind,
                id,
                ref asked,
            } => history::history(exchange, kind, id, asked).await,
            Self::Histories { kind, ref asked } => history::of_many(exchange, kind, asked).await,
            Self::Compartment {
                patient,
                members: Some(kind),
                query,
                lenient,
            } => compartment::of_type(exchange, patient, kind, query, lenient).await,
            Self::Compartment {
                patient,
                members: None,
                query,
                lenient,
            } => compartment::of_all(exchange, patient, query, lenient).await,
            Self::Search {
                kind,
                query,
                lenient,
            } => {
                let asked = Search::of_request(exchange, kind, query, lenient).await?;
                search::search(exchange, &asked).await
            }
        }
    }
}

/// The query for the AuditEvents of a patient, whose links are those of that search.
fn of_patient(patient: &LogicalId, query: &str) -> String {
    match query {
        "" => format!("patient={patient}"),
        query => format!("{query}&patient={patient}"),
    }
}
