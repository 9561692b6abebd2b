//! Numbers as bytes: their texts.

use super::{
    flags::{flag, known},
    reader::Reader,
    writer::Writer,
};
use crate::value::{DecimalText, End, Number};

const POINT: u8 = 1;
const LOW: u8 = 2;
const LOW_OPEN: u8 = 4;
const HIGH: u8 = 8;
const HIGH_OPEN: u8 = 16;

/// `u8 flags ‖ text of the number`, or `u8 flags ‖ text of each end`.
pub(super) fn push(number: &Number, body: &mut Writer) {
    match number {
        Number::Point(point) => {
            body.u8(POINT);
            body.text(point.as_str());
        }
        Number::Between { low, high } => {
            let mut flags = flag(low.is_some(), LOW) | flag(high.is_some(), HIGH);
            flags |= flag(low.as_ref().is_some_and(|end| end.open), LOW_OPEN);
            flags |= flag(high.as_ref().is_some_and(|end| end.open), HIGH_OPEN);
            body.u8(flags);
            for end in [low, high].into_iter().flatten() {
                body.text(end.at.as_str());
            }
        }
    }
}

pub(super) fn read(body: &mut Reader<'_>) -> Option<Number> {
    let flags = known(body.u8()?, POINT | LOW | LOW_OPEN | HIGH | HIGH_OPEN)?;
    let has = |flag| flags & flag != 0;
    if flags == POINT {
        return DecimalText::parse(body.text()?).map(Number::Point);
    }
    let neither = !has(LOW) && !has(HIGH);
    if has(POINT) || neither || has(LOW_OPEN) && !has(LOW) || has(HIGH_OPEN) && !has(HIGH) {
        return None;
    }
    let mut end = |present, open| {
        if !has(present) {
            return Some(None);
        }
        let at = DecimalText::parse(body.text()?)?;
        let open = has(open);
        Some(Some(End { at, open }))
    };
    Some(Number::Between {
        low: end(LOW, LOW_OPEN)?,
        high: end(HIGH, HIGH_OPEN)?,
    })
}
