//! Execution: calls, gas estimates, transactions.

use super::{Fault, Params, account::at_latest, value};
use crate::chain::{evm::GAS_LIMIT, ledger::Ledger};
use alloy::{
    primitives::{Bytes, TxKind, U64, U256},
    rpc::types::TransactionRequest,
};
use revm::context::{
    TxEnv,
    result::{ExecutionResult, HaltReason},
};
use serde_json::Value;

const CALL: &str = "a call object";
/// What the cheapest transaction costs.
const LEAST_GAS: u64 = 21_000;

pub(crate) fn send(ledger: &mut Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(1)?;
    let raw: Bytes = params.get(0, "the bytes of a signed transaction in hex")?;
    value(ledger.submit(&raw)?)
}

pub(crate) fn call(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    // State overrides, which would be the third parameter, are not offered.
    params.at_most(2)?;
    let request: TransactionRequest = params.get(0, CALL)?;
    at_latest(ledger, params.block(1)?)?;
    let gas = request.gas.unwrap_or(GAS_LIMIT).min(GAS_LIMIT);
    match run(ledger, &request, gas)? {
        ExecutionResult::Success { output, .. } => value(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(Fault::reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(halted(&reason)),
    }
}

/// The least gas limit with which the call succeeds, by bisection: a contract
/// may behave differently with less gas, so the gas used is only a lower bound.
pub(crate) fn estimate(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(2)?;
    let request: TransactionRequest = params.get(0, CALL)?;
    at_latest(ledger, params.block(1)?)?;
    let mut enough = affordable(ledger, &request);
    let mut too_little = match run(ledger, &request, enough)? {
        ExecutionResult::Success { gas, .. } => gas.tx_gas_used().max(LEAST_GAS).saturating_sub(1),
        ExecutionResult::Revert { output, .. } => return Err(Fault::reverted(output)),
        ExecutionResult::Halt {
            reason: HaltReason::OutOfGas(_),
            ..
        } => {
            return Err(Fault::server(format!(
                "gas required exceeds allowance ({enough})"
            )));
        }
        ExecutionResult::Halt { reason, .. } => return Err(halted(&reason)),
    };
    while enough.saturating_sub(too_little) > 1 {
        // Most calls need just what they use, or a 64th more.
        let guess = too_little.saturating_add(too_little / 32).saturating_add(1);
        let middle = too_little + (enough - too_little) / 2;
        let try_gas = guess.min(middle);
        // With less gas it may even be too little to begin.
        let succeeds = run(ledger, &request, try_gas).is_ok_and(|result| result.is_success());
        if succeeds {
            enough = try_gas;
        } else {
            too_little = try_gas;
        }
    }
    value(U64::from(enough))
}

/// The most gas that the request and the sender's balance allow.
fn affordable(ledger: &Ledger, request: &TransactionRequest) -> u64 {
    let limit = request.gas.unwrap_or(GAS_LIMIT).min(GAS_LIMIT);
    let price = request.max_fee_per_gas.or(request.gas_price).unwrap_or(0);
    let balance = ledger.state().balance(&request.from.unwrap_or_default());
    balance
        .saturating_sub(request.value.unwrap_or_default())
        .checked_div(U256::from(price))
        .and_then(|gas| u64::try_from(gas).ok())
        .map_or(limit, |gas| gas.min(limit))
}

fn run(ledger: &Ledger, request: &TransactionRequest, gas: u64) -> Result<ExecutionResult, Fault> {
    let input = request
        .input
        .unique_input()
        .map_err(|_| Fault::invalid_params("`input` and `data` are both given and differ"))?;
    let transaction = TxEnv::builder()
        .caller(request.from.unwrap_or_default())
        .kind(request.to.unwrap_or(TxKind::Create))
        .gas_limit(gas)
        .gas_price(request.max_fee_per_gas.or(request.gas_price).unwrap_or(0))
        .gas_priority_fee(request.max_priority_fee_per_gas)
        .value(request.value.unwrap_or_default())
        .data(input.cloned().unwrap_or_default())
        .access_list(request.access_list.clone().unwrap_or_default())
        .chain_id(Some(request.chain_id.unwrap_or(ledger.chain_id())))
        .build_fill();
    ledger
        .call(transaction)
        .map(|ran| ran.result)
        .map_err(|invalid| {
            Fault::server(crate::chain::submission::Refusal::from(invalid).to_string())
        })
}

fn halted(reason: &HaltReason) -> Fault {
    match reason {
        HaltReason::OutOfGas(_) => Fault::server("out of gas"),
        reason => Fault::server(format!("execution halted: {reason}")),
    }
}
