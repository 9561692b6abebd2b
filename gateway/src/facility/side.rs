//! A facility with its rules as they were read once.

use crate::facility::{Facility, in_force::InForce};
use std::sync::Arc;

/// A facility that a request touches: the one at whose base it is made, or the caller's own
/// when that is another.
pub(crate) struct Side {
    /// The facility.
    pub facility: Arc<Facility>,
    /// What was in force when it was read.
    pub in_force: Arc<InForce>,
}

impl Side {
    /// A facility with what is in force now.
    pub(crate) fn of(facility: &Arc<Facility>) -> Self {
        Self {
            facility: Arc::clone(facility),
            in_force: facility.in_force(),
        }
    }
}
