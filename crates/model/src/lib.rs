//! The words every crate shares: typed ids, scopes, interactions, the states of
//! an anchor, and the two ports through which time and chance come in.
//!
//! Nothing here does IO, and nothing here knows FHIR, HTTP, SQL or keys.

mod anchor_state;
mod bytes;
mod clock;
mod date_text;
mod epoch;
mod facility;
mod fhir_id;
mod interaction;
mod leaf_kind;
mod random;
mod scope;
mod time_stamp;
mod unseen;

pub use anchor_state::{AnchorState, ForbiddenTransition};
pub use bytes::{Commitment, DataKeyId, Digest, LogId, Tag, Token};
pub use clock::{Clock, ManualClock, SystemClock};
pub use date_text::DateSpan;
pub use epoch::EpochRead;
pub use facility::FacilityName;
pub use fhir_id::{LogicalId, ResourceType, VersionNumber};
pub use interaction::{Interaction, Named, Restful, VersionInteraction};
pub use leaf_kind::LeafKind;
pub use random::{Random, RandomUnavailable, SeededRandom, SystemRandom, new_uuid};
pub use scope::Scope;
pub use time_stamp::Timestamp;
pub use unseen::{is_unseen, shown};

/// A value that breaks the rule of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct Invalid {
    /// The thing that was expected, in the reader's words.
    pub what: &'static str,
    /// The rule it breaks.
    pub rule: &'static str,
}
