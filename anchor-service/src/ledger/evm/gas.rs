//! The gas that a call is sent with, and whether it would succeed at all, by most nodes: one
//! that lies about it would have every anchor refused, or paid for and without effect.

use super::{rpc::node::Node, rpc::rules};
use crate::ledger::LedgerError;
use alloy::rpc::types::TransactionRequest;

/// Gas beyond the estimate: the head may have moved on to another cost by then.
const MARGIN: u64 = 20_000;
/// What the limits of nodes may differ by, of the higher: they estimate in steps.
const STEPS: u64 = 8;
const WHAT: &str = "what a transaction takes";

/// The limit, or why most nodes would refuse the call.
pub async fn limit(node: &Node, request: &TransactionRequest) -> Result<u64, LedgerError> {
    let own = |alone: Node| {
        let request = request.clone();
        async move {
            match own_limit(&alone, &request).await {
                // No answer of the chain.
                Err(error) if error.is_of_node() => Err(error),
                answered => Ok(answered),
            }
        }
    };
    let configured = node.configured();
    let settled = |said: &[_]| settled(said, configured);
    let said = node.of_enough(own, |said| settled(said).is_some()).await?;
    settled(&said).unwrap_or_else(|| Err(node.differ(WHAT, &said)))
}

/// What most say, where they do: limits that hardly differ, or that the call is refused.
fn settled(
    said: &[(Node, Result<u64, LedgerError>)],
    configured: usize,
) -> Option<Result<u64, LedgerError>> {
    let limits: Vec<u64> = said
        .iter()
        .filter_map(|(_, said)| said.as_ref().ok().copied())
        .collect();
    if let Some((low, high)) = rules::between(&limits, configured) {
        return (high - low <= high / STEPS).then_some(Ok(high));
    }
    let refused: Vec<_> = said
        .iter()
        .filter_map(|(_, said)| said.as_ref().err())
        .collect();
    if let Some(error) = rules::said_by_most(&refused, configured) {
        return Some(Err((*error).clone()));
    }
    // In words of their own.
    match refused.first() {
        Some(first) if refused.len() >= rules::most(configured) => Some(Err((*first).clone())),
        _ => None,
    }
}

async fn own_limit(node: &Node, request: &TransactionRequest) -> Result<u64, LedgerError> {
    let estimate = node.estimate_gas(request).await?;
    let limit = estimate
        .saturating_add(estimate / 4)
        .saturating_add(MARGIN)
        .min(node.block_gas_limit().await?);
    if limit < estimate {
        Err(LedgerError::TooMuchGas)
    } else {
        Ok(limit)
    }
}
