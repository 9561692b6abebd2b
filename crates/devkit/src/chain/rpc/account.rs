//! What an account holds: nonce, balance, code, storage.

use super::{Fault, Params, value};
use crate::chain::ledger::Ledger;
use alloy::{
    eips::BlockId,
    primitives::{Address, B256, U64, U256},
};
use serde_json::Value;

const ADDRESS: &str = "an address";

pub(crate) fn nonce(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(2)?;
    let address: Address = params.get(0, ADDRESS)?;
    at_latest(ledger, params.block(1)?)?;
    value(U64::from(ledger.state().nonce(&address)))
}

pub(crate) fn balance(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(2)?;
    let address: Address = params.get(0, ADDRESS)?;
    at_latest(ledger, params.block(1)?)?;
    value(ledger.state().balance(&address))
}

pub(crate) fn code(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(2)?;
    let address: Address = params.get(0, ADDRESS)?;
    at_latest(ledger, params.block(1)?)?;
    value(ledger.state().code(&address))
}

pub(crate) fn slot(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(3)?;
    let address: Address = params.get(0, ADDRESS)?;
    let slot: U256 = params.get(1, "a storage slot")?;
    at_latest(ledger, params.block(2)?)?;
    value(B256::from(ledger.state().slot(&address, &slot)))
}

/// Refuses every block but the latest: only its state is kept.
pub(crate) fn at_latest(ledger: &Ledger, block: BlockId) -> Result<(), Fault> {
    let number = match block {
        BlockId::Number(tag) => Some(ledger.number(tag)),
        BlockId::Hash(hash) => ledger.number_of_block(&hash.block_hash),
    };
    match number {
        Some(number) if number == ledger.latest() => Ok(()),
        Some(number) if number < ledger.latest() => Err(Fault::server(format!(
            "the state of block {number} is not kept: ask for the latest block"
        ))),
        _ => Err(Fault::server("header not found")),
    }
}
