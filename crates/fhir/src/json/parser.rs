//! Bytes to a value (RFC 8259), with the refusals of docs/proof-format.md:
//! duplicate keys, depth over 64, lone surrogates, a byte order mark, invalid
//! UTF-8, and anything but white space around the one object.
//!
//! The parser recurses, at most [`MAX_DEPTH`] deep. It reads no number: number
//! text is measured and kept.

use super::{JsonError, JsonFault, NumberText, Object, Value, number};

/// How deep objects and arrays may nest; the outermost object is 1.
pub const MAX_DEPTH: u32 = 64;

/// Parses one JSON object.
///
/// # Errors
/// When the bytes break RFC 8259 or one of the refusals above; the error never
/// repeats content.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    parse_within(bytes, usize::MAX)
}

/// Parses one JSON object of at most `most` values, itself included: a value takes
/// many times the memory of the two bytes that can spell it.
///
/// # Errors
/// As [`parse`]; when there are more values.
pub fn parse_within(bytes: &[u8], most: usize) -> Result<Value, JsonError> {
    parse_as((b'{', JsonFault::NotAnObject), bytes, most)
}

/// Parses one JSON array of at most `most` values, itself included.
///
/// # Errors
/// As [`parse_within`]; when the outermost value is no array.
pub fn parse_array(bytes: &[u8], most: usize) -> Result<Value, JsonError> {
    parse_as((b'[', JsonFault::NotAnArray), bytes, most)
}

