//! The ledger as a port: what the anchor service asks of a chain, in its own
//! words. The one adapter is [`evm`]; tests bring another.
//!
//! Nothing here retries. A call is one question, and the caller, who has its intentions in the
//! store, decides when to ask again. Where several nodes stand behind it, what rows are stored
//! or given up by is the answer of most of them, and of no fewer.

mod closing;
mod event_cursor;
pub mod evm;
#[cfg(test)]
pub(crate) mod memory;
mod node_board;

pub use closing::{ClosedEvent, ClosingReason};
pub use event_cursor::EventCursor;
pub use node_board::NodeBoard;

use model::{Digest, LogId, Timestamp};
use serde::{Deserialize, Serialize};
use std::future::Future;

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

/// Why the registry refuses a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The submitter's key has no grant for this log.
    #[error("the submitter has no grant for log `0x{log_id}`; let the registry's admin grant it")]
    NotSubmitter {
        /// The log it wanted to anchor.
        log_id: LogId,
    },
    /// Another anchor came first.
    #[error("log `0x{log_id}` expects seq {expected}, not {given}")]
    WrongSeq {
        /// Which log.
        log_id: LogId,
        /// What the registry wants next.
        expected: u64,
        /// What was sent.
        given: u64,
    },
    /// The root does not extend the head.
    #[error("the root sent for log `0x{log_id}` does not extend the anchored one")]
    NotConsistent {
        /// Which log.
        log_id: LogId,
    },
    /// The log was closed for good.
    #[error(
        "log `0x{log_id}` is closed at the registry: a key of it was stolen; \
         `chartseal anchor new-epoch` begins the log that goes on"
    )]
    Closed {
        /// Which log.
        log_id: LogId,
    },
    /// Any other refusal, by the name of the contract's error.
    #[error("`{0}`")]
    Other(String),
}

impl Refusal {
    /// The log it is about, where the reason names one.
    #[must_use]
    pub const fn log_id(&self) -> Option<LogId> {
        match self {
            Self::NotSubmitter { log_id }
            | Self::WrongSeq { log_id, .. }
            | Self::Closed { log_id }
            | Self::NotConsistent { log_id } => Some(*log_id),
            Self::Other(_) => None,
        }
    }
}

