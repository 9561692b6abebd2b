//! Exact decimals of any length that a text can have. No arithmetic here ever lines up
//! two numbers of far exponents, so `1e999999999` costs what its text costs.

use std::cmp::Ordering;

/// A decimal number: a sign and significant digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// Never set for zero.
    negative: bool,
    /// From the most significant on, each 0 to 9; neither the first nor the last is 0.
    /// Empty for zero.
    digits: Vec<u8>,
    /// The power of ten of the first digit; 0 for zero.
    exponent: i64,
}

impl Decimal {
    /// The number of these digits, the last of which counts `10^last`.
    pub(crate) fn of_digits(negative: bool, digits: &[u8], last: i64) -> Self {
        let end = digits.iter().rposition(|&digit| digit != 0);
        let start = digits.iter().position(|&digit| digit != 0);
        let (Some(start), Some(end)) = (start, end) else {
            return Self::zero();
        };
        let behind = i64::try_from(digits.len() - 1 - start).unwrap_or(i64::MAX);
        Self {
            negative,
            digits: digits.get(start..=end).unwrap_or_default().to_vec(),
            exponent: last.saturating_add(behind),
        }
    }

    /// Zero.
    #[must_use]
    pub const fn zero() -> Self {
        Self {
            negative: false,
            digits: Vec::new(),
            exponent: 0,
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The power of ten of the first digit; `None` for zero.
    #[must_use]
    pub fn exponent(&self) -> Option<i64> {
        (!self.digits.is_empty()).then_some(self.exponent)
    }

    /// The first two significant digits, 10 to 99; `None` for zero.
    #[must_use]
    pub fn first_two(&self) -> Option<u8> {
        let first = self.digits.first()?;
        Some(first * 10 + self.digits.get(1).unwrap_or(&0))
    }

    /// A tenth of it.
    pub(crate) fn tenth(&self) -> Self {
        let mut tenth = self.clone();
        if !tenth.digits.is_empty() {
            tenth.exponent = tenth.exponent.saturating_sub(1);
        }
        tenth
    }

    pub(crate) fn magnitude(&self) -> Self {
        Self {
            negative: false,
            ..self.clone()
        }
    }

    /// The sum. Callers add what differs by few powers of ten only; zero, whose powers say
    /// nothing, is no part of the alignment.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        if self.digits.is_empty() {
            return other.clone();
        }
        if other.digits.is_empty() {
            return self.clone();
        }
        let last = self.last().min(other.last());
        let (mine, others) = (self.aligned(last), other.aligned(last));
        if self.negative == other.negative {
            Self::of_digits(self.negative, &added(&mine, &others), last)
        } else if self.magnitude() < other.magnitude() {
            Self::of_digits(other.negative, &subtracted(&others, &mine), last)
        } else {
            Self::of_digits(self.negative, &subtracted(&mine, &others), last)
        }
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        let mut negated = other.clone();
        negated.negative = !other.negative && !other.digits.is_empty();
        self.plus(&negated)
    }

    /// The power of ten of the last digit.
    fn last(&self) -> i64 {
        let behind = self.digits.len().saturating_sub(1);
        self.exponent
            .saturating_sub(i64::try_from(behind).unwrap_or(i64::MAX))
    }

    /// The digits from the least significant on, the first counting `10^last`.
    fn aligned(&self, last: i64) -> Vec<u8> {
        let zeros = usize::try_from(self.last().saturating_sub(last)).unwrap_or(0);
        let mut digits = vec![0; zeros];
        digits.extend(self.digits.iter().rev());
        digits
    }
}

/// Sum of digits from the least significant on, as digits from the most significant on.
fn added(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut sum = Vec::with_capacity(one.len().max(other.len()) + 1);
    let mut carry = 0;
    for at in 0..one.len().max(other.len()) {
        let digit = one.get(at).unwrap_or(&0) + other.get(at).unwrap_or(&0) + carry;
        sum.push(digit % 10);
        carry = digit / 10;
    }
    sum.push(carry);
    sum.reverse();
    sum
}

/// Difference of digits from the least significant on, the second number the smaller, as
/// digits from the most significant on.
fn subtracted(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut difference = Vec::with_capacity(one.len());
    let mut borrow = 0;
    for at in 0..one.len().max(other.len()) {
        let taken = other.get(at).unwrap_or(&0) + borrow;
        let digit = one.get(at).unwrap_or(&0) + 10 - taken;
        difference.push(digit % 10);
        borrow = u8::from(digit < 10);
    }
    difference.reverse();
    difference
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_size = || match (self.exponent(), other.exponent()) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(mine), Some(others)) => mine
                .cmp(&others)
                .then_with(|| self.digits.cmp(&other.digits)),
        };
        match (self.negative, other.negative) {
            (false, false) => by_size(),
            (true, true) => by_size().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
