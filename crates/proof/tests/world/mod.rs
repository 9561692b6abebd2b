//! A small log with everything that a bundle can be about, made from fixed
//! seeds: the same bytes on every run.

use model::{Digest, LeafKind, Tag, Timestamp};
use proof::{
    Anchor, Bundle, ChainKind, Event, Leaf, Registry, Require, Rung, Source, Trust, TrustedAnchor,
    TrustedChain, TrustedHead, TrustedLog,
};
use std::collections::BTreeMap;
use std::convert::Infallible;
use tlog::leaf::{self, Member, Statement, SystemStatement};
use tlog::notes::log_key::LogKey;
use tlog::notes::proof_text::ProofText;
use tlog::tree::event_tree;
use tlog::tree::tile::{self, TileId};
use tlog::tree::{self, inclusion};

/// Sizes of the anchors 1 and 2; anchor 3 is a heartbeat of the same size as 2.
pub const ANCHORS: [u64; 2] = [256, 600];
/// Size of the newest checkpoint, which is not anchored.
pub const NEWEST: u64 = 700;
pub const CHAIN_ID: u64 = 31337;
pub const REGISTRY: Registry = Registry([0xab; 20]);

/// What can be proved, by name, and its place in the log.
pub const SUBJECTS: [(&str, u64); 6] = [
    ("version", 5),
    ("update", 300),
    ("delete", 301),
    ("audit", 302),
    ("system", 599),
    ("late", 650),
];

const PATIENT: &str = include_str!("patient.json");
const OBSERVATION: &str = include_str!("observation.json");

pub struct World {
    pub key: LogKey,
    tiles: BTreeMap<TileId, Vec<u8>>,
    leaves: BTreeMap<&'static str, (u64, Leaf)>,
    pub resources: BTreeMap<&'static str, String>,
}

pub fn salt(label: &str) -> [u8; 32] {
    *leaf::content_digest(&[0; 32], label.as_bytes()).as_bytes()
}

pub fn at() -> Timestamp {
    "2026-11-22T11:00:00.000Z".parse().expect("a time")
}

pub fn key(label: &str) -> LogKey {
    LogKey::from_seed(
        "gw.example/log/st-mary".parse().expect("an origin"),
        &salt(label),
    )
}

fn canonical(text: &str) -> Vec<u8> {
    fhir::json::parse(text.as_bytes())
        .expect("JSON")
        .to_canonical()
}

fn statement(
    label: &str,
    kind: LeafKind,
    interaction: &str,
    reference: &str,
    version: u32,
) -> Statement {
    Statement {
        content: Digest::ZERO,
        facility: "st-mary".parse().expect("a facility"),
        interaction: interaction.to_owned(),
        kind,
        policy: Digest::new(salt("policy")),
        reference: reference.to_owned(),
        seal: Digest::new(salt(&format!("seal {label}"))),
        subject: Some(Tag::new([0x5a; 16])),
        time: "2026-11-22T10:00:00.123Z".parse().expect("a time"),
        version,
    }
}

/// The leaf of a statement, without what opens its content.
fn leaf_of(label: &str, statement: String) -> Leaf {
    let leaf_salt = salt(&format!("leaf salt {label}"));
    let entry = leaf::entry(&leaf::commitment(&leaf_salt, &statement));
    Leaf {
        entry,
        statement,
        leaf_salt,
        content_salt: None,
        event: None,
    }
}

fn version(label: &str, mut statement: Statement, content: &[u8]) -> Leaf {
    let content_salt = salt(&format!("content salt {label}"));
    statement.content = leaf::content_digest(&content_salt, content);
    let leaf = leaf_of(label, statement.encode());
    Leaf {
        content_salt: Some(content_salt),
        ..leaf
    }
}

fn audit_event(index: u64) -> String {
    format!(
        r#"{{"resourceType":"AuditEvent","id":"7c1e5d2a.{index}","meta":{{"versionId":"1","lastUpdated":"2026-11-22T10:00:00.123Z"}},"recorded":"2026-11-22T10:00:00.123Z","entity":[{{"what":{{"reference":"Patient/p{index}"}}}}]}}"#
    )
}

fn audit(shown: u64) -> (Leaf, String) {
    let event_salt = |index| salt(&format!("event salt {index}"));
    let hash = |index| leaf::event_leaf(&event_salt(index), &canonical(&audit_event(index)));
    let events: Vec<Digest> = (0..3).map(hash).collect();
    let mut statement = statement(
        "audit",
        LeafKind::Audit,
        "search-type",
        "AuditEvent/7c1e5d2a",
        1,
    );
    let root = event_tree::root(&events).expect("three events");
    statement.content = leaf::events_digest(3, &root);
    statement.subject = None;
    let index = usize::try_from(shown).expect("small");
    let path = event_tree::path(&events, index).expect("one of three");
    let event = Event {
        index: shown,
        size: 3,
        path,
        salt: event_salt(shown),
    };
    let leaf = Leaf {
        event: Some(event),
        ..leaf_of("audit", statement.encode())
    };
    (leaf, audit_event(shown))
}

