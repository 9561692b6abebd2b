//! The logs: their leaves are sequenced, their sizes signed, and each log is compared with
//! what others have of it.

pub mod adopt;
pub(crate) mod checkpoint;
pub(crate) mod effects;
pub(crate) mod guard;
pub(crate) mod host;
pub(crate) mod journal;
pub(crate) mod known_logs;
pub(crate) mod left_out;
pub mod new_epoch;
pub(crate) mod new_log;
pub(crate) mod new_log_error;
pub(crate) mod sequencer;
pub(crate) mod standing;
