//! A secret by its place: a file or an environment variable. It never stands in
//! the configuration itself, and is never printed.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{
    env, fmt, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Nobody's secret is longer.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In a file, with white space around it.
    File(PathBuf),
    /// In an environment variable.
    Environment(String),
}

impl Secret {
    /// Makes a relative path one from this folder.
    pub fn resolve(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&*path);
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn read(&self) -> Result<Zeroizing<String>, String> {
        let text = match self {
            Self::File(path) => read_file(path)?,
            Self::Environment(name) => env::var(name)
                .map(Zeroizing::new)
                .map_err(|_| format!("the environment variable `{name}` is not set"))?,
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(match self {
                Self::File(path) => format!("the file `{}` is empty", path.display()),
                Self::Environment(name) => format!("the environment variable `{name}` is empty"),
            });
        }
        Ok(Zeroizing::new(trimmed.to_owned()))
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, String> {
    let name = path.display();
    let unreadable =
        |error: std::io::Error| format!("the file `{name}` cannot be read: {}", error.kind());
    let metadata = fs::metadata(path).map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(format!(
            "the file `{name}` can be read by others (mode {mode:04o}); run `chmod 600` on it"
        ));
    }
    if metadata.len() > MAX_BYTES {
        return Err(format!("the file `{name}` is too large to hold a secret"));
    }
    fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(unreadable)
}

/// The form in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    file: Option<PathBuf>,
    env: Option<String>,
}

struct PlaceVisitor;

impl<'de> Visitor<'de> for PlaceVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`{ file = \"PATH\" }` or `{ env = \"NAME\" }`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Secret, A::Error> {
        let place = Place::deserialize(MapAccessDeserializer::new(map))?;
        match (place.file, place.env) {
            (Some(path), None) => Ok(Secret::File(path)),
            (None, Some(name)) => Ok(Secret::Environment(name)),
            _ => Err(A::Error::custom(
                "give one of `file = \"PATH\"` and `env = \"NAME\"`",
            )),
        }
    }

    /// Never echoed: it is the secret itself.
    fn visit_str<E: Error>(self, _: &str) -> Result<Secret, E> {
        Err(E::custom(
            "a secret must not stand in this file; \
             write `{ file = \"PATH\" }` or `{ env = \"NAME\" }`",
        ))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlaceVisitor)
    }
}
