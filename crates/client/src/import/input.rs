//! What is imported: which files, in which order, and what is to be sent of each.

pub mod document;
pub mod files;
mod known;
mod opened;
pub mod source;

pub use source::{Item, Stopped};
