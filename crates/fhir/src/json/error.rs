//! Why bytes are not JSON that we take, and where.

use std::fmt;

/// What is wrong, without what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonFault {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text starts with a byte order mark.
    ByteOrderMark,
    /// The outermost value is not an object.
    NotAnObject,
    /// The outermost value is not an array, where one is asked for.
    NotAnArray,
    /// The text ends before the object does.
    UnexpectedEnd,
    /// A character that cannot stand there.
    UnexpectedCharacter,
    /// A number that breaks the grammar of RFC 8259.
    InvalidNumber,
    /// An escape that RFC 8259 does not have.
    InvalidEscape,
    /// An escaped half of a surrogate pair without the other half.
    LoneSurrogate,
    /// A control character in a string that is not escaped.
    ControlCharacter,
    /// An object has a member of the same name twice.
    DuplicateKey,
    /// Objects and arrays nest deeper than [`super::MAX_DEPTH`].
    TooDeep,
    /// More values than the caller takes.
    TooManyValues,
    /// Something other than white space follows the object.
    TrailingContent,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "the text is not UTF-8",
            Self::ByteOrderMark => "the text starts with a byte order mark; remove it",
            Self::NotAnObject => "the text is not a JSON object",
            Self::NotAnArray => "the text is not a JSON array",
            Self::UnexpectedEnd => "the text ends before the JSON object does",
            Self::UnexpectedCharacter => "a character stands where JSON does not allow it",
            Self::InvalidNumber => "a number is not written as JSON writes numbers",
            Self::InvalidEscape => "a string has an escape that JSON does not have",
            Self::LoneSurrogate => "a string has half of a surrogate pair",
            Self::ControlCharacter => "a string has a control character that is not escaped",
            Self::DuplicateKey => "an object has a member of the same name twice",
            Self::TooDeep => "objects and arrays nest deeper than 64",
            Self::TooManyValues => {
                "the text has more values than one request may have; send it in parts"
            }
            Self::TrailingContent => "something follows the JSON object",
        })
    }
}

/// A fault and its place; a duplicate key is placed at the start of its object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at line {line} column {column}")]
pub struct JsonError {
    /// What is wrong.
    pub fault: JsonFault,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl JsonError {
    /// A fault at a byte offset of the text before it.
    pub(super) fn new(fault: JsonFault, before: &str) -> Self {
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            fault,
            line: before.matches('\n').count() + 1,
            column: last_line.chars().count() + 1,
        }
    }
}
