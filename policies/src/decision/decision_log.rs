//! The decisions of one request: each distinct question is judged once, and what is
//! stored does not grow with the records that were passed over.
//!
//! Decisions that differ only in whom a record is about are one class: of the caller's
//! own patient, of one other, of several, of none. A class keeps its first question,
//! how often it came, and a digest of all patients it was about. The audit names what
//! was disclosed with its patients, so those decisions can be made again.

use crate::{
    Action, Authorizer, Caller, ConsentRule, Decision, DecisionRecord, Outcome, Question, Ruling,
    Target,
    decision::{
        class::{Class, Relation},
        stored_log::{StoredClass, StoredLog},
    },
};
use model::Tag;
use std::{collections::BTreeMap, sync::Arc};

/// How many questions of one request are remembered.
const REMEMBERED: usize = 1_024;
/// How many patients of its first record a class names.
const NAMED: usize = 8;

/// Collects the decisions of one request of one caller. Epochs that moved call
/// for a new log.
pub struct DecisionLog {
    caller: Caller,
    own_patient: Option<Tag>,
    known: BTreeMap<(Action, Target), (usize, Arc<DecisionRecord>)>,
    classes: BTreeMap<Name, usize>,
    decided: Vec<Class>,
}

/// What decisions of one class have in common.
type Name = (
    Action,
    Target,
    Relation,
    Outcome,
    Option<String>,
    Vec<Ruling>,
);

impl DecisionLog {
    /// A log for the request of `caller`; `own_patient` as in a question.
    #[must_use]
    pub const fn new(caller: Caller, own_patient: Option<Tag>) -> Self {
        Self {
            caller,
            own_patient,
            known: BTreeMap::new(),
            classes: BTreeMap::new(),
            decided: Vec::new(),
        }
    }

    /// Whose request it is.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Decides, or as it has decided the same question before in this request, and keeps
    /// what the audit needs. The rules must be the same throughout the request, and the
    /// consents those of the target. Nothing else makes a [`Permit`](crate::Permit).
    pub fn decide(
        &mut self,
        authorizer: &Authorizer,
        action: Action,
        target: &Target,
        consents: &[ConsentRule],
    ) -> Decision {
        let question = Question {
            caller: &self.caller,
            own_patient: self.own_patient,
            action,
            target,
            consents,
        };
        let asked = (action, nameless(target));
        if let Some((class, record)) = self.known.get(&asked) {
            if let Some(class) = self.decided.get_mut(*class) {
                class.add(target);
            }
            return Decision::of(&question, Arc::clone(record));
        }
        let record = Arc::new(authorizer.judge(&question));
        let decision = Decision::of(&question, Arc::clone(&record));
        let class = self.note(&asked.1, &record);
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(asked, (class, record));
        decision
    }

    /// Adds a decision to its class; says which that is.
    fn note(&mut self, target: &Target, record: &Arc<DecisionRecord>) -> usize {
        let relation = match target.patients.as_slice() {
            [] => Relation::None,
            [one] if Some(*one) == self.own_patient => Relation::Own,
            [_] => Relation::Other,
            _ => Relation::Several,
        };
        let of_nobody = Target {
            patients: Vec::new(),
            ..target.clone()
        };
        let name = (
            record.action,
            of_nobody,
            relation,
            record.outcome,
            record.scope.clone(),
            record.rulings.clone(),
        );
        let place = *self.classes.entry(name).or_insert(self.decided.len());
        if place == self.decided.len() {
            let few = target.patients.len() <= NAMED;
            let named = target.patients.get(..NAMED).unwrap_or_default();
            let first = if few {
                Arc::clone(record)
            } else {
                Arc::new(record.about(named))
            };
            self.decided.push(Class::of(first, relation));
        }
        if let Some(class) = self.decided.get_mut(place) {
            class.add(target);
        }
        place
    }

    /// The classes of decisions in the order in which they were first made.
    pub fn decisions(&self) -> impl Iterator<Item = &Class> {
        self.decided.iter()
    }

    /// The stored form: canonical JSON.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&StoredLog::of(&self.decided))
    }

    /// Reads decisions back from the stored form, of this release or of 0.1.0, which
    /// kept a class for each patient.
    ///
    /// # Errors
    /// When it is not that form, or points outside its lists.
    pub fn read_json(json: &[u8]) -> Result<Vec<StoredClass>, serde_json::Error> {
        serde_json::from_slice::<StoredLog>(json)?.classes()
    }
}

/// The target without the record's own name, on which no decision depends; a
/// record stays different from all records of its type.
fn nameless(target: &Target) -> Target {
    Target {
        record: target.record.map(|_| Tag::ZERO),
        ..target.clone()
    }
}
