//! The ways in which sealing, opening and unwrapping fail. None of the texts
//! holds anything from a record or a key.

use model::RandomUnavailable;

/// Nothing was sealed or wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No salt, nonce or key can be drawn.
    #[error("{0}; nothing was sealed, try again")]
    Random(#[from] RandomUnavailable),
    /// Id, content and padding together pass 2^32 - 1 bytes.
    #[error("the content is too large to be sealed; it must stay under 4 GiB")]
    TooLarge,
}

/// An envelope was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Wrong version byte or an impossible length.
    #[error("the stored bytes are not an envelope; restore the row from a backup")]
    NotAnEnvelope,
    /// The key commitment is not this data key's.
    #[error("the data key did not seal this envelope; take the key that the envelope names")]
    WrongKey,
    /// AES-GCM refused: altered bytes, an envelope of another place, or other facts in
    /// clear beside it.
    #[error(
        "the envelope was altered, belongs to another facility, type, record or version, or \
         the row says something else in clear than when it was sealed; restore the row from a \
         backup"
    )]
    Altered,
    /// Authentic, but padding or id are not as this format has them.
    #[error("the sealed content is not of a form that this release reads; use a newer release")]
    UnknownForm,
}

/// An index card or a patient head was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Wrong version byte or an impossible length.
    #[error("the stored bytes are not an index card; index the record again")]
    NotACard,
    /// AES-GCM refused: altered bytes, another key, another place or another row.
    #[error("the index card was altered or belongs elsewhere; index the record again")]
    Altered,
    /// Authentic, but not in the form of this format.
    #[error("the index card is not of a form that this release reads; use a newer release")]
    UnknownForm,
}

/// A wrapped key was not unwrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// Not 60 bytes.
    #[error("the stored bytes are not a wrapped key; restore the row from a backup")]
    NotAWrappedKey,
    /// AES-GCM refused: altered bytes, another scope, or another wrapping key.
    #[error(
        "the wrapped key was altered, or belongs to another facility, scope, id or KEK \
         generation; restore the row from a backup"
    )]
    Refused,
}
