//! A ledger on which nothing ever happens: sequencing does not need one.

use anchor_service::ledger::{
    Anchored, Block, ClosedEvent, EventCursor, EventPage, Evidence, Extension, FinalityRule, Funds,
    Head, Inclusion, Ledger, LedgerError, SentTransaction, SignedTransaction,
};
use model::LogId;

/// Answers what a start asks, and is out of reach otherwise.
pub struct SilentLedger;

const AWAY: LedgerError = LedgerError::Unreachable("silent");

impl Ledger for SilentLedger {
    fn chain_id(&self) -> u64 {
        1
    }

    fn registry(&self) -> [u8; 20] {
        [0; 20]
    }

    fn submitter(&self) -> [u8; 20] {
        [0; 20]
    }

    async fn check(&self) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn head(&self, _: LogId) -> Result<Option<Head>, LedgerError> {
        Ok(None)
    }

    async fn closed(&self, _: LogId) -> Result<Option<ClosedEvent>, LedgerError> {
        Ok(None)
    }

    async fn next_nonce(&self) -> Result<u64, LedgerError> {
        Err(AWAY)
    }

    async fn prepare(&self, _: u64, _: &[Extension]) -> Result<SignedTransaction, LedgerError> {
        Err(AWAY)
    }

    async fn replace(&self, _: &[u8]) -> Result<SignedTransaction, LedgerError> {
        Err(AWAY)
    }

    async fn broadcast(&self, _: &[u8]) -> Result<(), LedgerError> {
        Err(AWAY)
    }

    async fn inclusion(&self, _: [u8; 32]) -> Result<Option<Inclusion>, LedgerError> {
        Err(AWAY)
    }

    async fn anchored(&self, _: LogId, _: u64) -> Result<Option<Anchored>, LedgerError> {
        Err(AWAY)
    }

    async fn anchored_in(&self, _: u64) -> Result<Vec<Anchored>, LedgerError> {
        Err(AWAY)
    }

    async fn is_void(&self, _: u64, _: &[(LogId, u64)]) -> Result<bool, LedgerError> {
        Err(AWAY)
    }

    async fn transaction(&self, _: [u8; 32]) -> Result<Option<SentTransaction>, LedgerError> {
        Err(AWAY)
    }

    async fn funds(&self) -> Result<Funds, LedgerError> {
        Err(AWAY)
    }

    async fn block(&self, _: u64) -> Result<Option<Block>, LedgerError> {
        Err(AWAY)
    }

    async fn final_height(&self, _: FinalityRule) -> Result<Option<u64>, LedgerError> {
        Err(AWAY)
    }

    async fn anchor_page(&self, _: LogId, _: EventCursor) -> Result<EventPage, LedgerError> {
        Err(AWAY)
    }

    async fn evidence(&self, _: [u8; 32], _: Inclusion) -> Result<Evidence, LedgerError> {
        Err(AWAY)
    }
}
