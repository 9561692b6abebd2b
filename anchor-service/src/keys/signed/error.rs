//! Why signed states cannot be used.

/// Why the signed states cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// The system does not let us.
    #[error("the signed states at `{place}` cannot be read or written: {problem}")]
    Unusable {
        /// Where they are, or were to be.
        place: String,
        /// What the system says.
        problem: String,
    },
    /// It is no list of signed states.
    #[error(
        "`{place}` does not hold signed states: see that the database is the newest there is, \
         move the file away and run `chartseal anchor adopt`; never put an old one back"
    )]
    Damaged {
        /// Where they are.
        place: String,
    },
    /// A row is no signed state.
    #[error(
        "the row of `{origin}` in {place} is no signed state: see that the database of the \
         records is the newest there is, delete the row and run `chartseal anchor adopt`"
    )]
    DamagedRow {
        /// What the row says of whose it is.
        origin: String,
        /// The table.
        place: String,
    },
    /// Another signs too.
    #[error("another process signed in between; its state at `{place}` counts")]
    Changed {
        /// Where they are.
        place: String,
    },
}
