//! Takes the members of a stored object out one by one. A member that is left over is
//! one that this release does not know, and refuses the whole.

use super::record_error::RecordError;
use crate::json::{Object, Value};
use std::str::FromStr;

pub(super) struct Reader<'a>(&'a mut Object);

impl<'a> Reader<'a> {
    pub(super) fn of(value: &'a mut Value, name: &'static str) -> Result<Self, RecordError> {
        let object = value.as_object_mut();
        object.map(Self).ok_or(RecordError::Malformed(name))
    }
}

impl Reader<'_> {
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, RecordError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(RecordError::Malformed(name)),
        }
    }

    pub(super) fn needed<T: FromStr>(&mut self, name: &'static str) -> Result<T, RecordError> {
        let text = self.text(name)?.and_then(|text| text.parse().ok());
        text.ok_or(RecordError::Malformed(name))
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<Option<u64>, RecordError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        value.as_u64().map(Some).ok_or(RecordError::Malformed(name))
    }

    /// A member that is `true` or absent.
    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, RecordError> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(_) => Err(RecordError::Malformed(name)),
        }
    }

    pub(super) fn items<T>(
        &mut self,
        name: &'static str,
        read: impl FnMut(Value) -> Result<T, RecordError>,
    ) -> Result<Vec<T>, RecordError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.into_iter().map(read).collect(),
            Some(_) => Err(RecordError::Malformed(name)),
        }
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, RecordError> {
        self.items(name, |item| match item {
            Value::String(text) => Ok(text),
            _ => Err(RecordError::Malformed(name)),
        })
    }

    pub(super) fn end(self) -> Result<(), RecordError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(RecordError::Malformed("a member"))
        }
    }
}
