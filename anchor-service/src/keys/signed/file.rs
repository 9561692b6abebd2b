//! One file for all logs, beside their keys, replaced whole.
//!
//! `{"format":"chartseal-signed/1","logs":[<signed checkpoint>, ..]}`, by origin
//! (docs/storage-format.md, "Signed states").

use super::{
    error::SignedError,
    state::{SignedKeeper, SignedState, SignedStates},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

const FORMAT: &str = "chartseal-signed/1";
/// Far above what the logs of an installation take: a state has about 300 bytes.
const MOST_BYTES: u64 = 64 << 20;

/// The file; processes that share it take turns by a lock beside it.
#[derive(Debug)]
pub struct SignedFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: String,
    /// Signed notes.
    logs: Vec<String>,
}

impl SignedFile {
    /// The file of this name; it is made with the first state.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn unusable(&self, error: &io::Error) -> SignedError {
        SignedError::Unusable {
            place: self.place(),
            problem: error.to_string(),
        }
    }

    fn damaged(&self) -> SignedError {
        SignedError::Damaged {
            place: self.place(),
        }
    }

    fn decode(&self, text: &str) -> Option<SignedStates> {
        let content: Content = serde_json::from_str(text).ok()?;
        if content.format != FORMAT {
            return None;
        }
        let mut states = SignedStates::new();
        for note in content.logs {
            let state = SignedState::parse(note).ok()?;
            if states.insert(state.origin().clone(), state).is_some() {
                return None;
            }
        }
        Some(states)
    }

    fn write(&self, states: &SignedStates) -> io::Result<()> {
        let content = Content {
            format: FORMAT.to_owned(),
            logs: states
                .values()
                .map(|state| state.note().to_owned())
                .collect(),
        };
        let text = serde_json::to_vec(&content)?;
        files::replace(&self.path, files::PRIVATE, &text)
    }
}

impl SignedKeeper for SignedFile {
    fn read(&self) -> Result<SignedStates, SignedError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(SignedStates::new()),
            opened => opened.map_err(|error| self.unusable(&error))?,
        };
        let mut text = String::new();
        match file.take(MOST_BYTES).read_to_string(&mut text) {
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(self.damaged()),
            Err(error) => Err(self.unusable(&error)),
            Ok(_) => self.decode(&text).ok_or_else(|| self.damaged()),
        }
    }

    fn swap(&self, before: &SignedStates, after: &SignedStates) -> Result<(), SignedError> {
        let lock = open_lock(&self.path);
        let lock = lock.map_err(|error| self.unusable(&error))?;
        lock.lock().map_err(|error| self.unusable(&error))?;
        let mut states = self.read()?;
        if after.keys().any(|log| states.get(log) != before.get(log)) {
            return Err(SignedError::Changed {
                place: self.place(),
            });
        }
        states.extend(
            after
                .iter()
                .map(|(log, state)| (log.clone(), state.clone())),
        );
        self.write(&states).map_err(|error| self.unusable(&error))
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

/// The file beside it by which processes take turns, made where there is none.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tlog::notes::{checkpoint::Origin, log_key::LogKey};

    fn state(log: u8, size: u64) -> (Origin, SignedState) {
        let origin: Origin = format!("gw.test/log/{log}").parse().unwrap();
        let key = LogKey::from_seed(origin.clone(), &[log; 32]);
        let root = model::Digest::new([u8::try_from(size).unwrap(); 32]);
        let note = key.sign(size, root);
        (origin, SignedState::parse(note).unwrap())
    }

    fn states(all: &[(u8, u64)]) -> SignedStates {
        all.iter().map(|(log, size)| state(*log, *size)).collect()
    }

    #[test]
    fn states_are_read_back_by_whoever_opens_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signed.json");
        let file = SignedFile::new(path.clone());
        assert_eq!(file.read(), Ok(SignedStates::new()));
        let first = states(&[(1, 10), (2, 20)]);
        file.swap(&SignedStates::new(), &first).unwrap();
        let other = SignedFile::new(path.clone());
        assert_eq!(other.read().unwrap(), first);
        // The other log stays as it was.
        other.swap(&first, &states(&[(1, 11)])).unwrap();
        assert_eq!(file.read().unwrap(), states(&[(1, 11), (2, 20)]));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(r#"{"format":"chartseal-signed/1","logs":["gw.test/log/1\n11\n"#));
        assert!(!files::beside(&path).exists());
    }

    #[test]
    fn nothing_is_kept_that_another_process_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let file = SignedFile::new(folder.path().join("signed.json"));
        let first = states(&[(1, 10), (2, 20)]);
        file.swap(&SignedStates::new(), &first).unwrap();
        let after = states(&[(1, 12), (2, 22)]);
        for before in [SignedStates::new(), states(&[(1, 10), (2, 19)])] {
            let refused = file.swap(&before, &after);
            assert!(matches!(refused, Err(SignedError::Changed { .. })));
            assert_eq!(file.read().unwrap(), first);
        }
    }

    #[test]
    fn what_holds_no_states_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signed.json");
        let file = SignedFile::new(path.clone());
        file.swap(&SignedStates::new(), &states(&[(1, 10)]))
            .unwrap();
        let good = fs::read_to_string(&path).unwrap();
        for bad in [
            String::new(),
            good[..good.len() - 1].to_owned(),
            good.replace("signed/1", "signed/2"),
            good.replace("\"logs\"", "\"log\""),
            good.replace("\\n10\\n", "\\nten\\n"),
            good.replace("[\"", "[\"gw.test/log/1\",\""),
            good.replace("[\"", &format!("[{},\"", &good[39..good.len() - 2])),
        ] {
            fs::write(&path, &bad).unwrap();
            let damaged = Err(SignedError::Damaged {
                place: path.display().to_string(),
            });
            assert_eq!(file.read(), damaged, "{bad}");
            assert!(file.swap(&SignedStates::new(), &states(&[(2, 1)])).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), bad);
        }
        let away = SignedFile::new(folder.path().join("none").join("signed.json"));
        let refused = away.swap(&SignedStates::new(), &states(&[(1, 1)]));
        assert!(matches!(refused, Err(SignedError::Unusable { .. })));
    }
}
