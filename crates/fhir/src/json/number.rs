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
    fn only_plain_integers_are_read_as_such() {
        let read = |text| NumberText::new(text).and_then(|number| number.as_u64());
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        for other in ["-1", "1.0", "1e2", "18446744073709551616"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
