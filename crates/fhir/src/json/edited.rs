//! An object written with some of its members replaced, without a copy of it: what
//! clients send can be large.

use super::{Object, Value, write_string};

/// Members in any order; each key must stand once.
pub(crate) struct Edited<'v>(Vec<(&'v str, Part<'v>)>);

enum Part<'v> {
    Kept(&'v Value),
    Text(String),
    Object(Edited<'v>),
}

impl<'v> Edited<'v> {
    /// The members of an object but for these.
    pub(crate) fn without(object: &'v Object, left_out: &[&str]) -> Self {
        let kept = object.iter().filter(|(key, _)| !left_out.contains(key));
        Self(kept.map(|(key, value)| (key, Part::Kept(value))).collect())
    }

    /// No members.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a string.
    pub(crate) fn text(mut self, key: &'v str, text: impl Into<String>) -> Self {
        self.0.push((key, Part::Text(text.into())));
        self
    }

    /// Adds an object.
    pub(crate) fn object(mut self, key: &'v str, object: Self) -> Self {
        self.0.push((key, Part::Object(object)));
        self
    }

    /// Appends the canonical bytes.
    pub(crate) fn write_canonical(mut self, out: &mut Vec<u8>) {
        self.0.sort_unstable_by_key(|(key, _)| *key);
        let mut before = b'{';
        for (key, part) in self.0 {
            out.push(before);
            before = b',';
            write_string(out, key);
            out.push(b':');
            match part {
                Part::Kept(value) => value.write_canonical(out),
                Part::Text(text) => write_string(out, &text),
                Part::Object(object) => object.write_canonical(out),
            }
        }
        if before == b'{' {
            out.push(b'{');
        }
        out.push(b'}');
    }
}
