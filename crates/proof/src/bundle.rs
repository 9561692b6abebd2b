//! The proof bundle `chartseal-proof/1`: one leaf, what opens its commitment,
//! and how far it has come. Reading refuses every deviation of form; whether
//! what it says is true is for [`crate::verify`].

use crate::form::{self, FormError, Members};
use crate::{Registry, Rung};
use fhir::json::Value;
use model::{Digest, LeafKind, LogId};
use tlog::leaf::{AnyStatement, ENTRY_LEN, ENTRY_VERSION};
use tlog::notes::proof_text::{MAX_PATH, ProofText};

const FORMAT: &str = "chartseal-proof/1";

/// The largest bundle that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// A proof of one leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What the maker says it has reached; it decides which members there are.
    pub rung: Rung,
    /// The leaf and what opens it.
    pub leaf: Leaf,
    /// From rung `sequenced`: inclusion in a signed checkpoint.
    pub tlog_proof: Option<ProofText>,
    /// From rung `anchored`: the first anchor of the checkpoint's size.
    pub anchor: Option<Anchor>,
    /// Optional beside `anchor`: the block's own evidence.
    pub evidence: Option<Evidence>,
}

/// The leaf, its statement and salts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// `0x01 ‖ commitment`.
    pub entry: [u8; ENTRY_LEN],
    /// The exact string that is committed to.
    pub statement: String,
    /// Opens the commitment.
    pub leaf_salt: [u8; 32],
    /// Opens `content`; only with kind `version`, and only for those who may
    /// read the record.
    pub content_salt: Option<[u8; 32]>,
    /// One event of an audit record; only with kind `audit`.
    pub event: Option<Event>,
}

/// One event's place in the tree of its audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// From 0.
    pub index: u64,
    /// How many events the record has.
    pub size: u64,
    /// From the leaf's sibling up.
    pub path: Vec<Digest>,
    /// Opens this event and no other.
    pub salt: [u8; 32],
}

/// An anchor on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The chain (EIP-155).
    pub chain_id: u64,
    /// The registry contract.
    pub registry: Registry,
    /// The log.
    pub log_id: LogId,
    /// Its number for this log, from 1.
    pub seq: u64,
    /// Size of the log.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
}

/// What the chain itself has to say, in consensus encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The block's header, RLP.
    pub header: Vec<u8>,
    /// The transaction's index in the block.
    pub index: u64,
    /// The receipt, EIP-2718.
    pub receipt: Vec<u8>,
    /// Nodes of the receipts trie, from the root.
    pub proof: Vec<Vec<u8>>,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// When it breaks any rule of form; exit code 2.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() > MAX_BYTES {
            return Err(FormError::TooLarge);
        }
        let value = form::parse("proof bundle", bytes)?;
        if value.to_canonical() != bytes {
            return Err(FormError::NotCanonical);
        }
        let names = ["format", "rung", "leaf", "tlogProof", "anchor", "evidence"];
        let members = Members::of(&value, "", &names)?;
        if members.text("format")? != FORMAT {
            let rule = "`chartseal-proof/1`; another format needs another release";
            return Err(FormError::Member {
                place: members.place("format"),
                rule,
            });
        }
        let names = ["entry", "statement", "leafSalt", "contentSalt", "event"];
        members.required("leaf")?;
        let tlog_proof = match members.optional("tlogProof") {
            Some(_) => Some(ProofText::decode(members.text("tlogProof")?)?),
            None => None,
        };
        let anchor = ["chainId", "registry", "logId", "seq", "size", "root"];
        let evidence = ["header", "index", "receipt", "proof"];
        let bundle = Self {
            rung: members.parsed("rung")?,
            leaf: members
                .child("leaf", &names, Leaf::read)?
                .ok_or_else(|| FormError::Missing("leaf".into()))?,
            tlog_proof,
            anchor: members.child("anchor", &anchor, Anchor::read)?,
            evidence: members.child("evidence", &evidence, Evidence::read)?,
        };
        bundle.check_form()?;
        Ok(bundle)
    }

    /// Checks which members stand together, and gives the statement.
    pub(crate) fn check_form(&self) -> Result<AnyStatement, FormError> {
        let (sequenced, anchored) = (self.rung >= Rung::Sequenced, self.rung >= Rung::Anchored);
        let unknown = |place: &str| Err(FormError::Unknown(place.to_owned()));
        let missing = |place: &str| Err(FormError::Missing(place.to_owned()));
        if self.tlog_proof.is_some() && !sequenced {
            return unknown("tlogProof");
        }
        if (self.anchor.is_some() || self.evidence.is_some()) && !anchored {
            return unknown("anchor");
        }
        if self.tlog_proof.is_none() && sequenced {
            return missing("tlogProof");
        }
        if self.anchor.is_none() && anchored {
            return missing("anchor");
        }
        let statement = AnyStatement::decode(&self.leaf.statement)?;
        let kind = match &statement {
            AnyStatement::Record(record) => Some(record.kind),
            AnyStatement::System(_) => None,
        };
        if self.leaf.content_salt.is_some() && kind != Some(LeafKind::Version) {
            return unknown("leaf.contentSalt");
        }
        if self.leaf.event.is_some() && kind != Some(LeafKind::Audit) {
            return unknown("leaf.event");
        }
        Ok(statement)
    }

    /// The file: canonical JSON without a final line feed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bundle = vec![
            ("format", FORMAT.into()),
            ("rung", self.rung.as_str().into()),
            ("leaf", self.leaf.value()),
        ];
        let tlog_proof = self.tlog_proof.as_ref().map(|proof| proof.encode().into());
        bundle.extend(tlog_proof.map(|proof| ("tlogProof", proof)));
        bundle.extend(
            self.anchor
                .as_ref()
                .map(|anchor| ("anchor", anchor.value())),
        );
        bundle.extend(
            self.evidence
                .as_ref()
                .map(|evidence| ("evidence", evidence.value())),
        );
        object(bundle).to_canonical()
    }
}

