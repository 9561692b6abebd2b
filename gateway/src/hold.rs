//! Writes held back until somebody lets them go. Where gateway and anchor-service run in
//! one process, that is while the logs are known to fit what was signed and anchored: over
//! a database restored from an old backup every write would have to be thrown away again.

use crate::failure::{Category, Failure};
use fhir::IssueCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// When a client may ask again, in seconds.
const AGAIN: u32 = 5;

/// Whether writes are held.
#[derive(Debug, Default)]
pub struct Hold(AtomicBool);

impl Hold {
    /// From now on writes are answered 503.
    pub fn close(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Lets them go.
    pub fn open(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether they are held.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// The refusal of a write that is held back.
    #[must_use]
    pub(crate) fn refusal() -> Failure {
        let failure = Failure::new(
            Category::Unavailable,
            IssueCode::Transient,
            "the service takes no write, for its log is not known to fit what was signed and \
             anchored; nothing was written, try again later",
        );
        Failure {
            retry_after: Some(AGAIN),
            ..failure
        }
    }
}
