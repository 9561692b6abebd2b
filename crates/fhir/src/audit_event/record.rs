//! The audit record: the facts of one request in one facility, and the events that follow
//! from them.

use super::{
    audit_outcome::AuditOutcome,
    events::{Event, events_of, joined, patients_of},
    facts::{AuditFacts, AuditPatient},
};

/// The audit record of one request in one facility, with the events that follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    facts: AuditFacts,
    patients: Vec<AuditPatient>,
    events: Vec<Event>,
}

impl AuditRecord {
    /// Joins acts that differ in nothing but their records, so that a Bundle of many
    /// entries stays small, and finds the events.
    #[must_use]
    pub fn new(mut facts: AuditFacts) -> Self {
        facts.acts = joined(std::mem::take(&mut facts.acts));
        Self {
            patients: patients_of(&facts.acts),
            events: events_of(&facts.acts),
            facts,
        }
    }

    /// The facts.
    #[must_use]
    pub const fn facts(&self) -> &AuditFacts {
        &self.facts
    }

    /// The patients concerned, sorted by tag, none twice.
    #[must_use]
    pub fn patients(&self) -> &[AuditPatient] {
        &self.patients
    }

    /// The events: one for each patient and interaction, sorted by patient tag and
    /// interaction code; what concerns no patient comes first.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The number of events.
    #[must_use]
    pub const fn event_count(&self) -> usize {
        self.events.len()
    }

    /// The number of query texts.
    pub(super) fn queries(&self) -> usize {
        let texts = self.facts.acts.iter().filter(|act| act.query.is_some());
        texts.count()
    }

    /// The worst outcome of its acts.
    #[must_use]
    pub fn outcome(&self) -> AuditOutcome {
        let outcomes = self.facts.acts.iter().map(|act| act.outcome);
        outcomes.max().unwrap_or(AuditOutcome::Success)
    }
}
