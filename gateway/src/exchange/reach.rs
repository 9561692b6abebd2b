//! What a caller could reach, asked beforehand over what stands in clear: the type and the
//! subject of a record. No decision comes of it and nothing of it stands in an audit.

use crate::exchange::{Exchange, of_patients};
use model::{ResourceType, Tag};
use policies::{Action, Target};

/// The action of a search, where a list is asked for.
pub const SEARCH: &[Action] = &[Action::SearchType];
/// A patient whom nobody knows, beside [`Tag::ZERO`], for a record of two.
const SECOND_STRANGER: Tag = Tag::new([0xff; 16]);

impl Exchange<'_> {
    /// Whether one of the actions is permitted on a record of a type whoever it is about.
    pub fn reaches_all(&self, actions: &[Action], kind: &ResourceType) -> bool {
        let reaches = |action: &Action| {
            let asked = (*action, kind.clone());
            if let Some(reaches) = self.rules.reach.borrow().get(&asked) {
                return *reaches;
            }
            let reaches = self.rules.would(*action, &self.stranger(kind));
            self.rules.reach.borrow_mut().insert(asked, reaches);
            reaches
        };
        actions.iter().any(reaches)
    }

    /// Whether one of the actions could be permitted on a record of a type and subject.
    /// One without a subject is about nobody, or about several whom it does not name.
    pub fn may_reach(&self, actions: &[Action], kind: &ResourceType, subject: Option<Tag>) -> bool {
        let own = self.rules.own_patient().unwrap_or(SECOND_STRANGER);
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
            actions
                .iter()
                .any(|action| self.rules.would(*action, &target))
        })
    }

    /// Whether one of the actions could be permitted on some record of a type, or at the
    /// base where no type is named.
    pub fn could(&self, actions: &[Action], kind: Option<&ResourceType>) -> bool {
        let Some(kind) = kind else {
            let base = Target::base(self.facility().name.clone());
            return actions
                .iter()
                .any(|action| self.rules.would(*action, &base));
        };
        let subjects = [None, Some(Tag::ZERO), self.rules.own_patient()];
        let reaches = |subject: &Option<Tag>| self.may_reach(actions, kind, *subject);
        subjects.iter().any(reaches)
    }

    /// Whether an action on a target would be permitted.
    pub fn would(&self, action: Action, target: &Target) -> bool {
        self.rules.would(action, target)
    }

    /// Whether the records of a type could be listed.
    pub fn may_list(&self, all: &Target) -> bool {
        self.rules.would(Action::SearchType, all)
    }

    /// What is decided over when a record's facts in clear are enough.
    pub fn clear_target(&self, kind: &ResourceType, record: Tag, subject: Option<Tag>) -> Target {
        Target {
            record: Some(record),
            patients: subject.into_iter().collect(),
            ..self.stranger(kind)
        }
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
}
