//! Compares the log here with what others hold of it. A log that is behind, or
//! has another root at the same size, must not be sequenced any further.
//!
//! What others hold is asked first and the log's row read after it: leaves are
//! committed before they are signed or anchored, so a row that is read later has
//! them all, whoever else sequences. An older row only spares that second look.

use crate::{
    failure::StepError,
    keys::signed::Signed,
    ledger::{Head, Ledger, LedgerError},
    log::{
        journal::{Journal, Log},
        known_logs::KnownLogs,
    },
    service::alarm::{Alarm, Bell, Holder},
};
use model::Digest;
use store::StoredCheckpoint;

/// Looks at a log: at what its keys signed last, and at its newest checkpoint.
pub(crate) async fn check_here(
    journal: &Journal,
    known: &KnownLogs,
    signed: &Signed,
    bell: &Bell,
    log: &Log,
) -> Result<(), StepError> {
    last_signed(journal, signed, bell, log).await?;
    let newest = known.newest_checkpoint(log).await?;
    check_checkpoint(journal, bell, log, newest.as_ref()).await
}

/// Looks at a log: at a checkpoint that its keys signed.
pub(crate) async fn check_checkpoint(
    journal: &Journal,
    bell: &Bell,
    log: &Log,
    checkpoint: Option<&StoredCheckpoint>,
) -> Result<(), StepError> {
    let Some(checkpoint) = checkpoint else {
        return Ok(());
    };
    let claim = (checkpoint.size, checkpoint.root);
    check(journal, bell, log, claim, Holder::Checkpoint).await
}

/// Looks at a log against what its keys signed last, if that is known.
pub(crate) async fn last_signed(
    journal: &Journal,
    signed: &Signed,
    bell: &Bell,
    log: &Log,
) -> Result<(), StepError> {
    signed.readable(&log.origin)?;
    if let Some(state) = signed.of(&log.origin) {
        return check(journal, bell, log, state.claim(), Holder::SignedState).await;
    }
    let stored = journal.newest_checkpoint(log, log.stored_signers());
    match stored.await? {
        Some(_) => Err(StepError::NotAdopted {
            facility: log.facility.clone(),
            place: signed.place(),
        }),
        None => Ok(()),
    }
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
        let claim = (head.size, head.root);
        if let Some(alarm) = contradiction(journal, log, claim, Holder::Registry).await? {
            // One answer halts nobody: the registry's own event has to say the same.
            let event = ledger.anchored(log.log_id, head.seq).await?;
            if event.map(|event| (event.size, event.root)) != Some(claim) {
                return Err(LedgerError::NoEvent(head.seq).into());
            }
            bell.ring(alarm.clone());
            return Err(alarm.into());
        }
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

/// Whether the log here holds this head. Of one that has ended that is no alarm: it may
/// be why it was ended.
pub(crate) async fn holds(journal: &Journal, log: &Log, head: Head) -> Result<bool, StepError> {
    let claim = (head.size, head.root);
    let against = contradiction(journal, log, claim, Holder::Registry).await?;
    Ok(against.is_none())
}

/// Looks at one log against one root that was found after `log` was read; a
/// contradiction rings.
async fn check(
    journal: &Journal,
    bell: &Bell,
    log: &Log,
    claim: (u64, Digest),
    holder: Holder,
) -> Result<(), StepError> {
    match contradiction(journal, log, claim, holder).await? {
        None => Ok(()),
        Some(alarm) => {
            bell.ring(alarm.clone());
            Err(alarm.into())
        }
    }
}

async fn contradiction(
    journal: &Journal,
    log: &Log,
    claim: (u64, Digest),
    holder: Holder,
) -> Result<Option<Alarm>, StepError> {
    let (size, root) = claim;
    let (facility, log_id) = (log.facility.clone(), log.log_id);
    let local = if log.size < size {
        journal.size(log.id).await?
    } else {
        log.size
    };
    Ok(if local < size {
        Some(Alarm::Behind {
            facility,
            log_id,
            local,
            size,
            holder,
        })
    } else if journal.root(log, size).await? == root {
        None
    } else {
        Some(Alarm::Forked {
            facility,
            log_id,
            size,
            holder,
        })
    })
}
