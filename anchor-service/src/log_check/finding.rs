//! What a check of a log finds: what does not fit, and where. Many findings are one fault
//! most of the time, so that they are counted and only the first are named.

use std::{collections::BTreeMap, fmt};

/// Findings that are named; the rest are counted.
const MAX_NAMED: usize = 100;

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The row of the log itself: its name on the chain is not made of its origin and key.
    Log,
    /// The row of a log whose keys have signed is missing.
    NoLog,
    /// The log has fewer leaves than were signed.
    Size,
    /// A leaf is not what the tiles hold.
    Entry,
    /// A leaf is missing.
    NoEntry,
    /// A leaf stands where none can be.
    ExtraEntry,
    /// A leaf and the last tile differ, which no tile above tells apart.
    EntryOrTile,
    /// A tile is missing, too narrow, too wide, or not what is below it.
    Tile,
    /// A checkpoint is not of this log, or not by its keys.
    Checkpoint,
    /// A checkpoint is missing.
    NoCheckpoint,
    /// What the log's keys signed last is another state.
    SignedState,
    /// An anchor is not of this log, or not what the chain has.
    Anchor,
    /// The chain has an anchor that the database has not.
    NoAnchor,
    /// The database has a final anchor that the chain has not.
    ExtraAnchor,
}

impl FindingKind {
    /// Every kind there is.
    pub const ALL: [Self; 14] = [
        Self::Log,
        Self::NoLog,
        Self::Size,
        Self::Entry,
        Self::NoEntry,
        Self::ExtraEntry,
        Self::EntryOrTile,
        Self::Tile,
        Self::Checkpoint,
        Self::NoCheckpoint,
        Self::SignedState,
        Self::Anchor,
        Self::NoAnchor,
        Self::ExtraAnchor,
    ];

    /// Its name, as metrics, JSON and the runbook have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::NoLog => "no-log",
            Self::Size => "size",
            Self::Entry => "entry",
            Self::NoEntry => "no-entry",
            Self::ExtraEntry => "extra-entry",
            Self::EntryOrTile => "entry-or-tile",
            Self::Tile => "tile",
            Self::Checkpoint => "checkpoint",
            Self::NoCheckpoint => "no-checkpoint",
            Self::SignedState => "signed-state",
            Self::Anchor => "anchor",
            Self::NoAnchor => "no-anchor",
            Self::ExtraAnchor => "extra-anchor",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The index of an entry, the size of a checkpoint or state, the seq of an anchor, or
    /// `level/index` of a tile.
    pub place: String,
    /// What is wrong there.
    pub problem: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}\t{}", self.kind, self.place, self.problem)
    }
}

/// All that was found in one log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first, as they were found.
    pub named: Vec<Finding>,
    counts: BTreeMap<FindingKind, u64>,
}

impl Findings {
    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many there are of a kind.
    #[must_use]
    pub fn count(&self, kind: FindingKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    pub(super) fn add(
        &mut self,
        kind: FindingKind,
        place: impl fmt::Display,
        problem: &'static str,
    ) {
        *self.counts.entry(kind).or_default() += 1;
        if self.named.len() < MAX_NAMED {
            self.named.push(Finding {
                kind,
                place: place.to_string(),
                problem,
            });
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        let room = MAX_NAMED.saturating_sub(self.named.len());
        self.named.extend(other.named.into_iter().take(room));
    }
}
