//! Secret keys in files: 32 bytes as 64 hex digits and a line feed, readable by
//! their owner only. Whoever can read such a file can sign in our name.

use model::Random;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// What is wrong with a key file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there.
    #[error(
        "the key file `{path}` is missing; put it back from its backup; a new submitter's \
         key is made by `chartseal init`"
    )]
    Missing {
        /// Where it was looked for.
        path: String,
    },
    /// A log's key is not there. Nothing makes it again.
    #[error(
        "the key of log `{origin}` is missing at `{path}`; put it back from its backup; \
         without one give the log another key by `chartseal keys rotate`"
    )]
    MissingLogKey {
        /// Where it was looked for.
        path: String,
        /// Origin of the log.
        origin: String,
    },
    /// The leaf key is not there.
    #[error(
        "the leaf key is missing at `{path}`; gateways and anchor-service share this file: copy \
         it from where another of them has it, or put it back from its backup; where none was \
         made yet, `chartseal init` makes it"
    )]
    MissingLeafKey {
        /// Where it was looked for.
        path: String,
    },
    /// Others may read it.
    #[error("the key file `{path}` has mode {mode:o}; set it with `chmod 600`")]
    OpenToOthers {
        /// Where it is.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else.
    #[error("the key file `{path}` must hold one key: 64 lower-case hex digits")]
    NotAKey {
        /// Where it is.
        path: String,
    },
    /// It holds something else than keys, or too many.
    #[error(
        "the key file `{path}` must hold 1 to {most} keys, each 64 lower-case hex digits and a \
         line feed"
    )]
    NotKeys {
        /// Where it is.
        path: String,
        /// Keys that it may hold.
        most: usize,
    },
    /// It is the key of something else.
    #[error("the key in `{path}` is not the key of log `{origin}`; put the right file there")]
    WrongKey {
        /// Where it is.
        path: String,
        /// Origin of the log.
        origin: String,
    },
    /// Reading or writing failed.
    #[error("the key file `{path}` cannot be used: {kind}")]
    Unusable {
        /// Where it is, or was to be.
        path: String,
        /// What the system says.
        kind: ErrorKind,
    },
}

/// A key as text.
const LINE: usize = 65;

/// Reads a secret.
///
/// # Errors
/// When the file is missing, open to others or of another form.
pub fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let not_a_key = || KeyFileError::NotAKey {
        path: path.display().to_string(),
    };
    let mut keys = read_lines(path, 1, not_a_key)?;
    keys.pop().ok_or_else(not_a_key)
}

/// Reads 1 to `most` secrets, in their order.
///
/// # Errors
/// As [`read`].
pub fn read_several(path: &Path, most: usize) -> Result<Vec<Zeroizing<[u8; 32]>>, KeyFileError> {
    let path_text = || path.display().to_string();
    read_lines(path, most, || KeyFileError::NotKeys {
        path: path_text(),
        most,
    })
}

fn read_lines(
    path: &Path,
    most: usize,
    other: impl Fn() -> KeyFileError,
) -> Result<Vec<Zeroizing<[u8; 32]>>, KeyFileError> {
    let name = || path.display().to_string();
    let unusable = |e: std::io::Error| match e.kind() {
        ErrorKind::NotFound => KeyFileError::Missing { path: name() },
        kind => KeyFileError::Unusable { path: name(), kind },
    };
    let mut file = File::open(path).map_err(unusable)?;
    let mode = file.metadata().map_err(unusable)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::OpenToOthers { path: name(), mode });
    }
    let mut keys = Vec::with_capacity(most);
    // The buffer never grows, so no copy of it is left behind. It has room for a byte more
    // than a key has.
    let mut text = Zeroizing::new(vec![0_u8; most.saturating_mul(LINE).saturating_add(1)]);
    let mut length = 0;
    while let Some(rest) = text.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest).map_err(unusable)? {
            0 => break,
            read => length += read,
        }
    }
    let text = text.get(..length).unwrap_or_default();
    for line in text.chunks(LINE) {
        keys.push(
            parse(line)
                .filter(|_| keys.len() < most)
                .ok_or_else(&other)?,
        );
    }
    if keys.is_empty() {
        Err(other())
    } else {
        Ok(keys)
    }
}

