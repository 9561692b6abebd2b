//! From leaf to L2: gives pending leaves their place in the log, signs
//! checkpoints, posts them to the registry contract, follows them to finality
//! and keeps the chain's evidence.
//!
//! The gateway and this service never call each other; they meet in tables.
//! Nothing here knows FHIR, policies, record keys or plaintext: a leaf is 32
//! bytes.

pub mod config;
mod failure;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod log_check;
pub mod posting;
mod service;
#[cfg(test)]
mod simulation;

pub use failure::StepError;
pub use keys::log_keys::LogKeys;
pub use keys::signed::{
    DamagedStates, SignedError, SignedFile, SignedKeeper, SignedState, SignedStates, SignedTable,
};
pub use log::host::{LogHost, find_log_host, log_host, note_log_host};
pub use log::new_log::open_log;
pub use log::new_log_error::NewLogError;
pub use log::standing::{BecomingFinal, FinalAnchor, LogStatus};
pub use posting::bound::has_posted;
pub use posting::finality::Herald;
pub use posting::funds::Purse;
pub use service::alarm::{Alarm, Holder};
pub use service::counts::Counts;
pub use service::status::{Status, StatusReader};
pub use service::tenure::{Candidate, LeaseState};
pub use service::{AnchorService, Unshown};
