//! Decisions that differ only in whom a record is about, counted together.

use crate::{DecisionRecord, Target};
use model::Digest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Whom a record is about, as far as a class tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// No patient.
    None,
    /// The caller's own patient alone.
    Own,
    /// One other patient.
    Other,
    /// Several patients.
    Several,
}

/// Decisions of one class.
#[derive(Clone)]
pub struct Class {
    /// The first of them; of a record about many patients it names a few.
    pub first: Arc<DecisionRecord>,
    /// Whom the records are about.
    pub relation: Relation,
    /// How many there were.
    pub times: u32,
    /// The patients of all of them, in order.
    about: Sha256,
}

impl Class {
    /// The class of a decision, which is not counted yet.
    pub(crate) fn of(first: Arc<DecisionRecord>, relation: Relation) -> Self {
        Self {
            first,
            relation,
            times: 0,
            about: Sha256::new(),
        }
    }

    /// SHA-256 over the patients of each decision: their number (u32), then their tags.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::new(self.about.clone().finalize().into())
    }

    /// One more decision, about this target.
    pub(crate) fn add(&mut self, target: &Target) {
        self.times = self.times.saturating_add(1);
        let count = u32::try_from(target.patients.len()).unwrap_or(u32::MAX);
        self.about.update(count.to_be_bytes());
        for patient in &target.patients {
            self.about.update(patient.as_bytes());
        }
    }
}
