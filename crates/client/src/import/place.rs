//! Where in the input something stands. Places are all that is kept of what was
//! refused: the records themselves stay where they are.

use serde::{Deserialize, Serialize};
use std::path::Path;

/// A file, or a line of it, or an entry of the Bundle in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The file, by a path that holds from any folder.
    pub file: String,
    /// The file's name among those of its import, the same in every run of one command.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The entry of the Bundle, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<usize>,
    /// The line and everything after it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub onward: bool,
    /// Number of answers that the gateway keeps under keys of this place.
    #[serde(default, skip_serializing_if = "is_none")]
    pub tries: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
const fn is_no(onward: &bool) -> bool {
    !*onward
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
const fn is_none(tries: &u32) -> bool {
    *tries == 0
}

impl Place {
    /// A whole file, under the name it has in its import.
    pub fn file(path: &Path, name: &str) -> Self {
        Self {
            file: path.to_string_lossy().into_owned(),
            name: name.to_owned(),
            line: None,
            entry: None,
            onward: false,
            tries: 0,
        }
    }

    /// A line of the same file.
    pub fn line(&self, line: u64) -> Self {
        Self {
            line: Some(line),
            ..self.clone()
        }
    }

    /// A line of the same file and all after it.
    pub fn onward_from(&self, line: u64) -> Self {
        Self {
            onward: true,
            ..self.line(line)
        }
    }

    /// An entry of the Bundle at the same place.
    pub fn entry(&self, entry: usize) -> Self {
        Self {
            entry: Some(entry),
            ..self.clone()
        }
    }
}

/// Something that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The gateway's status; none when it was not even sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why, without anything of the record.
    pub reason: String,
}

impl Refused {
    /// Something that cannot be sent.
    pub fn unsent(place: Place, reason: impl Into<String>) -> Self {
        Self {
            place,
            status: None,
            reason: reason.into(),
        }
    }
}
