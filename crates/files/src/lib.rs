//! Files that are replaced whole: a reader sees the old one or the new one, also after a
//! crash, and a file that was replaced is on the disk under its name.

use std::{
    fs::{self, File, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// Closed to others.
pub const PRIVATE: u32 = 0o600;
/// As open as the process makes its files.
pub const OPEN: u32 = 0o666;

/// Writes beside the place, moves the file there, and returns when both are on the disk.
/// Of several processes that replace one file the caller lets one at a time.
///
/// # Errors
/// When that cannot be done. The file has the old content or the new one; the new one only
/// where the folder alone could not be brought to the disk.
pub fn replace(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let new = beside(path);
    let placed = write(&new, mode, content).and_then(|()| place(&new, path));
    if placed.is_err() {
        // It may hold a secret; where this fails the next write removes it.
        let _ = fs::remove_file(&new);
    }
    placed
}

fn write(new: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    // One left by a crash may have another mode.
    match fs::remove_file(new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(new)?;
    if mode == PRIVATE {
        // Whatever the process takes away from the modes of its files.
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    file.write_all(content)?;
    file.sync_all()
}

/// Gives a file that is on the disk its name in place of another, durably.
///
/// # Errors
/// When the file cannot be moved, or the folder cannot be brought to the disk.
pub fn place(new: &Path, path: &Path) -> io::Result<()> {
    place_by(new, path, sync)
}

fn place_by(new: &Path, path: &Path, sync: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    fs::rename(new, path)?;
    sync(folder(path))
}

/// Brings the names in the folder of a file to the disk: a file that was synced is lost in
/// a crash as long as its name is not.
///
/// # Errors
/// When the system does not do it.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    sync(folder(path))
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder of a file; a bare name is in the one of the process.
fn folder(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Where a new file is until it takes its place.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(beside(&path), "left by a crash").unwrap();
        for content in ["one", "two"] {
            replace(&path, PRIVATE, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(mode(&path), PRIVATE);
            assert!(!beside(&path).exists());
        }
    }

    #[test]
    fn the_folder_is_synced_once_the_file_has_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let new = beside(&path);
        fs::write(&new, "new").unwrap();
        let mut synced = None;
        place_by(&new, &path, |folder| {
            assert_eq!(fs::read_to_string(&path)?, "new");
            synced = Some(folder.to_owned());
            Ok(())
        })
        .unwrap();
        assert_eq!(synced.as_deref(), Some(dir.path()));
    }

    #[test]
    fn a_folder_that_cannot_be_synced_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(beside(&path), "new").unwrap();
        let failed = place_by(
            &beside(&path),
            &path,
            |_| Err(ErrorKind::StorageFull.into()),
        );
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::StorageFull);
    }

    #[test]
    fn a_file_that_cannot_take_its_place_is_not_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::create_dir_all(path.join("b")).unwrap();
        replace(&path, PRIVATE, b"secret").unwrap_err();
        assert!(path.is_dir() && !beside(&path).exists());
    }

    #[test]
    fn a_bare_name_is_in_the_folder_of_the_process() {
        assert_eq!(folder(Path::new("a")), Path::new("."));
        assert_eq!(folder(Path::new("b/a")), Path::new("b"));
    }
}
