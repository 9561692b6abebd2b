//! The members of an object, sorted by the bytes of their keys.

use super::Value;

/// Members by key; no key stands twice.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Value)>);

impl Object {
    /// An object without members.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sorts members; `None` when a key stands twice.
    pub(super) fn from_members(mut members: Vec<(String, Value)>) -> Option<Self> {
        let rising = |members: &[(String, Value)]| members.is_sorted_by(|a, b| a.0 < b.0);
        if !rising(&members) {
            members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            if !rising(&members) {
                return None;
            }
        }
        members.shrink_to_fit();
        Some(Self(members))
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| own.as_str().cmp(key))
    }

    /// The member of this name.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(self.find(key).ok()?).map(|(_, value)| value)
    }

    /// The member of this name, to change it.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.find(key).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Sets a member and gives back the one it replaces.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.find(&key) {
            Ok(at) => {
                let (_, old) = self.0.get_mut(at)?;
                Some(std::mem::replace(old, value))
            }
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.find(key).ok()?;
        Some(self.0.remove(at).1)
    }

    /// Keeps the members that meet a condition.
    pub fn retain(&mut self, is_kept: impl Fn(&str, &Value) -> bool) {
        self.0.retain(|(key, value)| is_kept(key, value));
    }

    /// The members in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The members in order, to change their values.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(key, value)| (key.as_str(), value))
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Of a key that stands twice the last member is kept.
impl<K: Into<String>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(members: I) -> Self {
        let mut object = Self::new();
        for (key, value) in members {
            object.insert(key, value);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_sorted_by_bytes() {
        let mut object = Object::new();
        // U+FFFF sorts before U+10000 in UTF-8, after it in UTF-16.
        for key in ["b", "\u{10000}", "a", "\u{ffff}", "B"] {
            assert!(object.insert(key, true).is_none());
        }
        assert_eq!(object.insert("a", false), Some(Value::Bool(true)));
        let keys: Vec<&str> = object.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["B", "a", "b", "\u{ffff}", "\u{10000}"]);
        assert_eq!(object.remove("b"), Some(Value::Bool(true)));
        assert_eq!(object.get("b"), None);
        assert_eq!(object.len(), 4);
    }
}
