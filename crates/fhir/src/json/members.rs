//! Writes an object straight to bytes, for what is made on every request.

use super::write_string;

/// An object being written. Keys must come in canonical order and must need no
/// escape: they are ours. What is written is checked by tests, not here.
pub(crate) struct Members<'a> {
    out: &'a mut Vec<u8>,
    before: u8,
}

impl<'a> Members<'a> {
    /// Opens an object.
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        Self { out, before: b'{' }
    }

    /// Writes a key; the caller writes one canonical value after it.
    pub(crate) fn key(&mut self, key: &'static str) -> &mut Vec<u8> {
        self.out.extend_from_slice(&[self.before, b'"']);
        self.before = b',';
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A string member.
    pub(crate) fn text(&mut self, key: &'static str, text: &str) {
        write_string(self.key(key), text);
    }

    /// A string member, when there is one.
    pub(crate) fn text_if(&mut self, key: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    /// A member whose value is canonical JSON already.
    pub(crate) fn raw(&mut self, key: &'static str, value: &[u8]) {
        self.key(key).extend_from_slice(value);
    }

    /// A member that is an object.
    pub(crate) fn object(&mut self, key: &'static str, write: impl FnOnce(&mut Members)) {
        let mut members = Members::open(self.key(key));
        write(&mut members);
        members.close();
    }

    /// A member that is an array of objects.
    pub(crate) fn array<T>(
        &mut self,
        key: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Members, T),
    ) {
        let out = self.key(key);
        let mut before = b'[';
        for item in items {
            out.push(before);
            before = b',';
            let mut members = Members::open(out);
            write(&mut members, item);
            members.close();
        }
        if before == b'[' {
            out.push(b'[');
        }
        out.push(b']');
    }

    /// Closes the object.
    pub(crate) fn close(self) {
        if self.before == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }
}
