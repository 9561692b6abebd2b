//! `eth_feeHistory`.

use super::{Fault, Params, value};
use crate::chain::{block::Block, ledger::Ledger};
use alloy::{
    consensus::Transaction as _, eips::BlockNumberOrTag, primitives::U64, rpc::types::FeeHistory,
};
use serde_json::Value;

/// As geth.
const MAXIMUM_BLOCKS: u64 = 1_024;

pub(crate) fn history(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(3)?;
    let count: U64 = params.get(0, "a number of blocks")?;
    let newest: BlockNumberOrTag = params.get(1, "a block number or tag")?;
    let percentiles: Option<Vec<f64>> = params.maybe(2, "a list of percentiles")?;
    let newest = ledger.number(newest);
    if newest > ledger.latest() {
        return Err(Fault::server(format!(
            "request beyond head block: requested {newest}, head {}",
            ledger.latest()
        )));
    }
    let count = count.to::<u64>().min(MAXIMUM_BLOCKS).min(newest + 1);
    let mut history = FeeHistory {
        oldest_block: (newest + 1).saturating_sub(count),
        reward: percentiles.as_ref().map(|_| Vec::new()),
        ..FeeHistory::default()
    };
    for number in history.oldest_block..history.oldest_block + count {
        let Some(block) = ledger.block(number)? else {
            break;
        };
        history.base_fee_per_gas.push(base_fee(&block).into());
        history.gas_used_ratio.push(used_ratio(&block));
        // A block has one transaction, so that every percentile is its tip.
        if let (Some(reward), Some(percentiles)) = (&mut history.reward, &percentiles) {
            reward.push(vec![tip(&block); percentiles.len()]);
        }
    }
    if count > 0 {
        history.base_fee_per_gas.push(ledger.base_fee().into());
    }
    value(history)
}

fn base_fee(block: &Block) -> u64 {
    block.header.base_fee_per_gas.unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "gas stays far below 2^52")]
fn used_ratio(block: &Block) -> f64 {
    block.header.gas_used as f64 / block.header.gas_limit as f64
}

fn tip(block: &Block) -> u128 {
    block
        .body
        .as_ref()
        .and_then(|body| body.transaction.effective_tip_per_gas(base_fee(block)))
        .unwrap_or_default()
}
