//! The real records that are posted: Synthea's transaction Bundles, which are not
//! part of this project.

use crate::Failed;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A transaction Bundle as it is posted.
pub struct Bundle {
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// How many resources it holds.
    pub resources: usize,
}

/// All of them; the practitioners come first, because the others refer to them.
pub fn synthea() -> Result<Vec<Bundle>, Failed> {
    let folder = folder();
    let missing = |error| {
        let shown = folder.display();
        format!("`{shown}`: {error}; name the folder that holds `synthea` in CHARTSEAL_DATA")
    };
    let mut files = fs::read_dir(&folder)
        .map_err(missing)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.sort_by_key(|file| (!holds_practitioners(file), file.clone()));
    files.iter().map(|file| read(file)).collect()
}

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var_os("CHARTSEAL_DATA");
    root.join(named.as_deref().unwrap_or("../shared/data".as_ref()))
        .join("synthea")
}

fn holds_practitioners(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("practitionerInformation")
}

fn read(file: &Path) -> Result<Bundle, Failed> {
    let bytes = fs::read(file)?;
    let json: Value = serde_json::from_slice(&bytes)?;
    let resources = json.get("entry").and_then(Value::as_array).map(Vec::len);
    Ok(Bundle {
        bytes,
        resources: resources.ok_or_else(|| format!("`{}` is no Bundle", file.display()))?,
    })
}
