//! Signed notes and what is written in them: checkpoints, proofs, keys.

pub(crate) mod base64;
pub mod checkpoint;
pub mod log_key;
pub mod note;
pub(crate) mod origin;
pub mod proof_text;
pub(crate) mod vkey;
