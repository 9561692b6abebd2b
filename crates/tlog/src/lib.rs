//! The append-only Merkle log of one facility: leaves, the RFC 9162 tree, its
//! C2SP tiles, inclusion and consistency proofs, checkpoints and proof text.
//!
//! Specifications: <https://www.rfc-editor.org/rfc/rfc9162#section-2.1>,
//! <https://c2sp.org/tlog-tiles>, <https://c2sp.org/tlog-checkpoint>,
//! <https://c2sp.org/signed-note>, <https://c2sp.org/tlog-proof>.
//!
//! Nothing here reads files, a database or a network: tiles come in through a
//! closure and go out as values. Nothing here knows FHIR.
//!
//! Leaves are appended to a log, and one of them is proved to be in it:
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{collections::BTreeMap, convert::Infallible};
//! use tlog::{leaf, tree::{self, CompactRange, inclusion, tile}};
//!
//! let statements = ["first", "second", "third"];
//! let leaves = statements.map(|text| leaf::leaf_hash(&leaf::commitment(&[7; 32], text)));
//!
//! // The caller keeps the tiles; the log was empty.
//! let grown = tree::tile::integrate(0, &leaves, |_| Ok::<_, Infallible>(None))?;
//! let kept: BTreeMap<_, _> = grown.tiles.into_iter().collect();
//! let mut read = |id| Ok::<_, Infallible>(kept.get(&id).cloned());
//! assert_eq!(tree::root(&mut read, 3)?, grown.root);
//!
//! // The same root without tiles, for those who have all leaves.
//! let mut range = CompactRange::new();
//! range.extend(leaves);
//! assert_eq!(range.root(), grown.root);
//!
//! // The path is checked by its own bytes, without the tiles.
//! let path = inclusion::path(&mut read, 1, 3)?;
//! inclusion::verify(&leaves[1], 1, 3, &path, &grown.root)?;
//! assert!(inclusion::verify(&leaves[0], 1, 3, &path, &grown.root).is_err());
//! # Ok(())
//! # }
//! ```

pub mod leaf;
pub mod notes;
pub mod tree;
mod whole_number;