/// A key with its line feed.
fn parse(line: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let (last, digits) = line.split_last()?;
    let mut secret = Zeroizing::new([0_u8; 32]);
    let lower = !digits.iter().any(u8::is_ascii_uppercase);
    let decoded = hex::decode_to_slice(digits, secret.as_mut_slice()).is_ok();
    (*last == b'\n' && lower && decoded).then_some(secret)
}

/// Makes a new random secret and writes it; a file that is there stays as it is
/// and is an error. The file appears whole or not at all, also in a crash.
///
/// # Errors
/// When the file exists or cannot be written, or randomness fails.
pub fn create(path: &Path, random: &dyn Random) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let unusable = |kind| KeyFileError::Unusable {
        path: path.display().to_string(),
        kind,
    };
    let mut secret = Zeroizing::new([0_u8; 32]);
    random
        .fill(secret.as_mut_slice())
        .map_err(|_| unusable(ErrorKind::Other))?;
    let mut text = Zeroizing::new([b'\n'; 65]);
    let digits = text.split_at_mut(64).0;
    hex::encode_to_slice(secret.as_slice(), digits).map_err(|_| unusable(ErrorKind::Other))?;
    let mut chance = [0_u8; 8];
    random
        .fill(&mut chance)
        .map_err(|_| unusable(ErrorKind::Other))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", hex::encode(chance)));
    let beside = PathBuf::from(name);
    let placed = write_beside(&beside, text.as_slice()).and_then(|()| place(&beside, path));
    // In its place it has a name of its own; else nobody needs it.
    let _ = fs::remove_file(&beside);
    placed.map_err(|e| unusable(e.kind()))?;
    Ok(secret)
}

fn write_beside(beside: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(beside)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Gives a file its name; one that has the name already keeps it.
fn place(beside: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(beside, path) {
        // File systems without links: nobody else writes here, or the name is taken.
        Err(error) if error.kind() == ErrorKind::Unsupported && !path.exists() => {
            fs::rename(beside, path)?;
        }
        linked => linked?,
    }
    files::sync_folder(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::SeededRandom;
    use std::fs;

    #[test]
    fn a_key_is_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let secret = create(&path, &SeededRandom::new(1)).unwrap();
        assert_eq!(*read(&path).unwrap(), *secret);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(matches!(
            create(&path, &SeededRandom::new(2)),
            Err(KeyFileError::Unusable {
                kind: ErrorKind::AlreadyExists,
                ..
            })
        ));
        assert_eq!(*read(&path).unwrap(), *secret);
    }

    #[test]
    fn a_file_can_hold_several_keys_and_no_more_than_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let first = create(&path, &SeededRandom::new(1)).unwrap();
        let one = fs::read_to_string(&path).unwrap();
        assert_eq!(*read_several(&path, 2).unwrap().remove(0), *first);
        let second = format!("{}\n", "ab".repeat(32));
        fs::write(&path, format!("{second}{one}")).unwrap();
        let both = read_several(&path, 2).unwrap();
        assert_eq!((*both[0], *both[1]), ([0xab; 32], *first));
        assert!(matches!(read(&path), Err(KeyFileError::NotAKey { .. })));
        let three = format!("{one}{one}{one}");
        for bad in [
            three,
            format!("{one}\n"),
            format!("{one}{}", "ab".repeat(32)),
        ] {
            fs::write(&path, &bad).unwrap();
            assert!(
                matches!(read_several(&path, 2), Err(KeyFileError::NotKeys { .. })),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_key_open_to_others_or_of_another_form_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        assert!(matches!(read(&path), Err(KeyFileError::Missing { .. })));
        create(&path, &SeededRandom::new(1)).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            read(&path),
            Err(KeyFileError::OpenToOthers { mode: 0o640, .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for bad in [
            String::new(),
            good[..64].to_owned(),
            good.clone() + "\n",
            good.to_uppercase(),
            good.replace('\n', " "),
            "z".repeat(64) + "\n",
        ] {
            fs::write(&path, &bad).unwrap();
            assert!(
                matches!(read(&path), Err(KeyFileError::NotAKey { .. })),
                "{bad:?}"
            );
        }
    }
}
