//! Canonical JSON of statements: keys sorted by UTF-8 bytes, no white space,
//! plain decimal integers, the shortest escapes (docs/proof-format.md, section 2).
//!
//! The reader takes exactly what the writer makes and nothing else, so a
//! statement has one spelling. It is not a general JSON parser: numbers with
//! sign, fraction or exponent, `true`, `false` and `null` do not occur in
//! statements.

use crate::whole_number::whole_number;
use std::collections::BTreeMap;

/// A value inside a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// A string.
    Text(String),
    /// A whole number of at most 19 digits.
    Number(u64),
    /// An array.
    List(Vec<Member>),
    /// An object.
    Object(BTreeMap<String, Member>),
}

/// The deepest nesting that is read; the outermost object is level 1.
const MAX_DEPTH: usize = 64;

/// Writes an object in its one spelling.
pub(crate) fn write_object(members: &BTreeMap<String, Member>) -> String {
    let mut out = String::with_capacity(512);
    object(&mut out, members);
    out
}

fn object(out: &mut String, members: &BTreeMap<String, Member>) {
    out.push('{');
    for (position, (name, member)) in members.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        text(out, name);
        out.push(':');
        value(out, member);
    }
    out.push('}');
}

fn value(out: &mut String, member: &Member) {
    match member {
        Member::Text(content) => text(out, content),
        Member::Number(number) => out.push_str(&number.to_string()),
        Member::List(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                value(out, item);
            }
            out.push(']');
        }
        Member::Object(members) => object(out, members),
    }
}

/// Writes one string with its quotes. Only `"`, `\` and the characters below
/// U+0020 are escaped.
fn text(out: &mut String, content: &str) {
    out.push('"');
    for c in content.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads an object that stands in its one spelling; `None` for anything else.
pub(crate) fn read_object(source: &str) -> Option<BTreeMap<String, Member>> {
    let mut reader = Reader { rest: source };
    let Member::Object(members) = reader.value(1)? else {
        return None;
    };
    // Writing it again settles order, duplicates and escapes in one go.
    (reader.rest.is_empty() && write_object(&members) == source).then_some(members)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn accept(&mut self, prefix: char) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    fn value(&mut self, depth: usize) -> Option<Member> {
        if self.accept('"') {
            self.string().map(Member::Text)
        } else if self.accept('{') && depth <= MAX_DEPTH {
            self.object(depth).map(Member::Object)
        } else if self.accept('[') && depth <= MAX_DEPTH {
            self.list(depth).map(Member::List)
        } else {
            self.number().map(Member::Number)
        }
    }

    fn object(&mut self, depth: usize) -> Option<BTreeMap<String, Member>> {
        let mut members = BTreeMap::new();
        if self.accept('}') {
            return Some(members);
        }
        loop {
            let name = self.accept('"').then(|| self.string())??;
            let member = self.accept(':').then(|| self.value(depth + 1))??;
            members.insert(name, member);
            if self.accept('}') {
                return Some(members);
            }
            self.accept(',').then_some(())?;
        }
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Member>> {
        let mut items = Vec::new();
        if self.accept(']') {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.accept(']') {
                return Some(items);
            }
            self.accept(',').then_some(())?;
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut content = String::new();
        loop {
            match self.next()? {
                '"' => return Some(content),
                '\\' => content.push(self.escape()?),
                c => content.push(c),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        match self.next()? {
            '"' => Some('"'),
            '\\' => Some('\\'),
            'b' => Some('\u{8}'),
            't' => Some('\t'),
            'n' => Some('\n'),
            'f' => Some('\u{c}'),
            'r' => Some('\r'),
            'u' => {
                let (digits, rest) = self.rest.split_at_checked(4)?;
                self.rest = rest;
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u64> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        self.rest = rest;
        whole_number(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member() -> impl Strategy<Value = Member> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Member::Text),
            (0..10_u64.pow(19)).prop_map(Member::Number),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Member::List),
                prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Member::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            members in prop::collection::btree_map(any::<String>(), member(), 0..6)
        ) {
            let written = write_object(&members);
            prop_assert_eq!(read_object(&written), Some(members));
        }

        #[test]
        fn strings_are_escaped_as_serde_json_escapes_them(content: String) {
            let mut written = String::new();
            text(&mut written, &content);
            prop_assert_eq!(written, serde_json::to_string(&content).expect("a string"));
        }

        #[test]
        fn reading_never_panics(source: String) {
            let _ = read_object(&source);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        assert!(read_object(r#"{"a":1,"b":"\u001f"}"#).is_some());
        for bad in [
            r#"{"b":1,"a":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a": 1}"#,
            r#"{"a":01}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":+1}"#,
            r#"{"a":}"#,
            r#"{"a":"\/"}"#,
            r#"{"a":"\u001F"}"#,
            r#"{"a":"\u0041"}"#,
            r#"{"a":"\u+01f"}"#,
            r#"{"a":1,}"#,
            r#"{"a":1}x"#,
            r#"["a"]"#,
            "{\"a\":\"\n\"}",
            r#"{"a":true}"#,
            "",
        ] {
            assert_eq!(read_object(bad), None, "{bad}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |lists: usize| format!("{{\"a\":{}{}}}", "[".repeat(lists), "]".repeat(lists));
        assert!(read_object(&nested(63)).is_some());
        assert!(read_object(&nested(64)).is_none());
        assert!(read_object(&nested(1_000_000)).is_none());
    }
}
