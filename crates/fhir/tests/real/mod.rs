//! Where the real data is, for the tests of several crates. It is no part of the project:
//! `CHARTSEAL_DATA` names its folder, `../shared/data` if it is not set. A run without the
//! data says `CHARTSEAL_WITHOUT_DATA=1`.

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
};

/// A folder of real data; `None`, with a line that `cargo xtask test` counts, in a run
/// without it.
pub fn data(folder: &str) -> Option<PathBuf> {
    if env::var_os("CHARTSEAL_WITHOUT_DATA").is_some_and(|value| value == "1") {
        let thread = thread::current();
        let test = thread.name().unwrap_or("a test");
        // Not by `println!`, whose output is captured. A lost notice changes no outcome.
        let _ = writeln!(io::stdout(), "skipped: {test}: a run without real data");
        return None;
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let workspace = workspace
        .skip(1)
        .find(|folder| folder.join("Cargo.lock").is_file());
    let root = env::var_os("CHARTSEAL_DATA").unwrap_or_else(|| "../shared/data".into());
    let found = workspace.unwrap().join(root).join(folder);
    assert!(
        found.is_dir(),
        "no real data in `{}`; name the folder of `{folder}` in CHARTSEAL_DATA",
        found.display()
    );
    Some(found)
}
