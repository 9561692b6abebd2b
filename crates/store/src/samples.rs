//! Rows for tests and measurements.

use crate::{Audit, NewAudit};
use model::{Commitment, DataKeyId, Interaction, Tag, Timestamp};

/// As little of an audit record as carries a leaf: of no user and no
/// patient, with an envelope that opens for nobody.
#[must_use]
pub fn audit(record: Tag, time: Timestamp, commitment: Commitment) -> NewAudit {
    let audit = Audit {
        record,
        time,
        interaction: Interaction::stored("read"),
        outcome: 0,
        purpose: None,
        policy_number: 1,
        user: None,
        client: None,
        subject: None,
        events: 1,
        padded_size: 256,
        data_key: DataKeyId::new([0; DataKeyId::LEN]),
        envelope: vec![1],
        queries: Vec::new(),
    };
    NewAudit {
        audit,
        patients: Vec::new(),
        commitment,
    }
}
