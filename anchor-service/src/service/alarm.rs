//! What stops the service until somebody looks: its log and what others hold of
//! it contradict each other. Going on would sign a second history.

use model::{FacilityName, LogId};
use std::sync::{Arc, OnceLock};
use tlog::notes::checkpoint::Origin;

/// The contradiction. It is final for the process; the same is found again at
/// the next start while it lasts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// The database has fewer leaves than were published or anchored.
    #[error(
        "the log of `{facility}` (0x{log_id}) has {local} leaves here but {holder} holds a root over {size}: \
         the database has lost leaves; stop the gateways and restore the newest backup, \
         as \"Restore\" in the runbook says"
    )]
    Behind {
        /// Whose log.
        facility: FacilityName,
        /// Its name on the chain.
        log_id: LogId,
        /// Leaves in the database.
        local: u64,
        /// Leaves under the other root.
        size: u64,
        /// Who holds that root.
        holder: Holder,
    },
    /// The database gives another root at the same size.
    #[error(
        "the log of `{facility}` (0x{log_id}) has another root at size {size} than {holder} holds: \
         leaves were changed; keep this database as evidence and restore a backup from \
         before, as \"The anchor-service halts\" in the runbook says"
    )]
    Forked {
        /// Whose log.
        facility: FacilityName,
        /// Its name on the chain.
        log_id: LogId,
        /// Leaves under both roots.
        size: u64,
        /// Who holds the other root.
        holder: Holder,
    },
    /// The database has no log of this name, and its keys signed it.
    #[error(
        "`{place}` says that the log `{origin}` was signed, but the database has no log of this \
         name: somebody renamed or removed its row, or the database is older than the log; stop \
         the gateways, keep this database as evidence and restore the newest backup, as \"The \
         anchor-service halts\" in the runbook says"
    )]
    NoRow {
        /// The log.
        origin: Origin,
        /// Where the signed states are.
        place: String,
    },
}

/// Who holds a root of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The contract on the L2.
    Registry,
    /// Our own signed checkpoint.
    Checkpoint,
    /// What the log's keys signed last, kept outside the database.
    SignedState,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Registry => "the registry",
            Self::Checkpoint => "the published checkpoint",
            Self::SignedState => "what its key signed last",
        })
    }
}

/// Rings once for all parts of the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<OnceLock<Alarm>>);

impl Bell {
    /// Rings; the first alarm stays.
    pub(crate) fn ring(&self, alarm: Alarm) {
        if self.0.set(alarm.clone()).is_ok() {
            tracing::error!(%alarm, "the anchor service has stopped");
        }
    }

    /// The alarm, if one was rung.
    pub(crate) fn rung(&self) -> Option<&Alarm> {
        self.0.get()
    }
}
