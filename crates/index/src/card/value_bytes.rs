//! Values as bytes: a byte for the kind, then what the kind has.

use super::{reader::Reader, writer::Writer};
use crate::value::{
    Code, DateRange, DecimalText, End, Identifier, Moment, Number, Quantity, Reference, Text, Uri,
    Value,
};

const DATE: u8 = 1;
const NUMBER: u8 = 2;
const QUANTITY: u8 = 3;
const CODE: u8 = 4;
const IDENTIFIER: u8 = 5;
const URI: u8 = 6;
const REFERENCE: u8 = 7;
const TEXT: u8 = 8;
const COMPOSITE: u8 = 9;

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

const POINT: u8 = 1;
const LOW: u8 = 2;
const LOW_OPEN: u8 = 4;
const HIGH: u8 = 8;
const HIGH_OPEN: u8 = 16;

const CANONICAL: u8 = 1;

const RECEIVED_CUT: u8 = 1;
const NORMAL_CUT: u8 = 2;
const NORMAL_FOLLOWS: u8 = 4;

pub(super) fn push(value: &Value, body: &mut Writer) {
    match value {
        Value::Date(date) => {
            body.u8(DATE);
            push_date(date, body);
        }
        Value::Number(number) => {
            body.u8(NUMBER);
            push_number(number, body);
        }
        Value::Quantity(quantity) => {
            body.u8(QUANTITY);
            push_number(&quantity.number, body);
            body.optional(quantity.system.as_deref());
            body.optional(quantity.code.as_deref());
            body.optional(quantity.unit.as_deref());
        }
        Value::Code(code) => {
            body.u8(CODE);
            push_code(code, body);
        }
        Value::Identifier(identifier) => {
            body.u8(IDENTIFIER);
            push_code(&identifier.value, body);
            body.n(identifier.types.len());
            for coding in &identifier.types {
                push_code(coding, body);
            }
        }
        Value::Uri(uri) => {
            body.u8(URI);
            body.u8(if uri.canonical { CANONICAL } else { 0 });
            body.text(&uri.text);
        }
        Value::Reference(reference) => {
            body.u8(REFERENCE);
            body.raw(reference.target.as_bytes());
            body.text(&reference.resource_type);
        }
        Value::Text(text) => push_text(text, body),
        Value::Composite(components) => {
            body.u8(COMPOSITE);
            body.n(components.len());
            for values in components {
                body.n(values.len());
                for value in values {
                    match value {
                        Value::Composite(_) => body.refuse(),
                        simple => push(simple, body),
                    }
                }
            }
        }
    }
}

/// `u8 flags and length code ‖ i64 start, if any ‖ i64 end, if any and without a code`.
pub(super) fn push_date(date: &DateRange, body: &mut Writer) {
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

/// `u8 flags ‖ text of the number`, or `u8 flags ‖ text of each end`.
fn push_number(number: &Number, body: &mut Writer) {
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

fn push_code(code: &Code, body: &mut Writer) {
    body.optional(code.system.as_deref());
    body.optional(code.code.as_deref());
}

/// The normal form follows where it is not the received text with `A` to `Z` lowered.
fn push_text(text: &Text, body: &mut Writer) {
    let follows = text.normal != text.received.to_ascii_lowercase();
    body.u8(TEXT);
    body.u8(flag(text.received_cut, RECEIVED_CUT)
        | flag(text.normal_cut, NORMAL_CUT)
        | flag(follows, NORMAL_FOLLOWS));
    body.text(&text.received);
    if follows {
        body.text(&text.normal);
    }
}

fn flag(set: bool, flag: u8) -> u8 {
    if set { flag } else { 0 }
}

pub(super) fn read(body: &mut Reader<'_>) -> Option<Value> {
    match body.u8()? {
        COMPOSITE => {
            let mut components = Vec::new();
            for _ in 0..body.n()? {
                let mut values = Vec::new();
                for _ in 0..body.n()? {
                    let kind = body.u8()?;
                    values.push(read_simple(kind, body)?);
                }
                components.push(values);
            }
            Some(Value::Composite(components))
        }
        kind => read_simple(kind, body),
    }
}

/// A value of any kind but a composite, which is in no other.
fn read_simple(kind: u8, body: &mut Reader<'_>) -> Option<Value> {
    Some(match kind {
        DATE => Value::Date(read_date(body)?),
        NUMBER => Value::Number(read_number(body)?),
        QUANTITY => Value::Quantity(Quantity {
            number: read_number(body)?,
            system: body.optional()?,
            code: body.optional()?,
            unit: body.optional()?,
        }),
        CODE => Value::Code(read_code(body)?),
        IDENTIFIER => {
            let value = read_code(body)?;
            let mut types = Vec::new();
            for _ in 0..body.n()? {
                types.push(read_code(body)?);
            }
            Value::Identifier(Identifier { value, types })
        }
        URI => {
            let flags = known(body.u8()?, CANONICAL)?;
            Value::Uri(Uri {
                canonical: flags == CANONICAL,
                text: body.owned()?,
            })
        }
        REFERENCE => Value::Reference(Reference {
            target: body.tag()?,
            resource_type: body.owned()?,
        }),
        TEXT => Value::Text(read_text(body)?),
        _ => return None,
    })
}

pub(super) fn read_date(body: &mut Reader<'_>) -> Option<DateRange> {
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

fn read_number(body: &mut Reader<'_>) -> Option<Number> {
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

fn read_code(body: &mut Reader<'_>) -> Option<Code> {
    Some(Code {
        system: body.optional()?,
        code: body.optional()?,
    })
}

fn read_text(body: &mut Reader<'_>) -> Option<Text> {
    let flags = known(body.u8()?, RECEIVED_CUT | NORMAL_CUT | NORMAL_FOLLOWS)?;
    let received = body.owned()?;
    let normal = if flags & NORMAL_FOLLOWS == 0 {
        received.to_ascii_lowercase()
    } else {
        body.owned()?
    };
    Some(Text {
        received,
        normal,
        received_cut: flags & RECEIVED_CUT != 0,
        normal_cut: flags & NORMAL_CUT != 0,
    })
}

/// Flags that have a meaning.
fn known(flags: u8, meanings: u8) -> Option<u8> {
    (flags & !meanings == 0).then_some(flags)
}
