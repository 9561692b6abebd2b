//! The file of an access token: its owner's alone, whole or not there.

use command::whole_file::{self, PRIVATE, folder};
use std::path::Path;

/// Refuses a place where no file can be.
pub fn check(path: &Path) -> Result<(), String> {
    if path.file_name().is_none() || path.is_dir() {
        return Err(format!(
            "`{}` is a folder; give the name of a file in it",
            path.display()
        ));
    }
    match folder(path) {
        folder if folder.is_dir() => Ok(()),
        folder => Err(format!("there is no folder `{}`", folder.display())),
    }
}

/// Writes it, mode 0600.
pub fn write(path: &Path, token: &str) -> Result<(), String> {
    whole_file::replace(path, PRIVATE, format!("{token}\n").as_bytes())
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{check, write};
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
    };

    #[test]
    fn a_token_takes_the_place_of_an_older_one_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.txt");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        fs::write(folder.path().join("token.txt.new"), "left").unwrap();
        check(&path).unwrap();
        write(&path, "a.b.c").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a.b.c\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn where_no_file_can_be_nothing_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).is_err());
        let lost = check(&folder.path().join("no/token.txt")).unwrap_err();
        assert!(lost.contains("there is no folder"), "{lost}");
    }
}
