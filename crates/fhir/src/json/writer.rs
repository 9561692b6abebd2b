//! A value to its canonical bytes.

use super::Value;

pub(super) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            for (at, (key, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_string(out, key);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// Appends a string in quotes, escaped as the canonical form escapes.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    while let Some(at) = rest.iter().position(special) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, tail)) = tail.split_first() else {
            break;
        };
        write_escape(out, *byte);
        rest = tail;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use crate::json::parse;

    #[test]
    fn the_canonical_form_is_that_of_the_formats_page() {
        let canonical = |text: &str| {
            let value = parse(text.as_bytes()).expect("valid JSON");
            String::from_utf8(value.to_canonical()).expect("UTF-8")
        };
        for (text, expected) in [
            (" { } ", "{}"),
            (
                r#"{"b":1.50,"a":[ true , null , -0 , 1E+2 ]}"#,
                r#"{"a":[true,null,-0,1E+2],"b":1.50}"#,
            ),
            (
                r#"{"a":"\/\u00e4\u007f\ud83d\ude00"}"#,
                "{\"a\":\"/ä\u{7f}😀\"}",
            ),
            (
                r#"{"a":"\u0000\u001F\u0008\u0009\u000a\u000c\u000d\u0022\u005c"}"#,
                r#"{"a":"\u0000\u001f\b\t\n\f\r\"\\"}"#,
            ),
            // Sorted after unescaping: `\u0061` is `a`.
            (
                r#"{"b":1,"\u0061":2,"":0,"aa":3}"#,
                r#"{"":0,"a":2,"aa":3,"b":1}"#,
            ),
        ] {
            assert_eq!(canonical(text), expected);
        }
    }
}
