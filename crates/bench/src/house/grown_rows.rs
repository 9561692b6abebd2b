//! A database of any size, planted through the store: patients with 340 records each, of
//! the types and sizes of the Synthea data, every leaf in the log, and anchors.

use crate::Failed;
use model::{
    AnchorState, Commitment, DataKeyId, Digest, LogId, ResourceType, Tag, Timestamp, Token,
    VersionInteraction, VersionNumber,
};
use sha2::{Digest as _, Sha256};
use store::{
    Database, FacilityId, Link, LogRowId, NewAnchor, NewLog, NewPost, NewVersion, Store, Tx,
    Version,
};
use tempfile::TempDir;

/// Records of one patient.
const OF_A_PATIENT: u64 = 340;
/// One of ten records has the type of the place.
const TYPES: [&str; 10] = [
    "Observation",
    "Claim",
    "Observation",
    "Encounter",
    "Observation",
    "ExplanationOfBenefit",
    "Observation",
    "Procedure",
    "Condition",
    "Immunization",
];
/// The type of which all have an identifier of one system.
pub const WIDE: &str = "ExplanationOfBenefit";
const ENVELOPE: usize = 1_600;
const EVIDENCE: usize = 3_100;
/// Rows in one transaction.
const TOGETHER: u64 = 2_000;

/// A planted database.
pub struct Planted {
    pub store: Store,
    pub facility: FacilityId,
    pub log: LogRowId,
    pub versions: u64,
    _folder: TempDir,
}

impl Planted {
    /// As many versions and final anchors.
    pub fn new(versions: u64, anchors: u64) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("db");
        let store = Store::open(&Database::Sqlite { path })?;
        store.leaf_keys().set([&[1; 32]]);
        let (facility, log) = store.run_tx_blocking("facility", &[], |tx| {
            let name = "general"
                .parse()
                .map_err(|_| store::Error::Corrupt("facility name"))?;
            let facility = tx.facilities().insert(&name, time(0)?)?;
            let new = NewLog {
                facility,
                epoch: 1,
                origin: "log.example/general".to_owned(),
                log_id: LogId::new([1; LogId::LEN]),
                public_key: [1; 32],
            };
            Ok((facility, tx.logs().insert(&new)?.id))
        })?;
        for first in (0..versions).step_by(TOGETHER as usize) {
            let rows: Vec<NewVersion> = (first..versions.min(first + TOGETHER))
                .map(row)
                .collect::<Result<_, _>>()?;
            store.run_tx_blocking("versions", &[], move |tx| {
                tx.versions().insert_many(facility, &rows)
            })?;
        }
        while store.run_tx_blocking("sequence", &[], move |tx| sequence(tx, facility, log))? > 0 {}
        for first in (1..=anchors).step_by(TOGETHER as usize) {
            let last = anchors.min(first + TOGETHER - 1);
            store.run_tx_blocking("anchors", &[], move |tx| {
                (first..=last).try_for_each(|seq| anchor(tx, log, seq, versions * seq / anchors))
            })?;
        }
        Ok(Self {
            store,
            facility,
            log,
            versions,
            _folder: folder,
        })
    }
}

fn sequence(tx: &mut Tx, facility: FacilityId, log: LogRowId) -> Result<usize, store::Error> {
    let pending = tx.leaves().pending(facility, 4_096)?;
    let log = tx.logs().get(log)?.ok_or(store::Error::Corrupt("log"))?;
    if !pending.is_empty() {
        tx.leaves().sequence(&log, &pending)?;
    }
    Ok(pending.len())
}

fn anchor(tx: &mut Tx, log: LogRowId, seq: u64, size: u64) -> Result<(), store::Error> {
    let post = tx.posts().insert(&NewPost {
        chain_id: 1,
        submitter: [1; 20],
        nonce: seq,
        raw: vec![1; 930],
        tx_hash: hash("post", seq),
        created: time(seq)?,
    })?;
    tx.anchors().insert(&NewAnchor {
        log,
        seq,
        size,
        root: Digest::new(hash("root", seq)),
        post,
    })?;
    let (block, block_hash) = (seq, hash("block", seq));
    let in_block = AnchorState::Anchored { block, block_hash };
    tx.anchors().set_state(log, seq, &in_block)?;
    let last = AnchorState::Finalized {
        block,
        block_hash,
        time: time(seq)?,
    };
    tx.anchors().set_state(log, seq, &last)?;
    tx.anchors().set_evidence(log, seq, &vec![1; EVIDENCE])
}

fn row(number: u64) -> Result<NewVersion, Failed> {
    let kind = kind(number)?;
    let link = |param: &'static str| Link {
        param: param.into(),
        target: patient(number / OF_A_PATIENT),
    };
    let mut tokens = vec![identifier(&kind, number)];
    if kind.as_str() == WIDE {
        tokens.push(system());
    }
    Ok(NewVersion {
        version: Version {
            resource_type: kind,
            record: record(number),
            number: VersionNumber::FIRST,
            interaction: VersionInteraction::Create,
            policy_number: 1,
            time: time(number)?,
            subject: Some(patient(number / OF_A_PATIENT)),
            padded_size: 1_536,
            data_key: DataKeyId::new([0; DataKeyId::LEN]),
            envelope: vec![1; ENVELOPE],
        },
        links: vec![link("patient"), link("subject")],
        tokens,
        commitment: Commitment::new(hash("leaf", number)),
    })
}

/// The type of a record.
pub fn kind(number: u64) -> Result<ResourceType, Failed> {
    let place = (number % TYPES.len() as u64) as usize;
    Ok(TYPES.get(place).ok_or("no type")?.parse()?)
}

/// The tag of a record.
pub fn record(number: u64) -> Tag {
    Tag::new(sixteen("record", number))
}

/// The tag of a patient.
pub fn patient(number: u64) -> Tag {
    Tag::new(sixteen("patient", number))
}

/// The token of the one identifier of a record.
pub fn identifier(kind: &ResourceType, number: u64) -> Token {
    Token::new(sixteen(kind.as_str(), number))
}

/// The token of `system|` of the wide type.
pub fn system() -> Token {
    Token::new(sixteen("system", 0))
}

/// A millisecond for each record.
pub fn time(number: u64) -> Result<Timestamp, store::Error> {
    let millis = 1_700_000_000_000 + i64::try_from(number).unwrap_or_default();
    Timestamp::from_millis(millis).map_err(|_| store::Error::Corrupt("time"))
}

fn sixteen(what: &str, number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash(what, number)) {
        *to = from;
    }
    bytes
}

/// Scattered, as tags and hashes are.
fn hash(what: &str, number: u64) -> [u8; 32] {
    Sha256::new()
        .chain_update(what)
        .chain_update(number.to_be_bytes())
        .finalize()
        .into()
}