/// An object of members, some of which may have been left out.
pub(crate) fn object(members: Vec<(&str, Value)>) -> Value {
    Value::Object(members.into_iter().collect())
}

/// An array of texts.
pub(crate) fn texts<T: ToString>(items: &[T]) -> Value {
    Value::Array(items.iter().map(|item| item.to_string().into()).collect())
}

impl Leaf {
    fn read(members: &Members<'_>) -> Result<Self, FormError> {
        let entry: [u8; ENTRY_LEN] = members.array("entry")?;
        if entry.first() != Some(&ENTRY_VERSION) {
            let rule = "an entry of version 01";
            return Err(FormError::Member {
                place: members.place("entry"),
                rule,
            });
        }
        let content_salt = match members.optional("contentSalt") {
            Some(_) => Some(members.array("contentSalt")?),
            None => None,
        };
        Ok(Self {
            entry,
            statement: members.text("statement")?.to_owned(),
            leaf_salt: members.array("leafSalt")?,
            content_salt,
            event: members.child("event", &["index", "size", "path", "salt"], Event::read)?,
        })
    }

    fn value(&self) -> Value {
        let mut leaf = vec![
            ("entry", hex::encode(self.entry).into()),
            ("statement", self.statement.as_str().into()),
            ("leafSalt", hex::encode(self.leaf_salt).into()),
        ];
        leaf.extend(
            self.content_salt
                .map(|salt| ("contentSalt", hex::encode(salt).into())),
        );
        leaf.extend(self.event.as_ref().map(|event| ("event", event.value())));
        object(leaf)
    }
}

impl Event {
    fn read(members: &Members<'_>) -> Result<Self, FormError> {
        let path: Vec<Digest> = members.parsed_list("path")?;
        if path.len() > MAX_PATH {
            let rule = "at most 63 hashes";
            return Err(FormError::Member {
                place: members.place("path"),
                rule,
            });
        }
        Ok(Self {
            index: members.integer("index")?,
            size: members.integer("size")?,
            path,
            salt: members.array("salt")?,
        })
    }

    fn value(&self) -> Value {
        object(vec![
            ("index", self.index.into()),
            ("size", self.size.into()),
            ("path", texts(&self.path)),
            ("salt", hex::encode(self.salt).into()),
        ])
    }
}

impl Anchor {
    fn read(members: &Members<'_>) -> Result<Self, FormError> {
        Ok(Self {
            chain_id: members.integer("chainId")?,
            registry: members.parsed("registry")?,
            log_id: members.parsed("logId")?,
            seq: members.integer("seq")?,
            size: members.integer("size")?,
            root: members.parsed("root")?,
        })
    }

    fn value(&self) -> Value {
        object(vec![
            ("chainId", self.chain_id.into()),
            ("registry", self.registry.to_string().into()),
            ("logId", self.log_id.to_string().into()),
            ("seq", self.seq.into()),
            ("size", self.size.into()),
            ("root", self.root.to_string().into()),
        ])
    }
}

impl Evidence {
    fn read(members: &Members<'_>) -> Result<Self, FormError> {
        Ok(Self {
            header: members.bytes("header")?,
            index: members.integer("index")?,
            receipt: members.bytes("receipt")?,
            proof: members.bytes_list("proof")?,
        })
    }

    fn value(&self) -> Value {
        let proof: Vec<String> = self.proof.iter().map(hex::encode).collect();
        object(vec![
            ("header", hex::encode(&self.header).into()),
            ("index", self.index.into()),
            ("receipt", hex::encode(&self.receipt).into()),
            ("proof", texts(&proof)),
        ])
    }
}
