//! How a step of the service fails. Nothing is lost by any of these: what a
//! step intends is in the store before it acts, and the next one goes on there.

use crate::{
    keys::{key_file::KeyFileError, keys_fault::KeysFault, signed::SignedError},
    ledger::{LedgerError, Refusal},
    log::new_log_error::NewLogError,
    service::alarm::Alarm,
};
use model::{FacilityName, LogId};
use tlog::notes::checkpoint::Origin;

/// Why a step did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The service has stopped and says why.
    #[error(transparent)]
    Alarm(#[from] Alarm),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A log's key is missing or wrong.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// What was signed last cannot be read or kept.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The log has checkpoints, and nothing outside the database says which was the last.
    #[error(
        "the log of `{facility}` has signed checkpoints, but `{place}` knows of none: put the \
         file back as it was; where it never was, or is lost, see that the database is the \
         newest there is and run `chartseal anchor adopt`"
    )]
    NotAdopted {
        /// Whose log.
        facility: FacilityName,
        /// Where the state should be.
        place: String,
    },
    /// One log meets with something, and the others go on.
    #[error("the log of `{facility}` is left out, and the others go on: {problem}")]
    LeftOut {
        /// Whose log.
        facility: FacilityName,
        /// What it meets with.
        problem: Box<StepError>,
    },
    /// A log's row and its facility's do not belong together.
    #[error(
        "the log `{origin}` stands in the database as that of `{facility}`, epoch {epoch}, which has \
         another name: somebody changed `log` or `facility`; nothing of it gets an index, is signed \
         or anchored until the row is right"
    )]
    OtherName {
        /// Whose log it is by its row.
        facility: FacilityName,
        /// Which of them.
        epoch: u32,
        /// The origin line of its checkpoints.
        origin: Origin,
    },
    /// A log in the place of another, and nothing but its row says so.
    #[error(
        "nothing but its row says that the log `{origin}` goes on for `{facility}`: no leaf of the \
         facility gets an index; where `chartseal anchor new-epoch` made it, bring the key that it \
         made to the folder of log keys; else somebody put the row there: remove it"
    )]
    NotBegun {
        /// Whose log it is by its row.
        facility: FacilityName,
        /// The origin line of its checkpoints.
        origin: Origin,
    },
    /// A row of an anchor that is not what stands on the chain.
    #[error(
        "the chain shows no anchor {seq} of the log of `{facility}` as the database has it: its \
         nodes have no events of that block, or somebody changed the row; it does not become final"
    )]
    OtherAnchor {
        /// Whose log.
        facility: FacilityName,
        /// Number of the anchor.
        seq: u64,
    },
    /// The registry refuses a log's anchor.
    #[error("the log of `{facility}` is not anchored: {refusal}")]
    NotAnchored {
        /// Whose log.
        facility: FacilityName,
        /// Why.
        refusal: Refusal,
    },
    /// Whoever is told of final anchors first could not take note.
    #[error("a final anchor was not passed on: {0}; it stays as it was until it is")]
    NotTold(std::io::ErrorKind),
    /// The rows of a log's keys have no mac that holds.
    #[error(
        "nothing shows that the keys which the database names for log `{origin}` are its own: \
         {problem}; compare them with what verifiers have, and take them over by `chartseal keys adopt`"
    )]
    KeysNotAdopted {
        /// Origin of the log.
        origin: String,
        /// Why they were not taken over.
        problem: KeysFault,
    },
    /// The rows of a log's keys are older than its last signature.
    #[error(
        "the keys which the database names for log `{origin}` are those of before its last signature: \
         someone turned them back, or an old key's file was missing while a new one signed; see \
         \"Keys of a log that nobody put there\" in the runbook"
    )]
    KeysTurnedBack {
        /// Origin of the log.
        origin: String,
    },
    /// A facility's log could not be made.
    #[error(
        "facility `{facility}` has no log yet: {problem}; let the anchor-service write to the \
         folder of log keys, or run `chartseal init --facility {facility}` where that can be done"
    )]
    NoLog {
        /// Whose log.
        facility: FacilityName,
        /// Why.
        problem: NewLogError,
    },
    /// The registry has an older head than was final once.
    #[error(
        "the log of `{facility}` (0x{log_id}) had anchor {last} final but the registry is at {found}: \
         the L2 node has lost blocks or serves another chain; check the node, and only where the \
         blocks are lost for good run `chartseal anchor post-again`"
    )]
    LedgerBehind {
        /// Whose log.
        facility: FacilityName,
        /// Its name on the chain.
        log_id: LogId,
        /// Number of the registry's head.
        found: u64,
        /// Number of the newest final anchor.
        last: u64,
    },
    /// The database belongs to another ledger.
    #[error(
        "this database's logs are anchored at `{bound}`, but the configuration names \
         `{configured}`; use that ledger, or start with an empty database"
    )]
    OtherLedger {
        /// Chain and registry of the database.
        bound: String,
        /// Chain and registry of the configuration.
        configured: String,
    },
}

impl StepError {
    /// Whether it is about one log, where it came up at one: a node that is away or a
    /// database that does not answer is so for all.
    pub(crate) const fn is_of_one_log(&self) -> bool {
        match self {
            Self::Ledger(error) => !error.is_of_all_logs(),
            Self::Store(error) => {
                matches!(error, store::Error::Corrupt(_) | store::Error::LogKeys(_))
            }
            Self::Key(_)
            | Self::Signed(SignedError::DamagedRow { .. })
            | Self::NotAdopted { .. }
            | Self::KeysTurnedBack { .. }
            | Self::OtherName { .. }
            | Self::NotBegun { .. }
            | Self::OtherAnchor { .. } => true,
            _ => false,
        }
    }

    /// The same with the name of the log, where it does not have it yet.
    pub(crate) fn of_log(self, facility: &FacilityName) -> Self {
        match self {
            // It names the log.
            Self::Store(store::Error::LogKeys(_)) => self,
            Self::Ledger(_) | Self::Store(_) => Self::LeftOut {
                facility: facility.clone(),
                problem: Box::new(self),
            },
            named => named,
        }
    }
}