fn system() -> Leaf {
    let members = [("digest".to_owned(), Member::Text("aa".repeat(32)))];
    let facility = "st-mary".parse().expect("a facility");
    let time = "2026-11-22T10:00:00.123Z".parse().expect("a time");
    let statement = SystemStatement::new(facility, "policy", 4, time, members.into());
    leaf_of("system", statement.expect("a policy statement").encode())
}

impl World {
    pub fn new() -> Self {
        let record = |label, interaction, reference, number| {
            statement(label, LeafKind::Version, interaction, reference, number)
        };
        let create = record("version", "create", "Patient/p1", 1);
        let update = record("update", "update", "Observation/o1", 2);
        let delete = record("delete", "delete", "Observation/o1", 3);
        let late = record("late", "create", "Patient/p1", 1);
        let (audit, event) = audit(1);
        let made = [
            version("version", create, &canonical(PATIENT)),
            version("update", update, &canonical(OBSERVATION)),
            version("delete", delete, b""),
            audit,
            system(),
            version("late", late, &canonical(PATIENT)),
        ];
        let leaves = SUBJECTS
            .into_iter()
            .zip(made)
            .map(|((name, at), leaf)| (name, (at, leaf)));
        let leaves: BTreeMap<_, _> = leaves.collect();
        let mut hashes: Vec<Digest> = (0..NEWEST)
            .map(|index| Digest::new(salt(&format!("filler {index}"))))
            .collect();
        for (index, leaf) in leaves.values() {
            let commitment = leaf::commitment(&leaf.leaf_salt, &leaf.statement);
            hashes[usize::try_from(*index).expect("small")] = leaf::leaf_hash(&commitment);
        }
        let grown = tile::integrate(0, &hashes, |_| Ok::<_, Infallible>(None)).expect("fresh");
        let resources = [
            ("version", PATIENT.to_owned()),
            ("update", OBSERVATION.to_owned()),
            ("audit", event),
            ("late", PATIENT.to_owned()),
        ];
        Self {
            key: key("log key"),
            tiles: grown.tiles.into_iter().collect(),
            leaves,
            resources: resources.into(),
        }
    }

    pub fn root(&self, size: u64) -> Digest {
        let mut read = |id| Ok::<_, Infallible>(self.tiles.get(&id).cloned());
        tree::root(&mut read, size).expect("stored")
    }

    pub fn note(&self, size: u64) -> String {
        self.key.sign(size, self.root(size))
    }

    /// The proof of the leaf at `index` under a checkpoint of this size.
    pub fn proof(&self, index: u64, size: u64) -> ProofText {
        let mut read = |id| Ok::<_, Infallible>(self.tiles.get(&id).cloned());
        let path = inclusion::path(&mut read, index, size).expect("stored");
        ProofText::new(index, path, &self.note(size)).expect("short")
    }

    /// The bundle of a subject under the checkpoint of `size`.
    pub fn bundle(&self, subject: &str, rung: Rung, size: u64) -> Bundle {
        let (index, leaf) = self.leaves.get(subject).expect("a subject").clone();
        let seq = ANCHORS
            .iter()
            .position(|anchored| *anchored == size)
            .unwrap_or(0) as u64
            + 1;
        let anchor = Anchor {
            chain_id: CHAIN_ID,
            registry: REGISTRY,
            log_id: self.key.log_id(),
            seq,
            size,
            root: self.root(size),
        };
        Bundle {
            rung,
            leaf,
            tlog_proof: (rung >= Rung::Sequenced).then(|| self.proof(index, size)),
            anchor: (rung >= Rung::Anchored).then_some(anchor),
            evidence: None,
        }
    }

    /// A trust file of the operator that demands this much.
    pub fn trust(&self, require: Require) -> Trust {
        let log_id = self.key.log_id();
        let anchors = (1..).zip(ANCHORS).map(|(seq, size)| TrustedAnchor {
            log_id,
            seq,
            size,
            root: self.root(size),
        });
        let head = TrustedHead {
            log_id,
            seq: 3,
            size: 600,
            root: self.root(600),
            time: u64::try_from(at().as_seconds()).expect("after 1970") - 600,
        };
        Trust {
            logs: vec![TrustedLog {
                origin: self.key.origin().clone(),
                log_id,
                facility: "st-mary".parse().expect("a facility"),
                source: Source::Operator,
                vkeys: vec![self.key.vkey()],
                witnesses: None,
                promise: None,
            }],
            chains: vec![TrustedChain {
                chain_id: CHAIN_ID,
                registry: REGISTRY,
                kind: ChainKind::Ethereum,
                source: Source::Operator,
                anchors: anchors.collect(),
                heads: vec![head],
                blocks: None,
                validators: None,
                closed: None,
            }],
            require: Some(require),
            max_anchor_age: None,
        }
    }
}
