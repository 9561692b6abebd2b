//! The data of the RustSec advisory database, which no registry has: a copy of its
//! repository beside the workspace, or where the environment says.

use crate::workspace;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names the copy.
pub const NAMED: &str = "CHARTSEAL_ADVISORIES";
/// Tells `deny.toml` where databases are.
pub const FOLDER: &str = "CHARTSEAL_ADVISORY_FOLDER";

const USUAL: &str = "../shared/advisory-db";
/// What cargo-deny calls the folder of the database whose address is in `deny.toml`.
const INNER: &str = "advisory-db-3157b0e258782691";

/// Data as cargo-deny looks for it.
pub struct Data {
    /// The folder of databases.
    pub folder: PathBuf,
    /// The day of its newest advisory.
    pub newest: String,
}

/// Lays out the data below `tools`; nothing when there is none.
pub fn ready(tools: &Path) -> Result<Option<Data>, String> {
    let named = std::env::var_os(NAMED).map(PathBuf::from);
    let copy = workspace::root().join(named.as_deref().unwrap_or(USUAL.as_ref()));
    match (copy.join("crates").is_dir(), named) {
        (true, _) => lay_out(&copy, tools).map(Some),
        (false, None) => Ok(None),
        (false, Some(named)) => Err(format!(
            "{NAMED} names `{}`, which is no copy of the RustSec database: it has no folder `crates`",
            named.display()
        )),
    }
}

fn lay_out(copy: &Path, tools: &Path) -> Result<Data, String> {
    let folder = tools.join("advisories");
    let inner = folder.join(INNER);
    let laid_out = || -> std::io::Result<Option<String>> {
        if inner.exists() {
            fs::remove_dir_all(&inner)?;
        }
        let crates = copy.join("crates").canonicalize()?;
        // By this file cargo-deny believes that it was fetched today. How old the data
        // is shows in its newest day, which is printed.
        fs::create_dir_all(inner.join(".git"))?;
        fs::write(inner.join(".git/FETCH_HEAD"), "")?;
        let mut newest = None;
        for krate in fs::read_dir(&crates)? {
            let krate = krate?;
            let to = inner.join("crates").join(krate.file_name());
            fs::create_dir_all(&to)?;
            for advisory in fs::read_dir(krate.path())? {
                let advisory = advisory?;
                let text = fs::read_to_string(advisory.path())?;
                newest = newest.max(day(&text));
                fs::write(to.join(advisory.file_name()), text)?;
            }
        }
        Ok(newest)
    };
    let newest = laid_out().map_err(|error| format!("{}: {error}", copy.display()))?;
    let newest = newest.ok_or_else(|| format!("{}: no advisory in it", copy.display()))?;
    Ok(Data { folder, newest })
}

/// The line `date = "2026-08-17"` of an advisory.
fn day(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("date = "))?;
    Some(line.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::{INNER, lay_out};
    use std::fs;

    fn advisory(day: &str) -> String {
        format!("```toml\n[advisory]\ndate = \"{day}\"\n```\n\n# A fault\n")
    }

    #[test]
    fn data_is_laid_out_anew_and_its_newest_day_told() {
        let place = tempfile::tempdir().expect("a folder");
        let (copy, tools) = (place.path().join("copy"), place.path().join("tools"));
        for (name, day) in [("one", "2026-08-17"), ("two", "2024-01-02")] {
            let folder = copy.join("crates").join(name);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("RUSTSEC-1.md"), advisory(day)).expect("a file");
        }
        assert_eq!(lay_out(&copy, &tools).expect("data").newest, "2026-08-17");
        fs::remove_dir_all(copy.join("crates/one")).expect("gone");
        let data = lay_out(&copy, &tools).expect("data");
        assert_eq!(data.newest, "2024-01-02");
        let crates = data.folder.join(INNER).join("crates");
        assert!(crates.join("two/RUSTSEC-1.md").is_file());
        assert!(!crates.join("one").exists());
        fs::remove_dir_all(copy.join("crates/two")).expect("gone");
        assert!(lay_out(&copy, &tools).is_err());
    }
}
