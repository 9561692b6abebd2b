//! The type under which an envelope is sealed: part of its place, and so of its AAD.

use model::ResourceType;

/// The type of a record, or a word of the sealer's own that no resource type is, such as
/// `#query`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedType<'a>(&'a str);

impl SealedType<'static> {
    /// A word of the sealer's own.
    #[must_use]
    pub const fn own(word: &'static str) -> Self {
        Self(word)
    }
}

impl<'a> SealedType<'a> {
    /// The text in AADs and tags.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl<'a> From<&'a ResourceType> for SealedType<'a> {
    fn from(kind: &'a ResourceType) -> Self {
        Self(kind.as_str())
    }
}
