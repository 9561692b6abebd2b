//! What is decided over. Labels and consents are gathered here, before the decision, which
//! fetches nothing; both are empty until they are stored. The epochs are those of the
//! facilities concerned, in [`Rules`](crate::exchange::rules::Rules).
//!
//! Reading consents changes more than this file, so nothing here pretends to read yet:
//! - [`Facts::of`] becomes `async` and takes what the exchange keeps of each patient, so that
//!   a page of candidates reads the consents of a patient once. The epoch of each patient is
//!   one more that the commit compares.
//! - `permit`, `weigh`, `pass_over` and `require` in `exchange/asked.rs`, and `Rules::allows`,
//!   await it. Their callers are `async` but for `permit` in `interaction/update.rs` and
//!   `take` in `interaction/audit/walk.rs`.
//! - `Rules::would` is asked beforehand and cannot wait: it must go by what was read already,
//!   and answer as if a consent permitted where nothing was.
//! - Labels stand beside the patients in [`of_record`], which is given the record's own.

use model::{FacilityName, ResourceType, Tag};
use policies::{ConsentRule, Target, TargetFacts};

/// The facts of a question.
pub(super) struct Facts<'t> {
    /// What it is asked about.
    pub(super) target: &'t Target,
    /// The consents of the patients concerned.
    pub(super) consents: Vec<ConsentRule>,
}

impl<'t> Facts<'t> {
    /// The facts of a target.
    pub(super) const fn of(target: &'t Target) -> Self {
        Self {
            target,
            consents: Vec::new(),
        }
    }
}

/// The facts of a record of a type that is about these patients.
pub(crate) fn of_record(
    facility: &FacilityName,
    resource_type: &ResourceType,
    patients: Vec<Tag>,
) -> TargetFacts {
    TargetFacts {
        facility: facility.clone(),
        resource_type: resource_type.clone(),
        patients,
        labels: Vec::new(),
    }
}
