//! What is decided over. Labels and consents are gathered here, before the decision, which
//! fetches nothing; both are empty until they are stored. The epochs are those of the
//! facilities concerned, in [`Rules`](crate::exchange::rules::Rules).

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
