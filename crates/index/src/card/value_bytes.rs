//! Values as bytes: a byte for the kind, then what the kind has.

use super::{
    date_bytes,
    flags::{flag, known},
    number_bytes,
    reader::Reader,
    writer::Writer,
};
use crate::value::{Code, Identifier, Quantity, Reference, Text, Uri, Value};

const DATE: u8 = 1;
const NUMBER: u8 = 2;
const QUANTITY: u8 = 3;
const CODE: u8 = 4;
const IDENTIFIER: u8 = 5;
const URI: u8 = 6;
const REFERENCE: u8 = 7;
const TEXT: u8 = 8;
const COMPOSITE: u8 = 9;

const CANONICAL: u8 = 1;

const RECEIVED_CUT: u8 = 1;
const NORMAL_CUT: u8 = 2;
const NORMAL_FOLLOWS: u8 = 4;

pub(super) fn push(value: &Value, body: &mut Writer) {
    match value {
        Value::Date(date) => {
            body.u8(DATE);
            date_bytes::push(date, body);
        }
        Value::Number(number) => {
            body.u8(NUMBER);
            number_bytes::push(number, body);
        }
        Value::Quantity(quantity) => {
            body.u8(QUANTITY);
            number_bytes::push(&quantity.number, body);
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
        DATE => Value::Date(date_bytes::read(body)?),
        NUMBER => Value::Number(number_bytes::read(body)?),
        QUANTITY => Value::Quantity(Quantity {
            number: number_bytes::read(body)?,
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
