//! Form 7, the tokens of a query for numbers.

use super::{
    TokenValue,
    line::{LAST, NumberBucket, cut, place},
    number_rows::token,
};
use crate::criterion::{NumberCriterion, Prefix};
use std::collections::BTreeSet;

/// The tokens any of which makes a candidate. `ranges` says whether elements of the
/// parameter can be Ranges or have a comparator.
#[must_use]
pub fn number_query(asked: &NumberCriterion, ranges: bool) -> Vec<TokenValue> {
    let places = |[low, high]: [_; 2]| [place(&low), place(&high)];
    let number = place(asked.number.value());
    let (first, last, reaching) = match asked.prefix {
        Prefix::Eq => {
            let [low, high] = places(asked.number.implicit_range());
            (low, high, false)
        }
        Prefix::Ap => {
            let [low, high] = places(asked.number.about());
            (low, high, true)
        }
        Prefix::Lt | Prefix::Le | Prefix::Eb => (-LAST, number, false),
        Prefix::Gt | Prefix::Ge => (number, LAST, true),
        Prefix::Sa => (number, LAST, false),
        Prefix::Ne => (-LAST, LAST, false),
    };
    let mut tokens = vec![token("*")];
    tokens.extend((cut(first, last).iter()).map(|bucket| token(&format!("^{bucket}"))));
    if ranges && reaching {
        let levels: BTreeSet<_> = NumberBucket::of(first).into_iter().collect();
        tokens.extend((levels.iter().rev()).map(|bucket| token(&format!("={bucket}"))));
        tokens.push(token("~"));
    }
    tokens
}
