//! The audit records of a request, a part of it: one in the log of every facility that it
//! touches.

use crate::exchange::part::{Part, Step};
use store::{FacilityId, NewAudit, Tx};

/// Each record with its facility.
#[derive(Default)]
pub(crate) struct Audits(pub(crate) Vec<(FacilityId, NewAudit)>);

impl Part for Audits {
    fn step(&self) -> Step {
        Step::Audit
    }

    fn apply(&self, tx: &mut Tx, _: FacilityId) -> Result<(), store::Error> {
        let mut audits = self.0.iter();
        audits.try_for_each(|(facility, audit)| tx.audits().insert(*facility, audit))
    }

    /// What failed is audited as what went well is.
    fn give_up(&mut self) {}
}
