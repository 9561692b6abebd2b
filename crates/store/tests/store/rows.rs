//! The rows that tests write.

use crate::world::at;
use model::{
    Commitment, DataKeyId, Interaction, ResourceType, Tag, Token, VersionInteraction, VersionNumber,
};
use store::{Audit, FacilityId, Link, NewAudit, NewVersion, PendingLeaf, Store, Version};

pub fn tag(number: u32) -> Tag {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes[15] = 1;
    Tag::new(bytes)
}

pub fn token(number: u32) -> Token {
    Token::new(*tag(number).as_bytes())
}

pub fn number(number: u32) -> VersionNumber {
    VersionNumber::new(number).expect("a version number")
}

pub fn observation() -> ResourceType {
    "Observation".parse().expect("a type")
}

/// A commitment that tells record and version.
pub fn commitment(record: Tag, version: u32) -> Commitment {
    let mut bytes = [7; 32];
    bytes[..16].copy_from_slice(record.as_bytes());
    bytes[16..20].copy_from_slice(&version.to_be_bytes());
    Commitment::new(bytes)
}

/// A version of an Observation about patient 1, with one token.
pub fn version(record: u32, version: u32) -> NewVersion {
    let record = tag(record);
    let interaction = match version {
        1 => VersionInteraction::Create,
        _ => VersionInteraction::Update,
    };
    NewVersion {
        version: Version {
            resource_type: observation(),
            record,
            number: number(version),
            interaction,
            policy_number: 3,
            time: at(i64::from(version)),
            subject: Some(tag(1)),
            padded_size: 512,
            data_key: DataKeyId::new([9; 16]),
            envelope: vec![u8::try_from(version % 256).expect("a byte"); 600],
        },
        links: vec![Link {
            param: "subject".into(),
            target: tag(1),
        }],
        tokens: vec![token(1)],
        commitment: commitment(record, version),
    }
}

pub fn delete(record: u32, of: u32) -> NewVersion {
    let mut new = version(record, of);
    new.version.interaction = VersionInteraction::Delete;
    new
}

/// An audit record of a read about these patients.
pub fn audit(record: u32, millis: i64, patients: &[Tag]) -> NewAudit {
    NewAudit {
        audit: Audit {
            record: tag(record),
            time: at(millis),
            interaction: Interaction::stored("read"),
            outcome: 0,
            purpose: Some("TREAT".into()),
            policy_number: 3,
            user: Some(tag(80)),
            client: Some(tag(81)),
            subject: None,
            events: u32::try_from(patients.len().max(1)).expect("few patients"),
            padded_size: 1024,
            data_key: DataKeyId::new([8; 16]),
            envelope: vec![5; 1100],
            queries: Vec::new(),
        },
        patients: patients.to_vec(),
        commitment: commitment(tag(record), 1),
    }
}

pub fn insert(store: &Store, facility: FacilityId, new: NewVersion) {
    store
        .run_tx_blocking("insert", &[], move |tx| {
            tx.versions().insert(facility, &new)
        })
        .expect("a free version number");
}

pub fn insert_audit(store: &Store, facility: FacilityId, new: NewAudit) {
    store
        .run_tx_blocking("audit", &[], move |tx| tx.audits().insert(facility, &new))
        .expect("a new audit record");
}

pub fn pending(store: &Store, facility: FacilityId) -> Vec<PendingLeaf> {
    store
        .read_blocking("pending", |reader| {
            reader.leaves().pending(facility, 1_000_000)
        })
        .expect("pending leaves")
}
