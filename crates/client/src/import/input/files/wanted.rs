//! What is to be sent of a file: everything, or the places that were refused before.

use std::collections::{BTreeMap, BTreeSet};

/// What is to be sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything.
    All,
    /// Some places.
    Places(Places),
}

/// Places in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Lines (0 for a file that is one document) and of each, all or some entries.
    pub lines: BTreeMap<u64, Option<BTreeSet<usize>>>,
    /// The line from which on all are wanted.
    pub from: Option<u64>,
}

impl Wanted {
    /// Whether a line is wanted.
    pub fn line(&self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Places(Places { lines, from }) => {
                let named = lines.contains_key(&0) || lines.contains_key(&number);
                named || from.is_some_and(|from| number >= from)
            }
        }
    }

    /// The entries that are wanted of the Bundle in a line, or in the file (0), when
    /// not all of them are.
    pub fn entries(&self, line: u64) -> Option<&BTreeSet<usize>> {
        match self {
            Self::All => None,
            Self::Places(places) => places.lines.get(&line).and_then(Option::as_ref),
        }
    }
}
