//! The leaf: statement, salted commitment, log entry, leaf hash
//! (docs/proof-format.md, section 3). The public log holds the entry only;
//! statement and salt stay with the record until somebody proves it.

pub(crate) mod canonical;
pub(crate) mod statement;
pub(crate) mod system_statement;

pub use crate::leaf::canonical::Member;
pub use crate::leaf::statement::{Statement, StatementError};
pub use crate::leaf::system_statement::{AnyStatement, SystemStatement};

use model::{Commitment, Digest};
use sha2::{Digest as _, Sha256};

/// The first byte of every entry of this format.
pub const ENTRY_VERSION: u8 = 0x01;

/// Length of an entry in bytes.
pub const ENTRY_LEN: usize = 33;

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// `SHA-256("chartseal/1/leaf\n" ‖ leaf salt ‖ statement)`.
#[must_use]
pub fn commitment(leaf_salt: &[u8; 32], statement: &str) -> Commitment {
    Commitment::new(sha256(&[
        b"chartseal/1/leaf\n",
        leaf_salt,
        statement.as_bytes(),
    ]))
}

/// `0x01 ‖ commitment`: all that the public log holds.
#[must_use]
pub fn entry(commitment: &Commitment) -> [u8; ENTRY_LEN] {
    let mut entry = [ENTRY_VERSION; ENTRY_LEN];
    for (byte, source) in entry.iter_mut().skip(1).zip(commitment.as_bytes()) {
        *byte = *source;
    }
    entry
}

/// `SHA-256(0x00 ‖ entry)` (RFC 9162, 2.1.1).
#[must_use]
pub fn leaf_hash(commitment: &Commitment) -> Digest {
    Digest::new(sha256(&[&[0x00], &entry(commitment)]))
}

/// `SHA-256("chartseal/1/content\n" ‖ content salt ‖ canonical bytes)`; for a
/// delete the bytes are empty.
#[must_use]
pub fn content_digest(content_salt: &[u8; 32], canonical: &[u8]) -> Digest {
    Digest::new(sha256(&[b"chartseal/1/content\n", content_salt, canonical]))
}

/// A leaf of the event tree of one audit record:
/// `SHA-256(0x00 ‖ SHA-256("chartseal/1/event\n" ‖ event salt ‖ AuditEvent))`.
#[must_use]
pub fn event_leaf(event_salt: &[u8; 32], canonical_event: &[u8]) -> Digest {
    let inner = sha256(&[b"chartseal/1/event\n", event_salt, canonical_event]);
    Digest::new(sha256(&[&[0x00], &inner]))
}

/// The content of an audit record whose events are `size` leaves under `root`:
/// `SHA-256("chartseal/1/events\n" ‖ size as 8 bytes, big-endian ‖ root)`.
///
/// The root alone does not say how many leaves it is over: a path to leaf 1 of 3
/// is one to leaf 1 of 4 as well.
#[must_use]
pub fn events_digest(size: u64, root: &Digest) -> Digest {
    Digest::new(sha256(&[
        b"chartseal/1/events\n",
        &size.to_be_bytes(),
        root.as_bytes(),
    ]))
}
