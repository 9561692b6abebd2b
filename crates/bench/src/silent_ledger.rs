//! A ledger on which nothing ever happens: sequencing does not need one.

use anchor_service::ledger::{
    Block, Evidence, Extension, FinalityRule, Head, Inclusion, Ledger, LedgerError,
    SignedTransaction,
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

    async fn block(&self, _: u64) -> Result<Option<Block>, LedgerError> {
        Err(AWAY)
    }

    async fn final_height(&self, _: FinalityRule) -> Result<Option<u64>, LedgerError> {
        Err(AWAY)
    }

    async fn evidence(&self, _: [u8; 32], _: Inclusion) -> Result<Evidence, LedgerError> {
        Err(AWAY)
    }
}
