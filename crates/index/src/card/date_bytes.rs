//! Dates as bytes.

use super::{flags::flag, reader::Reader, writer::Writer};
use crate::value::{DateRange, Moment};

/// Lengths of dates in ms that have a code, from 1 on: a hundredth and a tenth of a second
/// beside the parts of a date. Code 0: another length.
const LENGTHS: [i64; 12] = [
    1,
    10,
    100,
    1_000,
    60_000,
    86_400_000,
    28 * 86_400_000,
    29 * 86_400_000,
    30 * 86_400_000,
    31 * 86_400_000,
    365 * 86_400_000,
    366 * 86_400_000,
];
const LENGTH_MASK: u8 = 0x0F;
const NO_START: u8 = 0x10;
const NO_END: u8 = 0x20;
const START_WITHOUT_ZONE: u8 = 0x40;
const END_WITHOUT_ZONE: u8 = 0x80;

/// `u8 flags and length code ‖ i64 start, if any ‖ i64 end, if any and without a code`.
pub(super) fn push(date: &DateRange, body: &mut Writer) {
    let mut flags = 0;
    let length = match (date.from, date.until) {
        (Some(from), Some(until)) => until.millis.checked_sub(from.millis),
        _ => None,
    };
    let code = LENGTHS.iter().position(|known| Some(*known) == length);
    let code = code.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0);
    flags |= code;
    flags |= flag(date.from.is_none(), NO_START);
    flags |= flag(date.until.is_none(), NO_END);
    let without_zone = |end: Option<Moment>| end.is_some_and(|moment| !moment.zoned);
    flags |= flag(without_zone(date.from), START_WITHOUT_ZONE);
    flags |= flag(without_zone(date.until), END_WITHOUT_ZONE);
    body.u8(flags);
    if let Some(from) = date.from {
        body.i64(from.millis);
    }
    if let Some(until) = date.until.filter(|_| code == 0) {
        body.i64(until.millis);
    }
}

pub(super) fn read(body: &mut Reader<'_>) -> Option<DateRange> {
    let flags = body.u8()?;
    let code = usize::from(flags & LENGTH_MASK);
    let has = |flag| flags & flag != 0;
    let bounded = !has(NO_START) && !has(NO_END);
    if has(NO_START) && (has(NO_END) || has(START_WITHOUT_ZONE))
        || has(NO_END) && has(END_WITHOUT_ZONE)
        || code > 0 && !bounded
    {
        return None;
    }
    let from = if has(NO_START) {
        None
    } else {
        Some(body.i64()?)
    };
    let until = if has(NO_END) {
        None
    } else if code == 0 {
        Some(body.i64()?)
    } else {
        Some(from?.checked_add(*LENGTHS.get(code - 1)?)?)
    };
    let moment = |flag| {
        move |millis| Moment {
            millis,
            zoned: flags & flag == 0,
        }
    };
    Some(DateRange {
        from: from.map(moment(START_WITHOUT_ZONE)),
        until: until.map(moment(END_WITHOUT_ZONE)),
    })
}
