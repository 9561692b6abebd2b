//! Whether a log is closed, by the registry's newest block. That it was is never taken back.

use super::{
    registry::{self, Version},
    rpc::node::{LATEST, Node},
};
use crate::ledger::{ClosedEvent, ClosingReason, LedgerError};
use alloy::primitives::Address;
use model::LogId;

/// As one node has it; of a registry of version 2.
pub async fn of(
    node: &Node,
    registry: Address,
    log: LogId,
) -> Result<Option<ClosedEvent>, LedgerError> {
    let call = registry::successor_call(log);
    let answer = node.call(registry, call, LATEST).await?;
    let (successor, reason) = registry::successor_answer(&answer)?;
    if reason == 0 {
        return Ok(None);
    }
    let reason = ClosingReason::of_number(reason).ok_or(LedgerError::Strange(
        "the registry gives a reason that this release does not know",
    ))?;
    Ok(Some(ClosedEvent { reason, successor }))
}

/// As most of the nodes have it; a registry of version 1 closes none.
pub async fn agreed(
    node: &Node,
    registry: Address,
    log: LogId,
) -> Result<Option<ClosedEvent>, LedgerError> {
    let own = move |alone: Node| async move {
        match registry::check(&alone.code(registry).await?, registry)? {
            Version::One => Ok(None),
            Version::Two => of(&alone, registry, log).await,
        }
    };
    let verdict = node.by_most("whether a log is closed", own).await?;
    Ok(verdict.answer)
}