/// What can go wrong with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// No answer; worth asking again.
    #[error("the L2 node gives no answer: {0}; check `rpcUrl` and the node")]
    Unreachable(&'static str),
    /// No answer of a node, but of what serves it or stands before it.
    #[error(
        "the L2 node's address answers with HTTP status {0}; check `rpcUrl`, the node, and what \
         stands before it"
    )]
    Http(u16),
    /// One of several nodes is behind the others.
    #[error("the L2 node's newest block is {0} seconds older than that of the others")]
    NodeBehind(u64),
    /// No answer is that of most nodes.
    #[error(
        "more than half of the L2 nodes in `rpcUrl` have to say the same of {what}, and do not: \
         {said}; what hangs on it waits until they do"
    )]
    NodesDiffer {
        /// Of what.
        what: &'static str,
        /// Who says the same, and who nothing.
        said: String,
    },
    /// However they answer, those that do are not most of the nodes.
    #[error(
        "too few of the L2 nodes in `rpcUrl` answer for more than half of them to say the same of \
         {what}: {said}; what hangs on it waits until they do"
    )]
    TooFewNodes {
        /// Of what.
        what: &'static str,
        /// Who says the same, and who nothing.
        said: String,
    },
    /// One of several nodes answers late.
    #[error(
        "the L2 node had not answered {0} seconds after enough of the others: it is slow, and not \
         waited for"
    )]
    NodeSlow(u64),
    /// One of several nodes says what most deny.
    #[error(
        "the L2 node says of {0} what most of the others deny: it is wrong or on another chain"
    )]
    Denied(&'static str),
    /// The node knows no final block.
    #[error(
        "the L2 node names no `finalized` block: a chain that has just begun has none yet; where \
         nodes know none, set `finality` to `\"immediate\"` (QBFT, IBFT 2) or to a depth"
    )]
    NoFinalBlock,
    /// An answer, but not one to this question as we know it; asking again
    /// will not help.
    #[error("the L2 node's answer is not understood: {0}; check which software it runs")]
    Strange(&'static str),
    /// The node answered with an error.
    #[error("the L2 node refused with code {code}: {message}")]
    Rejected {
        /// JSON-RPC error code.
        code: i64,
        /// The node's words, cut short.
        message: String,
    },
    /// An account cannot pay.
    #[error(
        "the account has no funds for the chain's fees; give some to the submitter's account, \
         and for `deploy` and `grant` to the admin's"
    )]
    NoFunds,
    /// A transaction of ours is on the chain, and the node does not show it.
    #[error(
        "the transaction with nonce {0} is on the chain, but the L2 node shows neither its receipt \
         nor its anchors: it lags, or several nodes answer at one address; the rows wait for it"
    )]
    NoReceipt(u64),
    /// A head of which the registry's own events know nothing.
    #[error(
        "the L2 node names anchor {0} as the newest of a log, and shows no such event of the \
         registry: it lags, or is wrong; nothing is done by its word"
    )]
    NoEvent(u64),
    /// The events of a search lie further back than its questions reach.
    #[error(
        "the L2 node answers `eth_getLogs` for {0} blocks at once, too few to find an old event \
         of the registry; set `rpcUrl` or `--rpc` to a node that answers over more blocks"
    )]
    ShortRanges(u64),
    /// The call does not fit into a block.
    #[error(
        "the transaction takes more gas than a block of the L2 has: one log alone must fit, \
         which takes about 65,000"
    )]
    TooMuchGas,
    /// Gas costs more than the configuration allows.
    #[error(
        "gas would cost {gwei} gwei, and at most {most} are paid: the chain is busy, or the node \
         is wrong; it is tried again, and `maxFeeGwei` and `maxTipGwei` set the bounds"
    )]
    TooDear {
        /// In gwei for a unit of gas, rounded up.
        gwei: u128,
        /// The bound.
        most: u128,
    },
    /// The nonce is already used in the chain.
    #[error("the nonce is already used")]
    NonceUsed,
    /// The registry would revert, or did.
    #[error("the registry refuses the anchor: {0}")]
    Refused(Refusal),
    /// The node serves another chain than the one configured.
    #[error("the L2 node serves chain {found}, but `chainId` is {expected}; check `rpcUrl`")]
    ForeignChain {
        /// As configured.
        expected: u64,
        /// As the node says.
        found: u64,
    },
    /// The node is the dev L2 of `chartseal demo`, whose blocks bind nobody.
    #[error("the L2 node is the dev L2 of `chartseal demo` and is for that alone; name another")]
    DevChain,
    /// No contract at the registry's address.
    #[error(
        "there is no contract at `{0}`: the L2 node was emptied or serves another chain, or \
         `registry` names another address; do not deploy a second registry"
    )]
    NoRegistry(String),
    /// Some other contract at the registry's address.
    #[error("the contract at `{0}` is not the registry that this release knows")]
    ForeignRegistry(String),
    /// A registry of version 1.
    #[error(
        "the registry at `{0}` is of version 1 and cannot close a log; \
         `chartseal anchor revoke` takes the submitter's grant back"
    )]
    CannotClose(String),
    /// The node has not what the evidence is made of.
    #[error("no evidence for the block: {0}")]
    NoEvidence(&'static str),
    /// The transaction could not be made or signed.
    #[error("the transaction could not be made: {0}")]
    Unsigned(&'static str),
}

impl LedgerError {
    /// Whether it is the node that fails, so that another may be asked.
    pub(crate) const fn is_of_node(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Http(_) | Self::Strange(_)
        )
    }

    /// Whether it is the same whichever log is asked for: the nodes are away, or others.
    pub(crate) const fn is_of_all_logs(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Http(_)
                | Self::TooFewNodes { .. }
                | Self::ForeignChain { .. }
                | Self::DevChain
                | Self::NoRegistry(_)
                | Self::ForeignRegistry(_)
        )
    }
}

