//! How a chain's events are read backwards, in ranges of blocks that the node takes.

/// Blocks in the first question.
const FIRST_RANGE: u64 = 1_000;
/// Blocks in a question.
const LONGEST_RANGE: u64 = 1_000_000;

/// Where to go on reading the anchors of a log, backwards. A range that the node refused
/// bounds those after it: nodes bound the number of blocks, and would refuse every other
/// question of a reader that does not remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCursor {
    /// The block that the next range goes back from.
    pub(crate) block: u64,
    /// Blocks in it: more while the answers are empty, fewer when the node refuses.
    pub(crate) range: u64,
    /// The most blocks in a later one.
    longest: u64,
}

impl EventCursor {
    /// Begins at a block, which should be the newest final one.
    #[must_use]
    pub const fn from_block(block: u64) -> Self {
        Self::with_range(block, FIRST_RANGE)
    }

    /// Begins with this number of blocks.
    pub(crate) const fn with_range(block: u64, range: u64) -> Self {
        Self {
            block,
            range,
            longest: LONGEST_RANGE,
        }
    }

    /// The first block of the range.
    pub(crate) const fn first(self) -> u64 {
        self.block.saturating_sub(self.range.saturating_sub(1))
    }

    /// The same place with half the blocks, after a refusal; `None` for less than one.
    pub(crate) const fn halved(self) -> Option<Self> {
        match self.range / 2 {
            0 => None,
            range => Some(Self {
                range,
                longest: range,
                ..self
            }),
        }
    }

    /// The range before this one, longer where it was empty; `None` before the first block.
    pub(crate) fn older(self, is_empty: bool) -> Option<Self> {
        let block = self.first().checked_sub(1)?;
        let range = if is_empty {
            self.range.saturating_mul(2).min(self.longest)
        } else {
            self.range
        };
        Some(Self {
            block,
            range,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refusals and answers of a node that answers for so many blocks at once, and has no
    /// event.
    fn read(from: EventCursor, cap: u64) -> (u32, u32) {
        let (mut refusals, mut answers) = (0, 0);
        let mut next = Some(from);
        while let Some(cursor) = next {
            if cursor.block + 1 - cursor.first() > cap {
                refusals += 1;
                next = Some(cursor.halved().unwrap());
            } else {
                answers += 1;
                next = cursor.older(true);
            }
        }
        (refusals, answers)
    }

    #[test]
    fn a_range_that_was_refused_is_not_asked_for_again() {
        let from = EventCursor::with_range(2_000_447, 64);
        // 64, 128 and 256 blocks, and then 512 each time.
        assert_eq!(read(from, 1_000), (1, 3 + 3_907));
        assert!(read(from, u64::MAX) < (1, 20));
        assert_eq!(EventCursor::with_range(9, 1).halved(), None);
    }
}
