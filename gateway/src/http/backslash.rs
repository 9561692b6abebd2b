//! Texts in which a backslash takes the meaning from the character after it: quoted
//! strings of headers (<https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4>). Values of
//! search parameters have escapes of their own, `index::unescaped`.

/// The text that an escaped one stands for. A backslash at the end stands for nothing.
pub fn unescape(text: &str) -> String {
    let (mut plain, mut escaped) = (String::new(), false);
    for c in text.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(c);
            escaped = false;
        }
    }
    plain
}
