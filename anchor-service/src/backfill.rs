//! Takes anchors from the chain that the database has no rows of: those of a database that
//! was put back, and what was given up while the nodes lagged. Without them a heartbeat,
//! whose row is there, would stand for the anchor of its size, which is the first one.
//!
//! What is taken is the registry's event and the transaction that made it. From there on it
//! is followed to finality as any other.

use crate::{
    failure::StepError,
    journal::{Journal, Log},
    ledger::{Head, Ledger, LedgerError},
};

/// Anchors of one log that one step takes.
const MAX_ANCHORS: u64 = 32;

/// Takes the anchors up to the head that have no row; the oldest first.
pub(crate) async fn take<L: Ledger>(
    journal: &Journal,
    ledger: &L,
    log: &Log,
    head: Head,
) -> Result<(), StepError> {
    for seq in journal.lacking(log.id, head.seq, MAX_ANCHORS).await? {
        let event = ledger.anchored(log.log_id, seq).await?;
        let event = event.ok_or(LedgerError::NoEvent(seq))?;
        // A proof shows the checkpoint too. While it is missing here, no heartbeat has its
        // size either.
        if journal
            .has_checkpoint(log.id, event.size, event.root)
            .await?
        {
            let sent = ledger.transaction(event.transaction).await?;
            let sent = sent.ok_or(LedgerError::NoEvent(seq))?;
            journal.taken(ledger.chain_id(), log, event, sent).await?;
            let facility = &log.facility;
            tracing::warn!(%facility, seq, "the row of an anchor was missing; taken from the chain");
        }
    }
    Ok(())
}