/// `outermost` is the byte that the text begins with, and the fault of another.
fn parse_as(outermost: (u8, JsonFault), bytes: &[u8], most: usize) -> Result<Value, JsonError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let before = std::str::from_utf8(valid).unwrap_or_default();
            return Err(JsonError::new(JsonFault::NotUtf8, before));
        }
    };
    let mut parser = Parser {
        text,
        at: 0,
        values_left: most,
    };
    parser
        .document(outermost)
        .map_err(|fault| JsonError::new(fault, text.get(..parser.at).unwrap_or_default()))
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of what comes next; on a fault, its place.
    at: usize,
    values_left: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What stands from `from` to here.
    fn since(&self, from: usize) -> &'a str {
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn skip_white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The fault of something else standing here than JSON allows.
    fn unexpected(&self) -> JsonFault {
        match self.peek() {
            None => JsonFault::UnexpectedEnd,
            Some(_) => JsonFault::UnexpectedCharacter,
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    fn document(&mut self, (first, otherwise): (u8, JsonFault)) -> Result<Value, JsonFault> {
        if self.text.starts_with('\u{feff}') {
            return Err(JsonFault::ByteOrderMark);
        }
        self.skip_white_space();
        match self.peek() {
            Some(byte) if byte == first => {}
            None => return Err(JsonFault::UnexpectedEnd),
            Some(_) => return Err(otherwise),
        }
        let value = self.value(1)?;
        self.skip_white_space();
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(JsonFault::TrailingContent),
        }
    }

    /// A value; `depth` is that of an object or array standing here.
    fn value(&mut self, depth: u32) -> Result<Value, JsonFault> {
        let left = self.values_left.checked_sub(1);
        self.values_left = left.ok_or(JsonFault::TooManyValues)?;
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{' | b'[') if depth > MAX_DEPTH => Err(JsonFault::TooDeep),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonFault> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, JsonFault> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        self.at += number::length(rest).ok_or(JsonFault::InvalidNumber)?;
        // `01` and `1x` would otherwise read as a number and something else.
        if self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        {
            return Err(JsonFault::InvalidNumber);
        }
        Ok(Value::Number(NumberText::measured(self.since(start))))
    }

    fn array(&mut self, depth: u32) -> Result<Value, JsonFault> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_white_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_white_space();
            items.push(self.value(depth + 1)?);
            self.skip_white_space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.expect(b']')?;
            // Many arrays of one item would else hold room for four each.
            items.shrink_to_fit();
            return Ok(Value::Array(items));
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, JsonFault> {
        let start = self.at;
        self.at += 1;
        let mut members = Vec::new();
        self.skip_white_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Object::new()));
        }
        loop {
            self.skip_white_space();
            let key = self.string()?;
            self.skip_white_space();
            self.expect(b':')?;
            self.skip_white_space();
            members.push((key, self.value(depth + 1)?));
            self.skip_white_space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.expect(b'}')?;
            break;
        }
        let Some(object) = Object::from_members(members) else {
            self.at = start;
            return Err(JsonFault::DuplicateKey);
        };
        Ok(Value::Object(object))
    }

    /// Goes on to the next byte that is not plain text of a string.
    fn skip_plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        self.at += rest.iter().position(special).unwrap_or(rest.len());
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        self.expect(b'"')?;
        let start = self.at;
        self.skip_plain();
        let mut text = String::from(self.since(start));
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err(JsonFault::ControlCharacter),
                None => return Err(JsonFault::UnexpectedEnd),
            }
            let plain = self.at;
            self.skip_plain();
            text.push_str(self.since(plain));
        }
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        self.at += 1;
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            Some(_) => return Err(JsonFault::InvalidEscape),
            None => return Err(JsonFault::UnexpectedEnd),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `uXXXX`, or two of them that form a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, JsonFault> {
        let start = self.at;
        let first = self.four_digits()?;
        let code = match first {
            0xd800..=0xdbff => {
                let second = if self.peek() == Some(b'\\') {
                    self.at += 1;
                    self.four_digits()
                        .ok()
                        .filter(|low| (0xdc00..=0xdfff).contains(low))
                } else {
                    None
                };
                second.map(|low| 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00))
            }
            _ => Some(first),
        };
        // What is left without a character is a half that stands alone.
        code.and_then(char::from_u32).ok_or_else(|| {
            self.at = start;
            JsonFault::LoneSurrogate
        })
    }

    fn four_digits(&mut self) -> Result<u32, JsonFault> {
        if self.peek() != Some(b'u') {
            return Err(JsonFault::InvalidEscape);
        }
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.peek().ok_or(JsonFault::UnexpectedEnd)?;
            let digit = char::from(byte)
                .to_digit(16)
                .ok_or(JsonFault::InvalidEscape)?;
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<JsonFault> {
        parse(text.as_bytes()).err().map(|error| error.fault)
    }

    #[test]
    fn each_refusal_has_its_name() {
        use JsonFault as F;
        for (text, expected) in [
            ("", F::UnexpectedEnd),
            ("  ", F::UnexpectedEnd),
            ("[]", F::NotAnObject),
            ("\u{feff}{}", F::ByteOrderMark),
            ("{}x", F::TrailingContent),
            ("{}\u{feff}", F::TrailingContent),
            ("{", F::UnexpectedEnd),
            ("{,}", F::UnexpectedCharacter),
            (r#"{"a":1,}"#, F::UnexpectedCharacter),
            (r#"{"a":[1,]}"#, F::UnexpectedCharacter),
            (r#"{"a" 1}"#, F::UnexpectedCharacter),
            (r#"{"a":tru}"#, F::UnexpectedCharacter),
            (r#"{"a":01}"#, F::InvalidNumber),
            (r#"{"a":1.}"#, F::InvalidNumber),
            (r#"{"a":-}"#, F::InvalidNumber),
            (r#"{"a":"\x"}"#, F::InvalidEscape),
            (r#"{"a":"\u12g4"}"#, F::InvalidEscape),
            (r#"{"a":"\ud800"}"#, F::LoneSurrogate),
            (r#"{"a":"\ud800\u0041"}"#, F::LoneSurrogate),
            (r#"{"a":"\ud800\n"}"#, F::LoneSurrogate),
            (r#"{"a":"\udc00\ud800"}"#, F::LoneSurrogate),
            ("{\"a\":\"\n\"}", F::ControlCharacter),
            (r#"{"a":1,"b":2,"a":3}"#, F::DuplicateKey),
            (r#"{"a":1,"\u0061":2}"#, F::DuplicateKey),
            (r#"{"a":"#, F::UnexpectedEnd),
            (r#"{"a":"\"#, F::UnexpectedEnd),
        ] {
            assert_eq!(fault(text), Some(expected), "{text}");
        }
        assert_eq!(
            parse(b"{\"a\":\"\xff\"}").map_err(|e| e.fault),
            Err(F::NotUtf8)
        );
    }

    #[test]
    fn depth_64_is_taken_and_65_is_not() {
        let nested = |depth: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        assert_eq!(fault(&nested(64)), None);
        assert_eq!(fault(&nested(65)), Some(JsonFault::TooDeep));
        // Without a limit this one would end the process.
        assert_eq!(
            fault(&format!("{{\"a\":{}", "[".repeat(1_000_000))),
            Some(JsonFault::TooDeep)
        );
    }

    #[test]
    fn values_are_counted_wherever_they_stand() {
        let text = br#"{"a":[0,"",{"b":null}],"c":{}}"#;
        assert!(parse_within(text, 7).is_ok());
        let fault = parse_within(text, 6).map_err(|error| error.fault);
        assert_eq!(fault, Err(JsonFault::TooManyValues));
    }

    #[test]
    fn the_place_is_told_in_lines_and_characters() {
        let error = parse("{\n \"ä\":\t?}".as_bytes()).expect_err("no JSON");
        assert_eq!((error.line, error.column), (2, 7));
        assert!(!error.to_string().contains('ä'));
        let error = parse(b"{\"a\":{\"b\":1,\"b\":2}}").expect_err("a key twice");
        assert_eq!((error.line, error.column), (1, 6));
    }
}
