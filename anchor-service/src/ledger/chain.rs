//! What stands on the chain, and what is sent there.

use super::{error::LedgerError, event_cursor::EventCursor};
use model::{Digest, LogId, Timestamp};
use serde::{Deserialize, Serialize};

/// Wei in a gwei.
pub const GWEI: u128 = 1_000_000_000;

/// The newest anchor of a log as the registry holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the anchor, from 1.
    pub seq: u64,
    /// Leaves under the root.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
    /// Time of the block that holds it.
    pub time: Timestamp,
}

/// The next anchor of a log, with the proof that it extends the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Which log.
    pub log_id: LogId,
    /// The head's seq and one.
    pub seq: u64,
    /// Leaves under the root.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
    /// RFC 9162 consistency proof from the head's size; empty for a first
    /// anchor and for a heartbeat.
    pub consistency: Vec<Digest>,
}

/// A signed transaction: what is stored before anybody else sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    /// The bytes to broadcast.
    pub raw: Vec<u8>,
    /// By this the chain names the transaction.
    pub hash: [u8; 32],
    /// The submitter's nonce in it.
    pub nonce: u64,
}

/// Where a transaction stands in the chain, if the chain keeps that block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inclusion {
    /// Number of the block.
    pub block: u64,
    /// Hash of the block.
    pub block_hash: [u8; 32],
    /// Whether it did what it was sent for.
    pub succeeded: bool,
}

/// What the registry told of an anchor when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchored {
    /// Which log.
    pub log_id: LogId,
    /// Number of the anchor, from 1.
    pub seq: u64,
    /// Leaves under the root.
    pub size: u64,
    /// Root of the log at that size.
    pub root: Digest,
    /// Hash of the transaction that made it.
    pub transaction: [u8; 32],
    /// Number of the block.
    pub block: u64,
    /// Hash of the block.
    pub block_hash: [u8; 32],
}

impl Anchored {
    /// Where the transaction stands that made it.
    #[must_use]
    pub const fn inclusion(&self) -> Inclusion {
        Inclusion {
            block: self.block,
            block_hash: self.block_hash,
            succeeded: true,
        }
    }
}

/// A transaction of the chain, whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTransaction {
    /// The account that signed it.
    pub submitter: [u8; 20],
    /// Its bytes.
    pub signed: SignedTransaction,
}

/// What the submitter has and what gas costs today, in wei.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funds {
    /// The account's balance.
    pub balance: u128,
    /// The price of a unit of gas, tip included; or why it is not known, which says nothing
    /// against the balance.
    pub price: Result<u128, LedgerError>,
}

/// A block of the chain as the node sees it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its hash.
    pub hash: [u8; 32],
    /// Its time.
    pub time: Timestamp,
}

/// The member `evidence` of a proof bundle (docs/proof-format.md): block
/// header and receipt in consensus encoding, and the path from the one to the
/// other. Serialises to the bundle's canonical JSON (members in this order).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// RLP of the block header, hex.
    pub header: String,
    /// Index of the transaction in the block.
    pub index: u64,
    /// Nodes of the receipts trie from the root down, hex.
    pub proof: Vec<String>,
    /// The receipt (EIP-2718), hex.
    pub receipt: String,
}

/// An anchor with the time of its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedAnchor {
    /// What was anchored, and where.
    pub anchored: Anchored,
    /// Seconds since 1970.
    pub time: u64,
}

/// The anchors of a range of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The newest first.
    pub events: Vec<TimedAnchor>,
    /// Where older ones are; `None` when every block was looked at.
    pub older: Option<EventCursor>,
}

/// When a block counts as final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum FinalityRule {
    /// The node's `finalized` block and all before it.
    Tag,
    /// This number of blocks stands on top of it.
    Depth(u64),
    /// At once: chains whose blocks are final when they appear (QBFT, IBFT 2).
    Immediate,
}
