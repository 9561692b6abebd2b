//! Whether the database has answered without a break since the logs were compared with what
//! their keys signed last. After one another may answer that has less, and whichever step
//! meets the break, they are compared again before the next leaf gets its index.

use crate::failure::StepError;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use store::Error;

/// Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Steady(Arc<AtomicBool>);

impl Steady {
    /// Takes note of how a step ended.
    pub(super) fn note<T>(&self, outcome: &Result<T, StepError>) {
        if let Err(StepError::Store(error)) = outcome
            && is_break(error)
        {
            self.end();
        }
    }

    /// It may be another database from now on, or know of other signatures.
    pub(super) fn end(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Begins again where it has ended; whether it went on. Before a comparison, so that a
    /// break meanwhile ends it once more.
    pub(super) fn begin(&self) -> bool {
        self.0.swap(true, Ordering::AcqRel)
    }
}

/// What a row is wrong in, or another writer was faster with, is no break.
const fn is_break(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable | Error::Unsettled | Error::Full | Error::Damaged
    )
}
