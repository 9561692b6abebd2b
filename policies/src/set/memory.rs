//! Rulings that a policy set has made before.
//!
//! A question is about a class of records, never about one by its id
//! (schema.cedarschema), so equal questions to one set have equal answers, and the
//! callers of a hospital ask the same few again and again. The memory is part of
//! the compiled set and goes with it; what a ruling rests on beyond the set is
//! all in the question. Whether the set is still in force is for the epochs.

use crate::{Action, CallerEntity, ResourceEntity, Ruling};
use model::FacilityName;
use moka::sync::Cache;
use std::{fmt, sync::Arc};

/// Questions kept; about a kilobyte each.
const MOST: u64 = 10_000;

/// Everything that a ruling of one set depends on.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// Whose rules.
    pub(crate) facility: FacilityName,
    /// Who asks.
    pub(crate) caller: CallerEntity,
    /// What for.
    pub(crate) asked: &'static [Action],
    /// About what, without what no policy looks at.
    pub(crate) resource: ResourceEntity,
}

/// The rulings of one policy set.
pub(crate) struct Memory(Cache<Question, Arc<[Ruling]>>);

/// Says nothing of what was asked.
impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// The rulings on a question: those made before, or those that `rule` makes.
    /// A ruling with an error is not kept.
    pub(crate) fn recall(
        &self,
        question: Question,
        rule: impl FnOnce() -> Vec<Ruling>,
    ) -> Vec<Ruling> {
        if let Some(rulings) = self.0.get(&question) {
            return rulings.to_vec();
        }
        let rulings = rule();
        if rulings.iter().all(|ruling| ruling.errors.is_empty()) {
            self.0.insert(question, rulings.as_slice().into());
        }
        rulings
    }
}
