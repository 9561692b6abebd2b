//! Search values with escapes: `\,`, `\|`, `\$` and `\\`
//! (<https://hl7.org/fhir/R4/search.html#escaping>).

/// The parts between a separator that is not escaped; escapes stay as they are.
#[must_use]
pub fn split_escaped(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == separator {
            parts.extend(text.get(start..at));
            start = at + c.len_utf8();
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// The text without its escapes; a backslash before any other character stands for itself.
#[must_use]
pub fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        match next {
            Some(next @ (',' | '|' | '$' | '\\')) if c == '\\' => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}
