//! A file that is replaced whole: a reader sees the old one or the new one.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Closed to others.
pub const PRIVATE: u32 = 0o600;
/// As open as the process makes its files.
pub const OPEN: u32 = 0o666;

/// Writes beside the place, then moves it there.
///
/// # Errors
/// When that cannot be done; an older file is there as it was.
pub fn replace(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    // One left by a crash may have another mode.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// Where a new file is until it takes its place.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}
