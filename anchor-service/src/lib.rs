//! From leaf to L2: gives pending leaves their place in the log, signs
//! checkpoints, posts them to the registry contract, follows them to finality
//! and keeps the chain's evidence.
//!
//! The gateway and this service never call each other; they meet in tables.
//! Nothing here knows FHIR, policies, record keys or plaintext: a leaf is 32
//! bytes.

pub mod address;
pub mod adopt;
mod alarm;
mod alone;
mod backfill;
mod bound;
mod checkpoint;
pub mod config;
mod counts;
mod failure;
mod finality;
mod funds;
mod guard;
mod journal;
pub mod key_file;
pub mod key_rows;
mod known_logs;
mod late_evidence;
mod lease;
pub mod ledger;
mod left_out;
pub mod log_check;
mod log_host;
mod log_keys;
pub mod lost_blocks;
pub mod move_registry;
pub mod new_epoch;
mod new_log;
mod poster;
pub mod rotation;
pub mod secret;
mod sequencer;
mod service;
mod signed;
#[cfg(test)]
mod simulation;
mod span;
mod status;
mod thinning;
mod under_way;

pub use alarm::{Alarm, Holder};
pub use bound::has_posted;
pub use counts::Counts;
pub use failure::StepError;
pub use finality::{BecomingFinal, Herald};
pub use funds::Purse;
pub use lease::Candidate;
pub use log_host::{LogHost, find_log_host, log_host, note_log_host};
pub use log_keys::LogKeys;
pub use new_log::{NewLogError, open_log};
pub use service::{AnchorService, Unshown};
pub use signed::{
    DamagedStates, SignedError, SignedFile, SignedKeeper, SignedState, SignedStates, SignedTable,
};
pub use status::{FinalAnchor, LeaseState, LogStatus, Status, StatusReader};
