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

/// One record of those Bundles.
pub struct Record {
    /// By what the others refer to it.
    pub full_url: String,
    /// The record.
    pub resource: Value,
}

impl Record {
    /// Its type.
    pub fn kind(&self) -> &str {
        let kind = self.resource.get("resourceType").and_then(Value::as_str);
        kind.unwrap_or_default()
    }
}

/// All of them; the practitioners come first, because the others refer to them.
pub fn synthea() -> Result<Vec<Bundle>, Failed> {
    let folder = folder().join("synthea");
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

/// Every record of the Bundles, and the locations of the other set, which they lack.
pub fn resources() -> Result<Vec<Record>, Failed> {
    let mut records = Vec::new();
    for bundle in synthea()? {
        let bundle: Value = serde_json::from_slice(&bundle.bytes)?;
        let entries = bundle.get("entry").and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let full_url = entry.get("fullUrl").and_then(Value::as_str);
            records.push(Record {
                full_url: full_url.unwrap_or_default().to_owned(),
                resource: entry.get("resource").cloned().unwrap_or_default(),
            });
        }
    }
    let locations = folder().join("synthea-us-core/Location.000.ndjson");
    for line in fs::read_to_string(locations)?.lines() {
        records.push(Record {
            full_url: String::new(),
            resource: serde_json::from_str(line)?,
        });
    }
    Ok(records)
}

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var_os("CHARTSEAL_DATA");
    root.join(named.as_deref().unwrap_or("../shared/data".as_ref()))
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
