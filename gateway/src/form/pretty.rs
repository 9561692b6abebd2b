//! JSON indented for people (`_pretty`, <https://hl7.org/fhir/R4/http.html#pretty>). Only blanks
//! are added: texts and numbers stay as they are written.

/// What stands before each level.
const LEVEL: &str = "  ";

/// The indented form of canonical bytes.
pub(crate) fn indented(canonical: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(canonical.len().saturating_mul(2));
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut bytes = canonical.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if quoted {
            quoted = byte != b'"' || escaped;
            escaped = byte == b'\\' && !escaped;
            out.push(byte);
            continue;
        }
        match byte {
            b'{' | b'[' => {
                out.push(byte);
                // What is empty stays together.
                if let Some(end) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    out.push(end);
                } else {
                    depth = depth.saturating_add(1);
                    new_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => {
                quoted = byte == b'"';
                out.push(byte);
            }
        }
    }
    out.push(b'\n');
    out
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    for _ in 0..depth {
        out.extend_from_slice(LEVEL.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_stay_as_they_are() {
        let canonical = br#"{"a":[1.50,{},[]],"b":"{\",:[\\","c":{"d":null}}"#;
        let expected = "{\n  \"a\": [\n    1.50,\n    {},\n    []\n  ],\n  \"b\": \
                        \"{\\\",:[\\\\\",\n  \"c\": {\n    \"d\": null\n  }\n}\n";
        let text = String::from_utf8(indented(canonical)).unwrap();
        assert_eq!(text, expected);
        let parsed = fhir::json::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.to_canonical(), canonical);
    }
}
