//! The registries that a log was anchored at, one after the other. A row of an anchor has the
//! registry's number and that of the last anchor at those before it.

use super::{Chain, stay::Stay};
use crate::{
    failure::StepError, ledger::Ledger, log::journal::Log, log_check::LogCheck, posting::bound,
};
use std::sync::Arc;
use store::Reader;

impl<L: Ledger> LogCheck<L> {
    /// Those of a log, the newest first.
    ///
    /// # Errors
    /// When nothing shows which they are.
    pub(super) async fn stays(&self, log: &Log) -> Result<Vec<Stay<L>>, StepError> {
        let Chain::Known { ledger, former, .. } = &self.chain else {
            return Ok(Vec::new());
        };
        let read = |reader: &mut Reader| reader.registries().find()?.shown();
        let registries = self.read(read).await?;
        let (mut stays, mut before) = (Vec::new(), 0);
        for left in registries.of(log.id) {
            let here = |ledger: &&Arc<L>| bound::of(&***ledger) == left.registry;
            stays.push(Stay {
                ledger: former.iter().find(here).cloned(),
                before,
                last: Some(left.last_seq),
            });
            before = left.last_seq;
        }
        stays.push(Stay {
            ledger: Some(Arc::clone(ledger)),
            before,
            last: None,
        });
        stays.reverse();
        Ok(stays)
    }
}
