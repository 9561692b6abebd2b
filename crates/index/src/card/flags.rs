//! Bits of a byte.

/// The flag, if it is set.
pub(super) fn flag(set: bool, flag: u8) -> u8 {
    if set { flag } else { 0 }
}

/// Flags that have a meaning.
pub(super) fn known(flags: u8, meanings: u8) -> Option<u8> {
    (flags & !meanings == 0).then_some(flags)
}
