//! Which of several services over one database works: the one that has the lease. The
//! others stand by; the first whose clock or patience says that the lease has run out
//! takes it, by compare-and-swap.
//!
//! Safety does not rest on it, so no clock can do harm. Whoever has lost the lease is
//! refused at its next transaction, because the holder is compared there, not the time.
//! And if two wrote at once all the same, the log would still have one history: leaves
//! get their index by compare-and-swap on the log's size, an anchor's number is stored
//! once, and the contract takes each number once.

use crate::{
    failure::StepError,
    log::journal::Journal,
    service::tenure::{Candidate, LOST},
};
use model::{Clock, Timestamp};
use std::{sync::Arc, time::Duration};
use store::StoredLease;

/// How long a holder that is not heard of keeps the lease.
const TERM_MILLIS: i64 = 10_000;
/// How often it is renewed, or looked at by those who wait.
pub(crate) const EVERY: Duration = Duration::from_secs(3);
/// Takes, renews and gives back.
pub(crate) struct Lease {
    journal: Journal,
    clock: Arc<dyn Clock>,
    me: Candidate,
    /// Another's lease as it stood first, and when that was by our clock.
    seen: Option<(StoredLease, Timestamp)>,
}

impl Lease {
    pub(crate) fn new(journal: Journal, clock: Arc<dyn Clock>, me: Candidate) -> Self {
        journal.tenure.stand(&me);
        Self {
            journal,
            clock,
            me,
            seen: None,
        }
    }

    /// Takes the lease when it is to be had, renews it when it is ours; whether it is.
    pub(crate) async fn step(&mut self) -> Result<bool, StepError> {
        let now = self.clock.now();
        let found = self.journal.lease().await?;
        let others = found.clone().filter(|lease| lease.holder != self.me.id);
        if let Some(other) = others.filter(|other| !self.is_over(other, now)) {
            self.journal.tenure.stand_by(Some(&other.name));
            return Ok(false);
        }
        let until = now.as_millis().saturating_add(TERM_MILLIS);
        let mine = StoredLease {
            holder: self.me.id,
            name: self.me.name.clone(),
            until: Timestamp::from_millis(until).unwrap_or(now),
        };
        match self.journal.swap_lease(found, mine).await {
            Ok(()) => {
                self.seen = None;
                self.journal.tenure.hold(now);
                Ok(true)
            }
            // Somebody was faster; the next look says who.
            Err(StepError::Store(error)) if error == LOST => {
                self.journal.tenure.stand_by(None);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether another's lease has run out: by its time, or because it has stood
    /// unchanged for a whole term while we looked on. The second is for a holder whose
    /// clock was far ahead of ours and who is gone.
    fn is_over(&mut self, other: &StoredLease, now: Timestamp) -> bool {
        let since = match &self.seen {
            Some((seen, since)) if seen == other => *since,
            _ => {
                self.seen = Some((other.clone(), now));
                now
            }
        };
        other.until <= now || now.as_millis().saturating_sub(since.as_millis()) >= TERM_MILLIS
    }

    /// Gives it back, so that another need not wait.
    pub(crate) async fn release(&mut self) -> Result<(), StepError> {
        let found = self.journal.lease().await?;
        let Some(mine) = found.filter(|lease| lease.holder == self.me.id) else {
            return Ok(());
        };
        self.journal.tenure.stand_by(None);
        let back = StoredLease {
            until: Timestamp::from_millis(0).unwrap_or(mine.until),
            ..mine.clone()
        };
        self.journal.swap_lease(Some(mine), back).await
    }
}
