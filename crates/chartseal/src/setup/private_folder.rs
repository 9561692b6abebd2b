//! Folders of keys.

use std::{error::Error, fs::DirBuilder, os::unix::fs::DirBuilderExt as _, path::Path};

/// Makes a folder that only its owner may enter; one that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make(path: &Path) -> Result<(), Box<dyn Error>> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| format!("cannot make the folder `{}`: {error}", path.display()).into())
}
