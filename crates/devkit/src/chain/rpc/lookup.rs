//! What has been sequenced: blocks, transactions, receipts, logs.

use super::{Fault, Params, render, value};
use crate::chain::{ChainError, block::Block, ledger::Ledger};
use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::B256,
    rpc::types::{Filter, FilterBlockOption, Log},
};
use serde_json::Value;

/// More logs in one answer are refused.
const MAXIMUM_LOGS: usize = 10_000;

pub(crate) fn block_by_number(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    let tag: BlockNumberOrTag = params.get(0, "a block number or tag")?;
    rendered(ledger, params, Some(ledger.number(tag)))
}

pub(crate) fn block_by_hash(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    let hash: B256 = params.get(0, "a block hash")?;
    rendered(ledger, params, ledger.number_of_block(&hash))
}

pub(crate) fn block_receipts(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(1)?;
    let number = match params.get(0, "a block number, tag or hash")? {
        BlockId::Number(tag) => Some(ledger.number(tag)),
        BlockId::Hash(hash) => ledger.number_of_block(&hash.block_hash),
    };
    let receipts = find(ledger, number)?.map(|block| {
        block
            .body
            .iter()
            .map(|body| render::receipt(&block, body))
            .collect::<Vec<_>>()
    });
    value(receipts)
}

pub(crate) fn transaction(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    let block = holding_transaction(ledger, params)?;
    value(block.and_then(|block| {
        let body = block.body.as_ref()?;
        Some(render::transaction(&block, body))
    }))
}

pub(crate) fn receipt(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    let block = holding_transaction(ledger, params)?;
    value(block.and_then(|block| {
        let body = block.body.as_ref()?;
        Some(render::receipt(&block, body))
    }))
}

pub(crate) fn logs(ledger: &Ledger, params: &Params<'_>) -> Result<Value, Fault> {
    params.at_most(1)?;
    let filter: Filter = params.get(0, "a log filter")?;
    let (from, to) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let number = ledger
                .number_of_block(&hash)
                .ok_or_else(|| Fault::server("unknown block"))?;
            (number, number)
        }
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => (
            ledger.number(from_block.unwrap_or_default()),
            ledger.number(to_block.unwrap_or_default()),
        ),
    };
    if from > to {
        return Err(Fault::invalid_params("the range ends before it begins"));
    }
    let mut found: Vec<Log> = Vec::new();
    for number in from..=to.min(ledger.latest()) {
        let Some(block) = ledger.block(number)? else {
            break;
        };
        if !filter.matches_bloom(block.header.logs_bloom) {
            continue;
        }
        let logs = block
            .body
            .iter()
            .flat_map(|body| render::logs(&block, body));
        found.extend(logs.filter(|log| filter.matches(&log.inner)));
        if found.len() > MAXIMUM_LOGS {
            return Err(Fault::server(format!(
                "query returned more than {MAXIMUM_LOGS} logs: ask for a shorter range"
            )));
        }
    }
    value(found)
}

fn rendered(ledger: &Ledger, params: &Params<'_>, number: Option<u64>) -> Result<Value, Fault> {
    params.at_most(2)?;
    let full = params
        .maybe(1, "true for full transactions, false for hashes")?
        .unwrap_or(false);
    value(find(ledger, number)?.map(|block| render::block(&block, full)))
}

fn holding_transaction(ledger: &Ledger, params: &Params<'_>) -> Result<Option<Block>, Fault> {
    params.at_most(1)?;
    let hash: B256 = params.get(0, "a transaction hash")?;
    Ok(find(ledger, ledger.number_of_transaction(&hash))?)
}

fn find(ledger: &Ledger, number: Option<u64>) -> Result<Option<Block>, ChainError> {
    number.map_or(Ok(None), |number| ledger.block(number))
}
