//! The paths below the prefix of a log (<https://c2sp.org/tlog-tiles>), read strictly:
//! each resource has one path, so that caches hold it once.

use crate::tree::tile::{TileId, WIDTH, index_path};

/// What a log serves beside its checkpoint: a tile or a bundle of entries, whole or
/// its first part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePath {
    /// Hashes or entries.
    pub holds: Holds,
    /// From the left.
    pub index: u64,
    /// How many, 1 to 256; below 256 it is partial.
    pub width: u16,
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Hashes of this level.
    Hashes(u8),
    /// Entries.
    Entries,
}

impl TilePath {
    /// Reads `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let holds = match level {
            "entries" => Holds::Entries,
            level => Holds::Hashes(decimal(level).filter(|level| *level < 64)?),
        };
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, u16::try_from(WIDTH).ok()?),
            Some((index, width)) => (index, u16::from(decimal(width).filter(|width| *width > 0)?)),
        };
        let mut number: u64 = 0;
        for group in index.split('/') {
            let group = group.strip_prefix('x').unwrap_or(group);
            let plain = group.len() == 3 && group.bytes().all(|c| c.is_ascii_digit());
            let group: u64 = plain.then(|| group.parse().ok())??;
            number = number.checked_mul(1000)?.checked_add(group)?;
        }
        (index_path(number) == index).then_some(Self {
            holds,
            index: number,
            width,
        })
    }

    /// Whether it is whole, and so the same for good.
    #[must_use]
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == WIDTH
    }

    /// Whether a log of `size` leaves has all of it.
    #[must_use]
    pub fn is_within(&self, size: u64) -> bool {
        let level = match self.holds {
            Holds::Hashes(level) => level,
            Holds::Entries => 0,
        };
        let index = self.index;
        TileId { level, index }.width(size) >= self.width
    }
}

/// A number below 256 without leading zeros.
fn decimal(text: &str) -> Option<u8> {
    let number: u8 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_one_spelling_is_read() {
        for (path, expected) in [
            ("tile/0/000", (Holds::Hashes(0), 0, 256)),
            ("tile/63/x001/x234/067", (Holds::Hashes(63), 1_234_067, 256)),
            ("tile/entries/x001/000.p/255", (Holds::Entries, 1_000, 255)),
            ("tile/1/005.p/1", (Holds::Hashes(1), 5, 1)),
        ] {
            let (holds, index, width) = expected;
            let read = TilePath {
                holds,
                index,
                width,
            };
            assert_eq!(TilePath::parse(path), Some(read), "{path}");
        }
        for path in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/00/000",
            "tile/64/000",
            "tile/+1/000",
            "tile/0/x000/005",
            "tile/0/001/005",
            "tile/0/x001",
            "tile/0/x001/x005",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/1/",
            "/tile/0/000",
            "tile/entry/000",
            "tile/0/000.p/1.p/1",
            "tile/0/-01",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(TilePath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_log_has_what_its_size_fills() {
        // The example of the specification.
        let has = |path: &str| TilePath::parse(path).unwrap().is_within(70_000);
        for path in [
            "tile/0/272",
            "tile/0/273.p/112",
            "tile/1/001.p/17",
            "tile/2/000.p/1",
        ] {
            assert!(has(path), "{path}");
        }
        for path in [
            "tile/0/273",
            "tile/0/273.p/113",
            "tile/1/001.p/18",
            "tile/2/000.p/2",
            "tile/3/000.p/1",
            "tile/63/000.p/1",
            "tile/0/274.p/1",
        ] {
            assert!(!has(path), "{path}");
        }
        assert!(has("tile/entries/273.p/112") && !has("tile/entries/273.p/113"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(level in 0_u8..64, index in 0..u64::MAX / 1000, width in 1_u16..=256) {
            let path = TileId { level, index }.path(width);
            let read = TilePath { holds: Holds::Hashes(level), index, width };
            prop_assert_eq!(TilePath::parse(&path), Some(read));
        }
    }
}
