//! The bytes of a card while they are read: nothing here can go past them.

use super::{
    well_known,
    writer::{FIRST_PLACE, MAX_TEXT},
};
use model::Tag;

/// Bytes that are left of a part, within all bytes to which places refer.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    whole: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(whole: &'a [u8]) -> Self {
        Self {
            whole,
            at: 0,
            end: whole.len(),
        }
    }

    /// Takes the next bytes off as a part of their own.
    pub(super) fn part(&mut self, length: usize) -> Option<Self> {
        let start = self.at;
        self.take(length)?;
        Some(Self {
            whole: self.whole,
            at: start,
            end: self.at,
        })
    }

    pub(super) fn is_at_its_end(&self) -> bool {
        self.at == self.end
    }

    /// All bytes that are left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.whole.get(self.at..self.end).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.end)?;
        let taken = self.whole.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    pub(super) fn tag(&mut self) -> Option<Tag> {
        self.array().map(Tag::new)
    }

    /// `n(x)`; one that is longer than it has to be is refused.
    pub(super) fn n(&mut self) -> Option<usize> {
        let first = self.u8()?;
        if first < 0x80 {
            return Some(usize::from(first));
        }
        let x = u16::from_be_bytes([first & 0x7F, self.u8()?]);
        (x >= 0x80).then_some(usize::from(x))
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let start = self.at;
        let head = self.n()?;
        if head % 2 == 0 {
            return self.written_out(head / 2);
        }
        let reference = head / 2;
        match reference.checked_sub(FIRST_PLACE) {
            None => well_known::text(reference),
            // Only a text that stands before, so that no reference leads in a circle.
            Some(place) if place < start => {
                let mut there = Self {
                    whole: self.whole,
                    at: place,
                    end: start,
                };
                let head = there.n()?;
                (head % 2 == 0).then(|| there.written_out(head / 2))?
            }
            Some(_) => None,
        }
    }

    fn written_out(&mut self, length: usize) -> Option<&'a str> {
        if length > MAX_TEXT {
            return None;
        }
        std::str::from_utf8(self.take(length)?).ok()
    }

    pub(super) fn owned(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// A text that may be missing.
    pub(super) fn optional(&mut self) -> Option<Option<String>> {
        let text = self.owned()?;
        Some(Some(text).filter(|text| !text.is_empty()))
    }
}
