//! The zone of a facility: what its clocks show when no zone is given.

use crate::value::Moment;

/// Milliseconds of the greatest offset that there is.
const MAX_OFFSET: i64 = 14 * 3_600_000;

/// The offsets of a zone from UTC, in milliseconds to the east.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    first: i64,
    changes: Vec<ZoneChange>,
    least: i64,
    greatest: i64,
}

/// When the offset of a zone changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneChange {
    /// The first moment of the new offset, in milliseconds since 1970 in UTC.
    pub from: i64,
    /// The new offset in milliseconds to the east.
    pub offset: i64,
}

impl Zone {
    /// UTC, which every facility has that names no other.
    #[must_use]
    pub const fn utc() -> Self {
        Self::fixed(0)
    }

    /// A zone of one offset, in milliseconds to the east; 14 hours at most count.
    #[must_use]
    pub const fn fixed(offset: i64) -> Self {
        let offset = bounded(offset);
        Self {
            first: offset,
            changes: Vec::new(),
            least: offset,
            greatest: offset,
        }
    }

    /// A zone whose offset changes.
    #[must_use]
    pub fn changing(first: i64, mut changes: Vec<ZoneChange>) -> Self {
        let mut zone = Self::fixed(first);
        for change in &mut changes {
            change.offset = bounded(change.offset);
            zone.least = zone.least.min(change.offset);
            zone.greatest = zone.greatest.max(change.offset);
        }
        changes.sort_unstable();
        zone.changes = changes;
        zone
    }

    /// A moment in milliseconds since 1970 in UTC. A time that the clocks show twice is the
    /// first of both; one that they leave out is read by the offset before.
    #[must_use]
    pub fn instant(&self, moment: Moment) -> i64 {
        if moment.zoned {
            return moment.millis;
        }
        let mut offset = self.first;
        for change in &self.changes {
            let millis = moment.millis.saturating_sub(offset);
            if millis < change.from {
                return millis;
            }
            // Left out: the old offset is over, the new one has not begun.
            if moment.millis.saturating_sub(change.offset) < change.from {
                return millis;
            }
            offset = change.offset;
        }
        moment.millis.saturating_sub(offset)
    }

    /// What the clocks can show at a moment in UTC, over all offsets of the zone and UTC
    /// itself, the earliest first.
    pub(crate) fn shown(&self, millis: i64) -> [i64; 2] {
        [
            millis.saturating_add(self.least.min(0)),
            millis.saturating_add(self.greatest.max(0)),
        ]
    }
}

const fn bounded(offset: i64) -> i64 {
    if offset > MAX_OFFSET {
        MAX_OFFSET
    } else if offset < -MAX_OFFSET {
        -MAX_OFFSET
    } else {
        offset
    }
}
