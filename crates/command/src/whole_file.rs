//! A file that is replaced whole: a reader sees the old one or the new one.

pub use files::{OPEN, PRIVATE, beside, place, replace};

use std::path::Path;

/// The folder that a file is in.
#[must_use]
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
