//! The tree over the events of one audit record, one leaf per patient concerned,
//! sorted by patient tag (FORMATS, "Audit"). Its leaves are made by
//! [`crate::leaf::event_leaf`]; its paths are checked by
//! [`crate::tree::inclusion::verify`].

pub use crate::closed_tree::{path, root};
