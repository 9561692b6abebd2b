//! Headers that are lists: all lines of one name are one list, whose members stand
//! between commas (<https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1>).

use crate::http::backslash;
use actix_web::HttpRequest;

/// The members of a list header, over all its lines; a line that is not ASCII text
/// has none.
pub fn members<'r>(request: &'r HttpRequest, name: &str) -> impl Iterator<Item = &'r str> {
    let lines = request.headers().get_all(name);
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| split(line, ','))
}

/// Cuts a text at a separator, but not inside of a quoted string; blanks around a
/// part and empty parts go.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if c == separator && !quoted {
            parts.extend(text.get(start..at));
            start = at + c.len_utf8();
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    parts.extend(text.get(start..));
    parts.retain_mut(|part| {
        *part = part.trim();
        !part.is_empty()
    });
    parts
}

/// `name=value` as its two halves, the value out of its quotes; a name alone has an
/// empty value.
pub fn pair(text: &str) -> (&str, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim(), unquote(value.trim()))
}

/// The text of a quoted string; what has no quotes stays as it is.
fn unquote(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), backslash::unescape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_inside_of_quotes_cut_nothing() {
        assert_eq!(split(r#"a, "b,c" ,, d"#, ','), ["a", r#""b,c""#, "d"]);
        assert_eq!(split(r#""a\",b",c"#, ','), [r#""a\",b""#, "c"]);
        assert_eq!(split("", ','), [""; 0]);
        assert_eq!(split(r#"a="b"#, ','), [r#"a="b"#]);
    }

    #[test]
    fn values_come_out_of_their_quotes() {
        for (text, expected) in [
            ("return=minimal", ("return", "minimal")),
            (r#"return = "min\imal""#, ("return", "minimal")),
            ("respond-async", ("respond-async", "")),
        ] {
            let (name, value) = pair(text);
            assert_eq!((name, value.as_str()), expected);
        }
    }
}
