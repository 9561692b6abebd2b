//! A JSON number as it was received.

/// The text of a JSON number; `1.50` stays `1.50`.
#[derive(Clone, PartialEq, Eq)]
pub struct NumberText(Box<str>);

impl NumberText {
    /// Takes text that follows the grammar of RFC 8259, section 6, to its end.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (length(text.as_bytes()) == Some(text.len())).then(|| Self(text.into()))
    }

    /// Takes text that the parser has measured.
    pub(super) fn measured(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, when it is a plain decimal integer from 0 to 2^64 - 1.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        // The grammar has no `+`, so what parses is digits only.
        self.0.parse().ok()
    }

    /// Whether it is the same number, however written: `1.50` is `15e-1`.
    #[must_use]
    pub fn says_as(&self, other: &Self) -> bool {
        match (self.parts(), other.parts()) {
            (Some(own), Some(other)) => own == other,
            // An exponent that no program could carry out.
            _ => self == other,
        }
    }

    /// Sign, digits without zeros at the ends, and the power of ten of the last.
    fn parts(&self) -> Option<(bool, String, i64)> {
        let (mantissa, exponent) = match self.0.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (&*self.0, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_negative = whole.starts_with('-');
        let digits = [whole.trim_start_matches('-'), fraction].concat();
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len() - significant.len();
        let significant = significant.trim_start_matches('0');
        if significant.is_empty() {
            return Some((false, String::new(), 0));
        }
        let shift = i64::try_from(zeros).ok()? - i64::try_from(fraction.len()).ok()?;
        let power = exponent.checked_add(shift)?;
        Some((is_negative, significant.to_owned(), power))
    }
}

impl From<u64> for NumberText {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

/// How many bytes at the start form a number; `None` when they begin none.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let digits = |at: usize| {
        let rest = bytes.get(at..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes.get(at) == Some(&b'0')) {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return None;
        }
        at += exponent;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_rfc_8259() {
        for good in ["0", "-0", "10", "1.50", "0.00e-10", "1E+400", "-12.0e5"] {
            assert!(NumberText::new(good).is_some(), "{good}");
        }
        for bad in [
            "", "-", "01", "-01", "+1", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "1 ", "NaN",
        ] {
            assert!(NumberText::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn numbers_are_the_same_however_written() {
        let says = |one, other| {
            let [one, other] = [one, other].map(|text| NumberText::new(text).unwrap());
            one.says_as(&other)
        };
        for (one, other) in [
            ("1", "1.0"),
            ("1.50", "15e-1"),
            ("-0", "0.000"),
            ("100", "1E+2"),
            ("0.012", "1.2e-2"),
            ("1e99999999999999999999", "1e99999999999999999999"),
        ] {
            assert!(says(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("1", "10"),
            ("1", "-1"),
            ("0.1", "1"),
            ("1e2", "1e99999999999999999999"),
        ] {
            assert!(!says(one, other), "{one} {other}");
        }
    }

    #[test]
    fn only_plain_integers_are_read_as_such() {
        let read = |text| NumberText::new(text).and_then(|number| number.as_u64());
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        for other in ["-1", "1.0", "1e2", "18446744073709551616"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
