//! Percent-encoding (<https://www.rfc-editor.org/rfc/rfc3986#section-2.1>).

/// Whether a URL, a part of one, or a form decodes: each `%` begins two hexadecimal digits,
/// and what they stand for is UTF-8. A decoder would take the rest for something else.
#[must_use]
pub fn decodes(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        match digit().zip(digit()).map(|(high, low)| high * 16 + low) {
            Some(byte) => decoded.extend(u8::try_from(byte)),
            None => return false,
        }
    }
    std::str::from_utf8(&decoded).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_follow_and_utf_8_comes_of_them() {
        for whole in ["", "Patient?name=%C3%a9&x=1%2B1", "100%25", "é"] {
            assert!(decodes(whole), "{whole}");
        }
        for broken in [
            "%", "%4", "%zz", "a%4g", "%%41", "%ff", "%C3", "%C3x", "%+1", "% 1",
        ] {
            assert!(!decodes(broken), "{broken}");
        }
    }
}
