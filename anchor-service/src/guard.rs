//! Compares the log here with what others hold of it. A log that is behind, or
//! has another root at the same size, must not be sequenced any further.
//!
//! What others hold is asked first and the log's row read after it: leaves are
//! committed before they are signed or anchored, so a row that is read later has
//! them all, whoever else sequences. An older row only spares that second look.

use crate::{
    alarm::{Alarm, Bell, Holder},
    failure::StepError,
    journal::{Journal, Log},
    ledger::{Head, Ledger},
};
use model::Digest;

/// Looks at all logs: at their newest checkpoint and at the registry's head.
pub(crate) async fn check_all<L: Ledger>(
    journal: &Journal,
    ledger: &L,
    bell: &Bell,
) -> Result<(), StepError> {
    for log in journal.all_logs().await? {
        if let Some(checkpoint) = journal.newest_checkpoint(log.id).await? {
            let claim = (checkpoint.size, checkpoint.root);
            check(journal, bell, &log, claim, Holder::Checkpoint).await?;
        }
        head(journal, ledger, bell, &log).await?;
    }
    Ok(())
}

/// Asks for the registry's head of a log and looks at it: it must be of ours,
/// and it must not be older than what was final.
pub(crate) async fn head<L: Ledger>(
    journal: &Journal,
    ledger: &L,
    bell: &Bell,
    log: &Log,
) -> Result<Option<Head>, StepError> {
    // Before the head is asked for: what becomes final in between is no loss.
    let last = journal.last_final(log.id).await?;
    let head = ledger.head(log.log_id).await?;
    if let Some(head) = head {
        check(journal, bell, log, (head.size, head.root), Holder::Registry).await?;
    }
    let found = head.map_or(0, |head| head.seq);
    match last {
        Some(last) if last.seq > found => Err(StepError::LedgerBehind {
            facility: log.facility.clone(),
            log_id: log.log_id,
            found,
            last: last.seq,
        }),
        _ => Ok(head),
    }
}

/// Looks at one log against one root that was found after `log` was read; a
/// contradiction rings.
async fn check(
    journal: &Journal,
    bell: &Bell,
    log: &Log,
    (size, root): (u64, Digest),
    holder: Holder,
) -> Result<(), StepError> {
    let (facility, log_id) = (log.facility.clone(), log.log_id);
    let local = if log.size < size {
        journal.size(log.id).await?
    } else {
        log.size
    };
    let alarm = if local < size {
        Alarm::Behind {
            facility,
            log_id,
            local,
            size,
            holder,
        }
    } else {
        if journal.root(log, size).await? == root {
            return Ok(());
        }
        Alarm::Forked {
            facility,
            log_id,
            size,
            holder,
        }
    };
    bell.ring(alarm.clone());
    Err(alarm.into())
}
