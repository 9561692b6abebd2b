//! Whole numbers as statements, checkpoints and proofs spell them: in one way only.

/// A number as our formats write it: `0|[1-9][0-9]{0,18}`.
#[must_use]
pub(crate) fn whole_number(digits: &str) -> Option<u64> {
    let plain = (1..=19).contains(&digits.len())
        && digits.bytes().all(|c| c.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse().ok())?
}
