//! What is compared before logs move to another registry. Nothing is written.

use super::MoveError;
use crate::{
    failure::StepError,
    ledger::{ClosedEvent, Head, Ledger},
    log::{
        guard,
        journal::{Journal, Log},
    },
};
use model::{FacilityName, LogId};

/// A log with its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovingLog {
    /// Whose log.
    pub facility: FacilityName,
    /// Its name on the chain.
    pub log_id: LogId,
    /// Its newest anchor at the registry that it leaves.
    pub before: Option<Head>,
    /// How it is closed there.
    pub closed: Option<ClosedEvent>,
    /// Whether the registry that it goes to says the same of its closing.
    pub is_carried: bool,
}

/// All logs at both registries.
pub(super) async fn compare<L: Ledger>(
    journal: &Journal,
    old: &L,
    new: &L,
) -> Result<Vec<MovingLog>, MoveError> {
    for ledger in [old, new] {
        ledger.check().await.map_err(StepError::from)?;
    }
    let mut logs = Vec::new();
    for log in journal.all_logs().await? {
        let before = head(journal, old, &log).await?;
        let after = new.head(log.log_id).await.map_err(StepError::from)?;
        if after.is_some() {
            return Err(MoveError::NotNew {
                facility: log.facility,
                registry: written(new),
            });
        }
        let closed = old.closed(log.log_id).await.map_err(StepError::from)?;
        let is_carried = is_carried(closed, &log, new).await?;
        logs.push(MovingLog {
            facility: log.facility,
            log_id: log.log_id,
            before,
            closed,
            is_carried,
        });
    }
    Ok(logs)
}

/// The head of a log at the registry that it leaves: of the log here, and settled.
async fn head<L: Ledger>(journal: &Journal, old: &L, log: &Log) -> Result<Option<Head>, MoveError> {
    let before = old.head(log.log_id).await.map_err(StepError::from)?;
    // One that has ended may have ended because of its head.
    if let Some(head) = before
        && !log.ended
        && !guard::holds(journal, log, head).await?
    {
        return Err(MoveError::Foreign {
            facility: log.facility.clone(),
            registry: written(old),
        });
    }
    let last = journal.last_final(log.id).await?;
    let is_final = before.map_or(0, |head| head.seq) == last.map_or(0, |last| last.seq);
    if !(is_final || log.ended) || !journal.under_way().await?.is_empty() {
        return Err(MoveError::NotSettled(log.facility.clone()));
    }
    Ok(before)
}

/// Whether a log is closed at the new registry as it is at the old one, and not only can be.
async fn is_carried<L: Ledger>(
    closed: Option<ClosedEvent>,
    log: &Log,
    new: &L,
) -> Result<bool, MoveError> {
    let there = new.closed(log.log_id).await.map_err(StepError::from)?;
    match (closed, there) {
        (closed, there) if closed == there => Ok(true),
        (Some(_), None) => Ok(false),
        // Which log goes on is named later, once.
        (Some(closed), Some(there))
            if closed.reason == there.reason && there.successor.is_none() =>
        {
            Ok(false)
        }
        _ => Err(MoveError::ClosedOtherwise {
            facility: log.facility.clone(),
            log_id: log.log_id,
            registry: written(new),
        }),
    }
}

/// The address of a registry.
pub(super) fn written<L: Ledger>(ledger: &L) -> String {
    format!("0x{}", hex::encode(ledger.registry()))
}
