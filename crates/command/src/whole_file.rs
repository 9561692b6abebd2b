//! A file that is replaced whole: a reader sees the old one or the new one.

pub use files::{OPEN, PRIVATE, beside, place, replace};