/// A ledger with the registry on it and one submitter.
pub trait Ledger: Send + Sync {
    /// Number of the chain.
    fn chain_id(&self) -> u64;

    /// Address of the registry.
    fn registry(&self) -> [u8; 20];

    /// Address of the submitter.
    fn submitter(&self) -> [u8; 20];

    /// Makes sure that the node serves the chain and the chain has the registry.
    fn check(&self) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// The registry's head of a log; `None` before its first anchor.
    fn head(&self, log: LogId) -> impl Future<Output = Result<Option<Head>, LedgerError>> + Send;

    /// How the registry's admin has closed a log; `None` while it is open.
    fn closed(
        &self,
        log: LogId,
    ) -> impl Future<Output = Result<Option<ClosedEvent>, LedgerError>> + Send;

    /// The submitter's next nonce, counting what is in blocks only: a gap left
    /// by a transaction that got lost then closes by itself.
    fn next_nonce(&self) -> impl Future<Output = Result<u64, LedgerError>> + Send;

    /// Makes and signs one `anchorMany`; nothing is sent.
    fn prepare(
        &self,
        nonce: u64,
        anchors: &[Extension],
    ) -> impl Future<Output = Result<SignedTransaction, LedgerError>> + Send;

    /// Signs the same call with the same nonce again, so that nodes take it in
    /// place of `raw`; nothing is sent.
    fn replace(
        &self,
        raw: &[u8],
    ) -> impl Future<Output = Result<SignedTransaction, LedgerError>> + Send;

    /// Hands signed bytes to the node. Bytes that it knows already are no error.
    fn broadcast(&self, raw: &[u8]) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// The block that holds a transaction; `None` when none does.
    fn inclusion(
        &self,
        transaction: [u8; 32],
    ) -> impl Future<Output = Result<Option<Inclusion>, LedgerError>> + Send;

    /// The registry's event of one anchor, as most of the nodes show it; `None` where they
    /// show none.
    fn anchored(
        &self,
        log: LogId,
        seq: u64,
    ) -> impl Future<Output = Result<Option<Anchored>, LedgerError>> + Send;

    /// How each of its nodes stands, where there are several.
    fn nodes(&self) -> NodeBoard {
        NodeBoard::default()
    }

    /// The registry's events of anchors in the block at this height.
    fn anchored_in(
        &self,
        block: u64,
    ) -> impl Future<Output = Result<Vec<Anchored>, LedgerError>> + Send;

    /// Whether, by one and the same block, this nonce of the submitter is used and none of
    /// these anchors (log and seq) is made.
    fn is_void(
        &self,
        nonce: u64,
        anchors: &[(LogId, u64)],
    ) -> impl Future<Output = Result<bool, LedgerError>> + Send;

    /// A transaction that a block holds, by its hash.
    fn transaction(
        &self,
        hash: [u8; 32],
    ) -> impl Future<Output = Result<Option<SentTransaction>, LedgerError>> + Send;

    /// What the submitter has, and what gas costs where that is known.
    fn funds(&self) -> impl Future<Output = Result<Funds, LedgerError>> + Send;

    /// The block that the chain has at this height.
    fn block(&self, number: u64)
    -> impl Future<Output = Result<Option<Block>, LedgerError>> + Send;

    /// Number of the newest final block; `None` when there is none yet.
    fn final_height(
        &self,
        rule: FinalityRule,
    ) -> impl Future<Output = Result<Option<u64>, LedgerError>> + Send;

    /// The anchors of a log in a range of blocks.
    fn anchor_page(
        &self,
        log: LogId,
        from: EventCursor,
    ) -> impl Future<Output = Result<EventPage, LedgerError>> + Send;

    /// Evidence for a transaction in a block.
    fn evidence(
        &self,
        transaction: [u8; 32],
        inclusion: Inclusion,
    ) -> impl Future<Output = Result<Evidence, LedgerError>> + Send;
}
