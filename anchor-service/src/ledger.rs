//! The ledger as a port: what the anchor service asks of a chain, in its own
//! words. The one adapter is [`evm`]; tests bring another.
//!
//! Nothing here retries. A call is one question, and the caller, who has its intentions in the
//! store, decides when to ask again. Where several nodes stand behind it, what rows are stored
//! or given up by is the answer of most of them, and of no fewer.

mod chain;
mod closing;
mod error;
mod event_cursor;
pub mod evm;
#[cfg(test)]
pub(crate) mod memory;
mod node_board;

pub use chain::{
    Anchored, Block, EventPage, Evidence, Extension, FinalityRule, Funds, GWEI, Head, Inclusion,
    SentTransaction, SignedTransaction, TimedAnchor,
};
pub use closing::{ClosedEvent, ClosingReason};
pub use error::{LedgerError, Refusal};
pub use event_cursor::EventCursor;
pub use node_board::NodeBoard;

use model::LogId;
use std::future::Future;

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
