//! The keys of the logs, and what they signed last.

pub mod key_file;
pub mod key_rows;
pub mod keys_fault;
pub(crate) mod log_keys;
pub mod rotation;
pub mod secret;
pub(crate) mod signed;
