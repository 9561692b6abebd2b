//! JSON as registrations and proposed changes are sealed: members sorted, no white
//! space (docs/storage-format.md).

use crate::failure::Failure;
use serde::Serialize;

/// The bytes of a content.
///
/// # Errors
/// When it is no JSON.
pub fn bytes(content: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let mut json = serde_json::to_value(content).map_err(Failure::fault)?;
    // Whether a value keeps its members sorted by itself depends on what other crates of
    // the build ask of the library.
    json.sort_all_objects();
    Ok(json.to_string().into_bytes())
}
