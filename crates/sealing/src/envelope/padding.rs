//! The padding that hides a record's exact size: 0x80, always, then zeros up to
//! a multiple of a block (ISO/IEC 7816-4; with blocks of 256 bytes 256 become 512).

/// The unit of size that an envelope shows.
pub(crate) const BLOCK: usize = 256;
/// The unit of size that an index card shows.
pub(crate) const CARD_BLOCK: usize = 128;

/// Pads the bytes of `buffer` from `start` on.
pub(crate) fn pad(buffer: &mut Vec<u8>, start: usize) {
    pad_to(BLOCK, buffer, start);
}

/// Pads the bytes of `buffer` from `start` on to a multiple of `block`.
pub(crate) fn pad_to(block: usize, buffer: &mut Vec<u8>, start: usize) {
    buffer.push(0x80);
    let length = buffer.len().saturating_sub(start);
    buffer.resize(start + length.next_multiple_of(block), 0);
}

/// The size of `length` bytes once padded; `None` past `usize`.
pub(crate) fn padded(length: usize) -> Option<usize> {
    padded_to(BLOCK, length)
}

/// The size of `length` bytes once padded to a multiple of `block`.
pub(crate) fn padded_to(block: usize, length: usize) -> Option<usize> {
    length.checked_add(1)?.checked_next_multiple_of(block)
}

/// How many bytes stand before the padding: zeros and exactly one 0x80, at
/// most 256 bytes in all, or `None`.
pub(crate) fn unpadded(bytes: &[u8]) -> Option<usize> {
    unpadded_from(BLOCK, bytes)
}

/// How many bytes stand before a padding of at most `block` bytes.
pub(crate) fn unpadded_from(block: usize, bytes: &[u8]) -> Option<usize> {
    let last = bytes.iter().rposition(|&byte| byte != 0)?;
    let marked = bytes.get(last) == Some(&0x80);
    (marked && bytes.len() - last <= block).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_block_gets_another() {
        for (length, size) in [(0, 256), (255, 256), (256, 512), (511, 512), (512, 768)] {
            let mut buffer = vec![7; length];
            pad(&mut buffer, 0);
            assert_eq!(buffer.len(), size);
            assert_eq!(padded(length), Some(size));
            assert_eq!(unpadded(&buffer), Some(length));
        }
    }

    #[test]
    fn only_one_mark_and_at_most_256_bytes_are_padding() {
        assert_eq!(unpadded(&[]), None);
        assert_eq!(unpadded(&[0; 256]), None, "no mark");
        assert_eq!(unpadded(&[1; 256]), None, "no mark");
        assert_eq!(unpadded(&[0x80, 0x80, 0]), Some(1), "one mark is taken");
        let mut long = vec![0; 512];
        long[255] = 0x80;
        assert_eq!(unpadded(&long), None, "257 bytes of padding");
        long[256] = 0x80;
        assert_eq!(unpadded(&long), Some(256));
    }
}
