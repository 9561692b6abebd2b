//! The bearer token, from a file that something else keeps fresh: tokens are good for
//! minutes, imports take hours.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use zeroize::Zeroizing;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// A token and the file it came from.
pub struct Token {
    path: PathBuf,
    held: Mutex<Held>,
}

struct Held {
    text: Zeroizing<String>,
    changed: Option<SystemTime>,
    looked: Instant,
}

impl Token {
    /// The token of a file.
    pub fn open(path: &Path) -> Result<Self, String> {
        let held = Held {
            text: read(path)?,
            changed: changed(path),
            looked: Instant::now(),
        };
        if held.text.is_empty() {
            return Err(format!("the token file `{}` is empty", path.display()));
        }
        Ok(Self {
            path: path.to_owned(),
            held: Mutex::new(held),
        })
    }

    /// The file.
    pub fn place(&self) -> &Path {
        &self.path
    }

    /// The token of now: read again when the file has changed.
    pub fn current(&self) -> Zeroizing<String> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.looked.elapsed() >= LOOK {
            held.looked = Instant::now();
            let changed = changed(&self.path);
            if changed != held.changed {
                self.take(&mut held, changed);
            }
        }
        held.text.clone()
    }

    /// Reads the file whatever its time says; whether its token is another than the
    /// one that was refused.
    pub fn renewed(&self, refused: &str) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = changed(&self.path);
        self.take(&mut held, changed);
        held.text.as_str() != refused
    }

    /// While the file is being replaced it can be away or empty; the old token is
    /// kept then.
    fn take(&self, held: &mut Held, changed: Option<SystemTime>) {
        if let Ok(text) = read(&self.path)
            && !text.is_empty()
        {
            held.text = text;
            held.changed = changed;
        }
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let text = fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| format!("cannot read the token file `{}`: {error}", path.display()))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|about| about.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_one_in_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        assert!(Token::open(&path).is_err());
        fs::write(&path, "\n").expect("written");
        assert!(Token::open(&path).is_err());
        fs::write(&path, "one\n").expect("written");
        let token = Token::open(&path).expect("a token");
        assert_eq!(token.current().as_str(), "one");
        assert!(!token.renewed("one"));
        fs::write(&path, "two").expect("written");
        assert!(token.renewed("one"));
        assert_eq!(token.current().as_str(), "two");
        // Half-way through a replacement the old one is kept.
        fs::write(&path, "").expect("written");
        assert!(!token.renewed("two"));
        assert_eq!(token.current().as_str(), "two");
    }
}
