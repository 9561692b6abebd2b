//! What both sides of the service work with.

use crate::{
    keys::{log_keys::LogKeys, signed::Signed},
    log::{journal::Journal, known_logs::KnownLogs},
    service::{alarm::Bell, steady::Steady},
};
use model::Clock;
use std::sync::Arc;

/// Each is cheap to clone, and its clones share what they know.
pub(super) struct Parts<L> {
    pub(super) journal: Journal,
    pub(super) logs: KnownLogs,
    pub(super) ledger: Arc<L>,
    pub(super) keys: Arc<LogKeys>,
    pub(super) signed: Signed,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) bell: Bell,
    pub(super) steady: Steady,
}
