//! JSON Pointer (RFC 6901): a place in a JSON document.

use crate::json::{MAX_DEPTH, Value};

/// The members and items on the way, from the outermost value on.
#[derive(PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

impl Pointer {
    /// Reads one; `None` when it breaks the grammar, or is longer than what nests in a
    /// resource.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let tokens = text.strip_prefix('/')?.split('/');
        let tokens: Vec<String> = tokens
            .take(MAX_DEPTH as usize + 1)
            .map(unescaped)
            .collect::<Option<_>>()?;
        (tokens.len() <= MAX_DEPTH as usize).then_some(Self(tokens))
    }

    /// What stands there.
    pub(super) fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0
            .iter()
            .try_fold(document, |value, token| match value {
                Value::Object(object) => object.get(token),
                Value::Array(items) => items.get(index(token)?),
                _ => None,
            })
    }

    /// What stands there, to change it.
    pub(super) fn find_mut<'v>(&self, document: &'v mut Value) -> Option<&'v mut Value> {
        walk(document, &self.0)
    }

    /// What holds it, and by which token; `None` for the document itself.
    pub(super) fn holder<'v, 'p>(
        &'p self,
        document: &'v mut Value,
    ) -> Option<(&'v mut Value, &'p str)> {
        let (last, before) = self.0.split_last()?;
        Some((walk(document, before)?, last))
    }

    /// Number of members and items on the way.
    pub(super) const fn steps(&self) -> usize {
        self.0.len()
    }

    /// Whether it names the document itself.
    pub(super) const fn is_document(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the other leads into what this one names.
    pub(super) fn holds(&self, other: &Self) -> bool {
        other.0.len() > self.0.len() && other.0.starts_with(&self.0)
    }
}

fn walk<'v>(document: &'v mut Value, tokens: &[String]) -> Option<&'v mut Value> {
    tokens
        .iter()
        .try_fold(document, |value, token| match value {
            Value::Object(object) => object.get_mut(token),
            Value::Array(items) => items.get_mut(index(token)?),
            _ => None,
        })
}

/// The index of an item: digits without a leading zero.
pub(super) fn index(token: &str) -> Option<usize> {
    let is_plain = token == "0" || !token.starts_with('0');
    let is_digits = token.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain || !is_digits {
        return None;
    }
    token.parse().ok()
}

/// `~1` is `/`, `~0` is `~`, and no other `~` stands alone.
fn unescaped(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (escaped, rest) = match part.strip_prefix('0') {
            Some(rest) => ('~', rest),
            None => ('/', part.strip_prefix('1')?),
        };
        text.push(escaped);
        text.push_str(rest);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    /// The examples of RFC 6901, section 5.
    #[test]
    fn the_examples_of_the_rfc_lead_where_it_says() {
        let document = br#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        let document = parse(document).unwrap();
        for (pointer, found) in [
            ("", None),
            ("/foo", None),
            ("/", Some(0)),
            ("/a~1b", Some(1)),
            ("/c%d", Some(2)),
            ("/e^f", Some(3)),
            ("/g|h", Some(4)),
            ("/i\\j", Some(5)),
            ("/k\"l", Some(6)),
            ("/ ", Some(7)),
            ("/m~0n", Some(8)),
        ] {
            let value = Pointer::parse(pointer).unwrap().find(&document).unwrap();
            assert_eq!(value.as_u64(), found, "{pointer}");
        }
        let bar = Pointer::parse("/foo/0").unwrap();
        assert_eq!(bar.find(&document).unwrap().as_str(), Some("bar"));
    }

    #[test]
    fn what_breaks_the_grammar_is_no_pointer() {
        for text in ["a", "a/b", "/~", "/~2", "/a~"] {
            assert!(Pointer::parse(text).is_none(), "{text}");
        }
        for token in ["-", "01", "+1", "", "1e0", "99999999999999999999"] {
            assert_eq!(index(token), None, "{token}");
        }
    }
}
