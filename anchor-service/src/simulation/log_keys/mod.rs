//! Keys of logs, and logs that are new.

pub(super) mod keys;
pub(super) mod new_key;
pub(super) mod new_logs;
