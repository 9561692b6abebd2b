//! What stands in clear decides first. Whom the type and the subject of a record stop,
//! for that caller nothing of it is read from its envelope and nothing is opened: what is
//! hidden then costs what is absent costs. A denial that rests on more (a label, a
//! consent, one patient among several) opens.
//!
//! Callers whom no subject stops pay nothing for it: they are not asked.

use crate::{
    exchange::{
        Exchange,
        asked::{Asked, Named},
    },
    failure::Failure,
    record::{
        version::{Candidate, Found, OpenVersion},
        versions::{self, HistoryRange},
    },
};
use model::{LogicalId, ResourceType, Tag, VersionNumber};
use policies::{Action, Target};
use store::{Reader, VersionFacts};

/// What there is to see of a version.
pub enum Looked {
    /// It was opened, and is to be decided over.
    Opened(Box<Found>),
    /// What stands in clear is enough to deny: over this target.
    Hidden(Target),
    /// There is none.
    Absent,
}

impl Looked {
    /// What is to be decided over; for what is absent, the record that it would be.
    #[must_use]
    pub fn target(&self, exchange: &Exchange<'_>, kind: &ResourceType, id: &LogicalId) -> Target {
        match self {
            Self::Opened(found) => found.withheld.target(),
            Self::Hidden(target) => target.clone(),
            Self::Absent => exchange.absent(kind, id),
        }
    }

    /// What was opened, to look at.
    #[must_use]
    pub fn as_found(&self) -> Option<&Found> {
        match self {
            Self::Opened(found) => Some(found),
            Self::Hidden(_) | Self::Absent => None,
        }
    }

    /// What was opened.
    #[must_use]
    pub fn found(self) -> Option<Found> {
        match self {
            Self::Opened(found) => Some(*found),
            Self::Hidden(_) | Self::Absent => None,
        }
    }
}

impl Exchange<'_> {
    /// Asks for what was looked for, to show it. What was not found is decided over too, so
    /// that hidden and absent take the same steps and leave the same audit.
    ///
    /// # Errors
    /// As [`Self::context_shows`].
    pub(crate) async fn ask_shown(
        &mut self,
        action: Action,
        kind: &ResourceType,
        id: &LogicalId,
        looked: Looked,
    ) -> Result<Option<(Asked, Found)>, Failure> {
        let mut asked = self.ask(action, kind, id);
        let target = looked.target(self, kind, id);
        let permitted = self.permit(&mut asked, action, &target);
        let Some(mut found) = looked.found() else {
            return Ok(None);
        };
        let shown = permitted && self.context_shows(&mut found).await?;
        Ok(shown.then_some((asked, found)))
    }

    /// Decides over one of many candidates, to show it.
    ///
    /// # Errors
    /// As [`Self::context_shows`].
    pub(crate) async fn weigh_shown(
        &mut self,
        action: Action,
        found: &mut Found,
    ) -> Result<Option<Asked>, Failure> {
        let asked = self.weigh(action, &found.withheld.target());
        let shown = asked.is_permitted() && self.context_shows(found).await?;
        Ok(shown.then_some(asked))
    }

    /// Shows a version.
    ///
    /// # Errors
    /// As [`Found::examine`].
    pub(crate) fn release(&mut self, asked: Asked, found: Found) -> Result<OpenVersion, Failure> {
        Ok(self.disclose_version(found.examine(asked)?))
    }

    /// Shows a version that was looked at.
    pub(crate) fn disclose_version(&mut self, candidate: Candidate) -> OpenVersion {
        let Candidate { version, patients } = candidate;
        self.disclose(version, |version| Named {
            kind: version.row.resource_type.clone(),
            id: version.id.clone(),
            version: Some(version.row.number),
            patients,
        })
    }

    /// Looks for a version of a record, the current one when none is named, and opens it
    /// unless its facts in clear deny each of the actions.
    ///
    /// # Errors
    /// When it cannot be read or opened.
    pub async fn look(
        &self,
        actions: &[Action],
        kind: &ResourceType,
        id: &LogicalId,
        number: Option<VersionNumber>,
    ) -> Result<Looked, Failure> {
        if !self.reaches_all(actions, kind) {
            let record = self.tag(kind, id);
            let Some(facts) = self.facts(record, number).await? else {
                return Ok(Looked::Absent);
            };
            if !self.may_reach(actions, kind, facts.subject) {
                return Ok(Looked::Hidden(self.clear_target(
                    kind,
                    record,
                    facts.subject,
                )));
            }
        }
        let found = match number {
            None => self.current(kind, id).await?,
            Some(number) => self.version(kind, id, number).await?,
        };
        Ok(found.map_or(Looked::Absent, |found| Looked::Opened(Box::new(found))))
    }

    /// The facts of a page of a history.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn history_facts(
        &self,
        record: Tag,
        range: HistoryRange,
        limit: u32,
    ) -> Result<Vec<VersionFacts>, Failure> {
        let facility = self.facility().id;
        let read = move |reader: &mut Reader| {
            let mut versions = reader.versions();
            versions.history_facts(facility, record, range.before, range.since, limit)
        };
        Ok(self.app().store.read("history facts", read).await?)
    }

    /// What this request itself has written counts.
    async fn facts(
        &self,
        record: Tag,
        number: Option<VersionNumber>,
    ) -> Result<Option<VersionFacts>, Failure> {
        let written = match number {
            None => versions::current(self.written(), record),
            Some(number) => versions::version(self.written(), record, number),
        };
        if let Some(version) = written {
            return Ok(Some(VersionFacts {
                number: version.number,
                subject: version.subject,
            }));
        }
        let facility = self.facility().id;
        let read = move |reader: &mut Reader| reader.versions().facts(facility, record, number);
        Ok(self.app().store.read_by_key("facts", read).await?)
    }
}
