//! Values of primitive types (<https://hl7.org/fhir/R4/datatypes.html#primitive>).

use super::moment;
use crate::{definition::Primitive, json::Value};

/// Characters that a string may have, R4's mebibyte.
const MAX_STRING: usize = 1024 * 1024;

/// What is wrong with a value of this type; `None` when nothing is.
pub(super) fn fault(primitive: Primitive, value: &Value) -> Option<&'static str> {
    match (primitive, value) {
        (Primitive::Boolean, Value::Bool(_)) | (Primitive::Decimal, Value::Number(_)) => None,
        (Primitive::Boolean, _) => Some("must be `true` or `false`, without quotes"),
        (Primitive::Decimal, _) => Some("must be a JSON number"),
        (Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt, value) => {
            integer(primitive, value)
        }
        (_, Value::String(text)) => self::text(primitive, text),
        _ => Some("must be a JSON string"),
    }
}

fn integer(primitive: Primitive, value: &Value) -> Option<&'static str> {
    let number = match value {
        // R4 writes no `-0`.
        Value::Number(number) if number.as_str() != "-0" => number.as_str().parse::<i32>().ok(),
        _ => None,
    };
    let (least, text) = match primitive {
        Primitive::PositiveInt => (1, "must be a whole JSON number from 1 to 2147483647"),
        Primitive::UnsignedInt => (0, "must be a whole JSON number from 0 to 2147483647"),
        _ => (
            i32::MIN,
            "must be a whole JSON number from -2147483648 to 2147483647",
        ),
    };
    number.is_none_or(|number| number < least).then_some(text)
}

fn text(primitive: Primitive, text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be an empty string; leave the element out");
    }
    let without_space = |text: &str| !text.contains(is_white);
    let (good, says) = match primitive {
        Primitive::Base64Binary => (is_base64(text), "must be base64 (RFC 4648) with padding"),
        Primitive::Canonical | Primitive::Uri | Primitive::Url => {
            (without_space(text), "must be a URI without white space")
        }
        Primitive::Code => (
            is_code(text),
            "must be a code: no white space but single spaces between words",
        ),
        Primitive::Date => (
            moment::is_date(text),
            "must be a date that exists: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`",
        ),
        Primitive::DateTime => (
            moment::is_date_time(text),
            "must be a date that exists, such as `2026-11-22`, or with time, seconds and zone, \
             such as `2026-11-22T10:00:00Z`",
        ),
        Primitive::Instant => (
            moment::is_instant(text),
            "must be a moment with seconds and zone, such as `2026-11-22T10:00:00Z`",
        ),
        Primitive::Time => (moment::is_time(text), "must be a time: `hh:mm:ss`"),
        Primitive::Id => (is_id(text), "must be 1 to 64 of A-Z, a-z, 0-9, `-` and `.`"),
        Primitive::Oid => (is_oid(text), "must be an OID, such as `urn:oid:1.2.3`"),
        Primitive::Uuid => (
            is_uuid(text),
            "must be a UUID in lower case, such as `urn:uuid:c757873d-ec9a-4326-a141-556f43239520`",
        ),
        _ => (
            text.len() <= MAX_STRING || text.chars().count() <= MAX_STRING,
            "must have at most 1048576 characters",
        ),
    };
    (!good).then_some(says)
}

fn is_base64(text: &str) -> bool {
    let (mut digits, mut padding) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => digits += 1,
            b'=' => padding += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return false,
        }
    }
    digits > 0 && padding <= 2 && (digits + padding).is_multiple_of(4)
}

/// What `\s` means in R4's expressions; a no-break space is none.
const fn is_white(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_code(text: &str) -> bool {
    let mut before = true;
    for c in text.chars() {
        // At most one between two words, and none at the ends.
        if is_white(c) && before {
            return false;
        }
        before = is_white(c);
    }
    !before
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.len() <= 64 && text.bytes().all(allowed)
}

fn is_oid(text: &str) -> bool {
    let Some(oid) = text.strip_prefix("urn:oid:") else {
        return false;
    };
    let mut arcs = oid.split('.');
    let first = matches!(arcs.next(), Some("0" | "1" | "2"));
    let number = |arc: &str| {
        let digits = !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit());
        digits && (arc == "0" || !arc.starts_with('0'))
    };
    let mut rest = arcs.peekable();
    first && rest.peek().is_some() && rest.all(number)
}

fn is_uuid(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix("urn:uuid:") else {
        return false;
    };
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => hex(byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn check(primitive: Primitive, text: &str) -> bool {
        let value = json::parse(format!(r#"{{"a":{text}}}"#).as_bytes()).unwrap();
        fault(primitive, value.get("a").unwrap()).is_none()
    }

    #[test]
    fn numbers_are_json_numbers_in_their_range() {
        for (primitive, good, bad) in [
            (
                Primitive::Boolean,
                &["true", "false"][..],
                &["\"true\"", "1", "null"][..],
            ),
            (
                Primitive::Decimal,
                &["0.010", "-0", "1e400"],
                &["\"1\"", "true"],
            ),
            (
                Primitive::Integer,
                &["0", "-2147483648", "2147483647"],
                &["2147483648", "1.0", "1e2", "-0", "\"1\""],
            ),
            (Primitive::UnsignedInt, &["0", "1"], &["-1"]),
            (Primitive::PositiveInt, &["1"], &["0", "-1", "2147483648"]),
        ] {
            assert!(
                good.iter().all(|text| check(primitive, text)),
                "{primitive:?}"
            );
            assert!(
                !bad.iter().any(|text| check(primitive, text)),
                "{primitive:?}"
            );
        }
    }

    #[test]
    fn strings_have_the_form_of_their_type() {
        for (primitive, good, bad) in [
            (
                Primitive::Base64Binary,
                &["YQ==", "YWJj", "Y Q\\n=="][..],
                &["YQ", "YQ=", "Y", "=", "YQ==YQ==", "Y*=="][..],
            ),
            (
                Primitive::Code,
                &["a", "a b", "a\u{a0}\u{a0}b"],
                &[" a", "a ", "a  b", "a\\t\\tb"],
            ),
            (Primitive::Id, &["a", "A-1.b"], &["a_b", "a b", "é"]),
            (
                Primitive::Oid,
                &["urn:oid:1.2.0"],
                &[
                    "1.2.3",
                    "urn:oid:3.1",
                    "urn:oid:1",
                    "urn:oid:1.02",
                    "urn:oid:1..2",
                ],
            ),
            (Primitive::Uri, &["a:b", "x", "http://é"], &["a b", "a\\n"]),
            (
                Primitive::Uuid,
                &["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
                &[
                    "c757873d-ec9a-4326-a141-556f43239520",
                    "urn:uuid:C757873D-ec9a-4326-a141-556f43239520",
                ],
            ),
            (Primitive::String, &[" ", "\\u0000"], &[]),
        ] {
            let quoted = |text: &str| format!("\"{text}\"");
            for text in good {
                assert!(check(primitive, &quoted(text)), "{primitive:?} {text}");
            }
            for text in bad.iter().chain(&[""]) {
                assert!(!check(primitive, &quoted(text)), "{primitive:?} {text}");
            }
        }
        assert!(check(Primitive::Id, &format!("\"{}\"", "a".repeat(64))));
        assert!(!check(Primitive::Id, &format!("\"{}\"", "a".repeat(65))));
    }
}
