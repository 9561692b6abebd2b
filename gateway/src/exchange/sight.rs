//! What stands in clear decides first. Whom the type and the subject of a record stop,
//! for that caller nothing of it is read from its envelope and nothing is opened: what is
//! hidden then costs what is absent costs. A denial that rests on more (a label, a
//! consent, one patient among several) opens.
//!
//! Callers whom no subject stops pay nothing for it: they are not asked.

use crate::{
    exchange::{
        Exchange, of_patients,
        overlay::{self, HistoryRange},
    },
    failure::Failure,
    record::version::Found,
    search::condition::Condition,
};
use fhir::ReferenceParameter;
use model::{LogicalId, ResourceType, Tag, VersionNumber};
use policies::{Action, Decision, Question, Target};
use store::{Reader, VersionFacts};

/// The action of a search, where a list is asked for.
pub const SEARCH: &[Action] = &[Action::SearchType];
/// A patient whom nobody knows, beside [`Tag::ZERO`], for a record of two.
const SECOND_STRANGER: Tag = Tag::new([0xff; 16]);

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

    /// Whether one of the actions is permitted on a record of a type whoever it is about.
    pub fn reaches_all(&self, actions: &[Action], kind: &ResourceType) -> bool {
        let reaches = |action: &Action| {
            let asked = (*action, kind.clone());
            if let Some(reaches) = self.reach.borrow().get(&asked) {
                return *reaches;
            }
            let reaches = self.would(*action, &self.stranger(kind));
            self.reach.borrow_mut().insert(asked, reaches);
            reaches
        };
        actions.iter().any(reaches)
    }

    /// Whether one of the actions could be permitted on a record of a type and subject.
    /// One without a subject is about nobody, or about several whom it does not name.
    pub fn may_reach(&self, actions: &[Action], kind: &ResourceType, subject: Option<Tag>) -> bool {
        let own = self.own_patient.unwrap_or(SECOND_STRANGER);
        let alternatives = match subject {
            Some(subject) => vec![vec![subject]],
            None => vec![
                Vec::new(),
                vec![Tag::ZERO, own],
                vec![Tag::ZERO, SECOND_STRANGER],
            ],
        };
        alternatives.into_iter().any(|patients| {
            let mut target = self.stranger(kind);
            target.patients = patients;
            target.patients.sort_unstable();
            actions.iter().any(|action| self.would(*action, &target))
        })
    }

    /// Whether one of the actions could be permitted on some record of a type, or at the
    /// base where no type is named.
    pub fn could(&self, actions: &[Action], kind: Option<&ResourceType>) -> bool {
        let Some(kind) = kind else {
            let base = Target::base(self.facility().name.clone());
            return actions.iter().any(|action| self.would(*action, &base));
        };
        let subjects = [None, Some(Tag::ZERO), self.own_patient];
        let reaches = |subject: &Option<Tag>| self.may_reach(actions, kind, *subject);
        subjects.iter().any(reaches)
    }

    /// What is decided over when a record's facts in clear are enough.
    pub fn clear_target(&self, kind: &ResourceType, record: Tag, subject: Option<Tag>) -> Target {
        Target {
            record: Some(record),
            patients: subject.into_iter().collect(),
            ..self.stranger(kind)
        }
    }

    /// The condition that leaves a search the caller's own compartment, where the caller
    /// could see nothing else.
    pub fn own_compartment(&self, kind: &ResourceType) -> Option<Condition> {
        if self.reaches_all(SEARCH, kind) || self.may_reach(SEARCH, kind, None) {
            return None;
        }
        let own = self.own_patient.into_iter().collect();
        Some(Condition::Links(ReferenceParameter::Patient.as_str(), own))
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
            None => overlay::current(&self.writes, record),
            Some(number) => overlay::version(&self.writes, record, number),
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

    /// A record of a type that is about somebody whom nobody knows, where it can be about
    /// somebody.
    pub fn stranger(&self, kind: &ResourceType) -> Target {
        let mut target = Target::all(self.facility().name.clone(), kind.clone());
        target.record = Some(Tag::ZERO);
        if of_patients(kind) {
            target.patients.push(Tag::ZERO);
        }
        target
    }

    /// Whether a question would be permitted; asked beforehand, so that it is no decision
    /// and stands in no audit.
    fn would(&self, action: Action, target: &Target) -> bool {
        let question = Question {
            caller: &self.caller,
            own_patient: self.own_patient,
            action,
            target,
            consents: &[],
            epochs: &self.epochs,
        };
        matches!(self.authorizer.decide(&question), Decision::Permit(_))
    }
}
