//! Where the program under test, the real data, Python and the Node packages are.

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
};

fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The release binary: `CHARTSEAL_BIN`, else where cargo puts it.
#[must_use]
pub fn program() -> PathBuf {
    let program = env::var_os("CHARTSEAL_BIN")
        .map_or_else(|| workspace().join("target/release/chartseal"), Into::into);
    assert!(
        program.is_file(),
        "no program at `{}`; run these tests by `cargo xtask test`",
        program.display()
    );
    program
}

/// The verifying program, which cargo puts beside [`program`].
#[must_use]
pub fn verifying_program() -> PathBuf {
    let verifying = program().with_file_name("chartseal-verify");
    assert!(
        verifying.is_file(),
        "no program at `{}`; run these tests by `cargo xtask test`",
        verifying.display()
    );
    verifying
}

/// The Python that has the package `cryptography`: `CHARTSEAL_PYTHON`, else
/// `python3`.
#[must_use]
pub fn python() -> PathBuf {
    env::var_os("CHARTSEAL_PYTHON").map_or_else(|| "python3".into(), Into::into)
}

/// Says that the test of this thread does not run, and why: past the capture of output, by
/// a line that `cargo xtask test` counts.
pub fn skipped(reason: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // A notice that cannot be written changes no outcome.
    let _ = writeln!(io::stdout(), "skipped: {test}: {reason}");
}

/// The folder of real data; `None`, with a notice, when this run was told to go without.
#[must_use]
pub fn data() -> Option<PathBuf> {
    if env::var_os("CHARTSEAL_WITHOUT_DATA").is_some_and(|value| value == "1") {
        skipped("this run was told to go without real data");
        return None;
    }
    let named = env::var_os("CHARTSEAL_DATA").unwrap_or_else(|| "../shared/data".into());
    let folder = workspace().join(named);
    assert!(
        folder.is_dir(),
        "no real data in `{}`; name its folder in CHARTSEAL_DATA",
        folder.display()
    );
    Some(folder)
}

/// `e2e/node`, with its packages installed.
#[must_use]
pub fn node_folder() -> PathBuf {
    let folder = workspace().join("e2e/node");
    assert!(
        folder.join("node_modules").is_dir(),
        "no Node packages; run these tests by `cargo xtask test`"
    );
    folder
}
