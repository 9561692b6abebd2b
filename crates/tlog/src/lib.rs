//! The append-only Merkle log of one facility: leaves, the RFC 9162 tree, its
//! C2SP tiles, inclusion and consistency proofs, checkpoints and proof text.
//!
//! Specifications: <https://www.rfc-editor.org/rfc/rfc9162#section-2.1>,
//! <https://c2sp.org/tlog-tiles>, <https://c2sp.org/tlog-checkpoint>,
//! <https://c2sp.org/signed-note>, <https://c2sp.org/tlog-proof>.
//!
//! Nothing here reads files, a database or a network: tiles come in through a
//! closure and go out as values. Nothing here knows FHIR.

mod base64;
mod canonical;
pub mod checkpoint;
mod closed_tree;
pub mod event_tree;
pub mod leaf;
mod log_key;
pub mod note;
mod origin;
pub mod proof_text;
mod statement;
mod system_statement;
pub mod tile;
pub mod tile_path;
pub mod tree;
mod vkey;
