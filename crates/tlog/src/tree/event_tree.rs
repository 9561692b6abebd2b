//! The tree over the events of one audit record, one leaf per patient concerned,
//! sorted by patient tag (docs/proof-format.md, section 3). Its leaves are made by
//! [`crate::leaf::event_leaf`]; its root becomes the record's content by
//! [`crate::leaf::events_digest`], under which [`crate::tree::inclusion::root`]
//! checks its paths.

pub use crate::tree::closed_tree::{path, root};
