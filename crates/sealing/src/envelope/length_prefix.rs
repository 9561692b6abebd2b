//! `lp(x)`: the length as a big-endian u32, then the bytes. Puts an end to every
//! variable part of what is hashed or authenticated, so that no two lists of
//! parts give the same bytes.

/// The four bytes that stand before `bytes`. Nothing of 4 GiB or more comes
/// here: `seal` refuses it, and requests are far smaller.
pub(crate) fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// Appends `lp(bytes)`.
pub(crate) fn push(target: &mut Vec<u8>, bytes: &[u8]) {
    target.extend_from_slice(&length(bytes));
    target.extend_from_slice(bytes);
}

/// Takes `lp(x)` off the front: x and what follows it.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_split_off_again() {
        let mut bytes = Vec::new();
        push(&mut bytes, b"abc");
        assert_eq!(bytes, b"\0\0\0\x03abc");
        bytes.push(9);
        assert_eq!(split(&bytes), Some((&b"abc"[..], &[9][..])));
    }

    #[test]
    fn a_length_past_the_end_is_refused() {
        assert_eq!(split(b"\0\0\0\x04abc"), None);
        assert_eq!(split(b"\0\0\0"), None);
    }
}
