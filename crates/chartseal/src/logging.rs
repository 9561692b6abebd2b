//! Where the log goes, and what a panic may say.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, panic, path::Path, sync::Mutex};
use tracing_subscriber::EnvFilter;

/// Writes the log to a file as JSON lines, and makes a panic say its place only:
/// its message could hold anything.
///
/// # Errors
/// When the file cannot be opened.
pub fn to_file(path: &Path) -> Result<(), String> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| format!("cannot write the log `{}`: {error}", path.display()))?;
    let filter = EnvFilter::try_from_env("CHARTSEAL_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,hyper=warn,reqwest=warn"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(Mutex::new(file))
        .try_init()
        .map_err(|error| error.to_string())?;
    panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(())
}
