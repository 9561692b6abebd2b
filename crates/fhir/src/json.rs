//! Exact JSON: a value that keeps what was received, and its one canonical form.
//!
//! Numbers keep their text (a decimal's precision is meaning in FHIR,
//! <https://hl7.org/fhir/R4/datatypes.html#decimal>), members are sorted by the
//! bytes of their keys. The canonical form is that of docs/proof-format.md:
//! no white space, only `"`, `\` and control characters escaped. Records are
//! hashed over it, and the offline verifier uses this module too, so it stays
//! small. It is not a general JSON library: the outermost value is an object.

mod edited;
mod error;
mod members;
mod number;
mod object;
mod parser;
mod writer;

pub(crate) use edited::Edited;
pub use error::{JsonError, JsonFault};
pub(crate) use members::Members;
pub use number::NumberText;
pub use object::Object;
pub use parser::{MAX_DEPTH, parse, parse_array, parse_within};
pub use writer::write_string;

use std::fmt;

/// A JSON value.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its text.
    Number(NumberText),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, sorted by key.
    Object(Object),
}

impl Value {
    /// The canonical bytes.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        self.write_canonical(&mut out);
        out
    }

    /// Appends the canonical bytes.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        writer::write(self, out);
    }

    /// The member of this name, when this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The member of this name, to change it.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_object_mut()?.get_mut(key)
    }

    /// The text, when this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, when this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, when this is a plain decimal integer from 0 to 2^64 - 1.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.as_u64(),
            _ => None,
        }
    }

    /// The items, when this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members, when this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The members, to change them.
    #[must_use]
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Each value found on a path of member names, arrays taken item by item.
    pub fn each<'a>(&'a self, path: &str, found: &mut impl FnMut(&'a Value)) {
        match self {
            Self::Array(items) => items.iter().for_each(|item| item.each(path, found)),
            _ if path.is_empty() => found(self),
            Self::Object(object) => {
                let (name, rest) = path.split_once('.').unwrap_or((path, ""));
                if let Some(value) = object.get(name) {
                    value.each(rest, found);
                }
            }
            _ => {}
        }
    }
}

/// Shows the kind only: values hold what must not reach a log.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(_) => f.write_str("a truth value"),
            Self::Number(_) => f.write_str("a number"),
            Self::String(_) => f.write_str("a string"),
            Self::Array(items) => write!(f, "an array of {}", items.len()),
            Self::Object(object) => write!(f, "an object of {}", object.len()),
        }
    }
}

macro_rules! from {
    ($($from:ty => $value:expr;)*) => {$(
        impl From<$from> for Value {
            fn from(from: $from) -> Self {
                $value(from)
            }
        }
    )*};
}
from! {
    bool => Value::Bool;
    String => Value::String;
    &str => |text: &str| Value::String(text.to_owned());
    u32 => |number: u32| Value::Number(u64::from(number).into());
    u64 => |number: u64| Value::Number(number.into());
    NumberText => Value::Number;
    Vec<Value> => Value::Array;
    Object => Value::Object;
}

impl<const N: usize> From<[(&str, Value); N]> for Value {
    fn from(members: [(&str, Value); N]) -> Self {
        Self::Object(members.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_through_arrays() {
        let value =
            parse(br#"{"a":[{"b":"1"},{"c":2},[{"b":["2","3"]}]],"b":"no"}"#).expect("valid JSON");
        let mut found = Vec::new();
        value.each("a.b", &mut |value| found.extend(value.as_str()));
        assert_eq!(found, ["1", "2", "3"]);
    }

    #[test]
    fn debug_shows_no_content() {
        let value = parse(br#"{"name":"Peter"}"#).expect("valid JSON");
        assert_eq!(format!("{value:?}"), "an object of 1");
    }
}
