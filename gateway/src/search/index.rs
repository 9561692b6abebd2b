//! Index values: the tags and tokens by which records are found. A write and a query make
//! them in the same way, so that neither finds what the other does not mean.

use crate::facility::Facility;
use model::{LogicalId, ResourceType, Tag, Token};
use sealing::Form;
use std::borrow::Cow;
use store::Link;

/// Makes the index values of one type at one facility.
#[derive(Clone, Copy)]
pub(crate) struct Index<'f> {
    facility: &'f Facility,
    /// The type of the records that are found.
    kind: &'f ResourceType,
}

/// The index values of one record.
#[derive(Default)]
pub(crate) struct IndexValues {
    pub(crate) links: Vec<Link>,
    pub(crate) tokens: Vec<Token>,
}

impl<'f> Index<'f> {
    pub(crate) const fn new(facility: &'f Facility, kind: &'f ResourceType) -> Self {
        Self { facility, kind }
    }

    /// The record of this id, of the type that is searched.
    pub(crate) fn own(self, id: &LogicalId) -> Tag {
        self.record(self.kind, id)
    }

    /// A record that others refer to.
    pub(crate) fn record(self, kind: &ResourceType, id: &LogicalId) -> Tag {
        let tags = &self.facility.tags;
        tags.record_tag(kind.as_str(), id.as_str())
    }

    /// The token of a value.
    pub(crate) fn token(self, parameter: &str, form: Form, value: &str) -> Token {
        let (index, kind) = (&self.facility.index, self.kind.as_str());
        index.token(kind, parameter, form, value, None)
    }
}

impl IndexValues {
    /// The record refers to another by a parameter.
    pub(crate) fn link(&mut self, parameter: &'static str, target: Tag) {
        self.links.push(Link {
            param: Cow::Borrowed(parameter),
            target,
        });
    }
}
