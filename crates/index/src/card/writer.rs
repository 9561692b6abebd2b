//! The bodies of a card while it is written. A text that is well known, or stands in a
//! body already, is not written out again.

use super::well_known;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// Bytes of a text that is written out.
pub(super) const MAX_TEXT: usize = 1_024;
/// References below this number are to the list of well-known texts.
pub(super) const FIRST_PLACE: usize = 256;

/// `n(x)`: below 128 one byte, else `0x8000 + x` as two; at most 32,767.
pub(super) fn push_n(target: &mut Vec<u8>, x: usize) {
    match u8::try_from(x) {
        Ok(byte) if byte < 0x80 => target.push(byte),
        _ => {
            let two = u16::try_from(x).unwrap_or(u16::MAX) | 0x8000;
            target.extend_from_slice(&two.to_be_bytes());
        }
    }
}

pub(super) struct Writer {
    bytes: Zeroizing<Vec<u8>>,
    /// Where each text was written out first.
    places: HashMap<String, usize>,
    max: usize,
    max_body: usize,
    /// The most that the body under way may reach.
    end: usize,
    /// Whether what is being written does not fit.
    over: bool,
}

impl Writer {
    pub(super) fn new(max: usize, max_body: usize) -> Self {
        Self {
            bytes: Zeroizing::default(),
            places: HashMap::new(),
            max,
            max_body,
            end: max_body.min(max),
            over: false,
        }
    }

    /// Begins a body: where it starts.
    pub(super) fn begin(&mut self) -> usize {
        self.end = (self.len() + self.max_body).min(self.max);
        self.len()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Writes a piece of the body, or nothing of it when it does not fit.
    pub(super) fn fits(&mut self, write: impl FnOnce(&mut Self)) -> bool {
        let start = self.len();
        write(self);
        let fits = !self.over && self.len() <= self.end;
        if !fits {
            self.bytes.truncate(start);
            self.places.retain(|_, place| *place < start);
        }
        self.over = false;
        fits
    }

    /// Says that what is being written has no form in a card.
    pub(super) fn refuse(&mut self) {
        self.over = true;
    }

    pub(super) fn u8(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.raw(&number.to_be_bytes());
    }

    pub(super) fn i64(&mut self, number: i64) {
        self.raw(&number.to_be_bytes());
    }

    pub(super) fn n(&mut self, x: usize) {
        self.over |= x > 0x7FFF;
        push_n(&mut self.bytes, x);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A text: written out as `n(2 × length) ‖ bytes`, or `n(2 × r + 1)` with `r` the
    /// number of a well-known text, or 256 and the place where it was written out first.
    pub(super) fn text(&mut self, text: &str) {
        let known = well_known::number(text);
        let written = || self.places.get(text).map(|place| FIRST_PLACE + place);
        if text.is_empty() {
            self.n(0);
        } else if let Some(reference) = known.or_else(written) {
            self.n(2 * reference + 1);
        } else if text.len() > MAX_TEXT {
            self.over = true;
        } else {
            self.places.insert(text.to_owned(), self.len());
            self.n(2 * text.len());
            self.raw(text.as_bytes());
        }
    }

    /// A text that may be missing; an empty one is the same as none.
    pub(super) fn optional(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or_default());
    }
}
