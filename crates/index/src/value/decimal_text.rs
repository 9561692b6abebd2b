//! Decimals as they are written (<https://hl7.org/fhir/R4/datatypes.html#decimal>): the
//! text says how precise the number is.

use super::Decimal;

/// Bytes of a text that is read.
const MAX_LENGTH: usize = 1_024;
/// Digits of an exponent that is read.
const MAX_EXPONENT_DIGITS: usize = 9;

/// A decimal and its text: `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DecimalText {
    text: String,
    value: Decimal,
    /// Half of what the last digit counts.
    half_unit: Decimal,
}

impl DecimalText {
    /// Reads a decimal; `None` for other texts, and beyond 1,024 bytes or exponents of
    /// nine digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, power) = match rest.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, Some(exponent(power)?)),
            None => (rest, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let leading_zero = whole.len() > 1 && whole.starts_with('0');
        if leading_zero || !is_digits(whole) || !fraction.is_none_or(is_digits) {
            return None;
        }
        let digits: Vec<u8> = (whole.bytes())
            .chain(fraction.unwrap_or_default().bytes())
            .map(|digit| digit - b'0')
            .collect();
        let places = i64::try_from(fraction.map_or(0, str::len)).ok()?;
        let last = power.unwrap_or(0) - places;
        // R4 gives 1e2 the range 95 to 105: without a point a power adds a place.
        let unit = if power.is_some() && fraction.is_none() {
            last - 1
        } else {
            last
        };
        Some(Self {
            text: text.to_owned(),
            value: Decimal::of_digits(negative, &digits, last),
            half_unit: Decimal::of_digits(false, &[5], unit - 1),
        })
    }

    /// The text as received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number.
    #[must_use]
    pub const fn value(&self) -> &Decimal {
        &self.value
    }

    /// The implicit range of the text: from the first number to before the second, half
    /// of what its last digit counts to each side.
    #[must_use]
    pub fn implicit_range(&self) -> [Decimal; 2] {
        [
            self.value.minus(&self.half_unit),
            self.value.plus(&self.half_unit),
        ]
    }

    /// From 0.9 to 1.1 times the number, the lower first.
    #[must_use]
    pub fn about(&self) -> [Decimal; 2] {
        let tenth = self.value.magnitude().tenth();
        [self.value.minus(&tenth), self.value.plus(&tenth)]
    }
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_digits(digits) || digits.len() > MAX_EXPONENT_DIGITS {
        return None;
    }
    text.parse().ok()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
}
