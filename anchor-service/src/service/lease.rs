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
use lease::{Claim, Doubt, Party, Terms};
use model::{Clock, Timestamp};
use std::{sync::Arc, time::Duration};
use store::StoredLease;

/// A holder whose clock is far ahead of ours, and who is gone, keeps it for one term.
const TERMS: Terms = Terms {
    millis: 10_000,
    doubt: Doubt::Unchanged,
};
/// How often it is renewed, or looked at by those who wait.
pub(crate) const RENEWAL_INTERVAL: Duration = Duration::from_secs(3);
/// Takes, renews and gives back.
pub(crate) struct Lease {
    journal: Journal,
    clock: Arc<dyn Clock>,
    party: Party,
    /// The machine of this process, for people.
    name: String,
}

impl Lease {
    pub(crate) fn new(journal: Journal, clock: Arc<dyn Clock>, me: Candidate) -> Self {
        journal.tenure.stand(&me);
        Self {
            journal,
            clock,
            party: Party::new(me.id, TERMS),
            name: me.name,
        }
    }

    /// Takes the lease when it is to be had, renews it when it is ours; whether it is.
    pub(crate) async fn step(&mut self) -> Result<bool, StepError> {
        let now = self.clock.now();
        let found = self.journal.lease().await?;
        let claim = found.as_ref().map(|lease| Claim {
            holder: lease.holder.to_vec(),
            until: lease.until.as_millis(),
        });
        if self.party.stands_by(claim.as_ref(), now.as_millis()) {
            let other = found.as_ref().map(|lease| lease.name.as_str());
            self.journal.tenure.stand_by(other);
            return Ok(false);
        }
        let until = self.party.until(now.as_millis());
        let mine = StoredLease {
            holder: self.party.id(),
            name: self.name.clone(),
            until: Timestamp::from_millis(until).unwrap_or(now),
        };
        match self.journal.swap_lease(found, mine).await {
            Ok(()) => {
                self.party.took();
                self.journal.tenure.hold(now);
                Ok(true)
            }
            // Somebody was faster; the next look says who.
            Err(StepError::Store(LOST)) => {
                self.journal.tenure.stand_by(None);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives it back, so that another need not wait.
    pub(crate) async fn release(&mut self) -> Result<(), StepError> {
        let found = self.journal.lease().await?;
        let Some(mine) = found.filter(|lease| lease.holder == self.party.id()) else {
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
