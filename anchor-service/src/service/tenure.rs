//! What a process knows of its lease, and the fence of its transactions.

use model::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{Error, Taken, Tx};

/// What a transaction fails with that is no longer the holder's.
pub(crate) const LOST: Error = Error::Taken(Taken::Lease);

/// A process that may take the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Random at each start: a process that comes back is another one.
    pub id: [u8; 16],
    /// Its machine, for people.
    pub name: String,
}

/// Who works over this database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseState {
    /// This process.
    Held {
        /// When it took the lease; none where no lease is needed.
        since: Option<Timestamp>,
    },
    /// Another, on the machine of this name; this one stands by.
    HeldBy(String),
    /// Not known yet; this process does nothing.
    Unknown,
}

/// What one process knows of its lease; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tenure(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    /// Under which id this process takes the lease; `None` where no lease is needed.
    id: Option<[u8; 16]>,
    state: LeaseState,
}

impl Default for Known {
    /// Nobody else is thought of until there is a candidate.
    fn default() -> Self {
        Self {
            id: None,
            state: LeaseState::Held { since: None },
        }
    }
}

impl Known {
    const fn is_held(&self) -> bool {
        matches!(self.state, LeaseState::Held { .. })
    }

    /// Does not work any more. Who else does is not forgotten.
    fn lose(&mut self) {
        if self.is_held() {
            self.state = LeaseState::Unknown;
        }
    }
}

impl Tenure {
    /// From now on this process works with the lease only.
    pub(crate) fn stand(&self, candidate: &Candidate) {
        let mut known = self.known();
        known.id = Some(candidate.id);
        known.lose();
    }

    /// Whether this process works; without a lease it always does.
    pub(crate) fn is_held(&self) -> bool {
        self.known().is_held()
    }

    /// Takes note of a transaction's end: one that the fence refused tells that the
    /// lease is another's.
    pub(crate) fn note<T>(&self, outcome: &Result<T, Error>) {
        if matches!(outcome, Err(LOST)) {
            self.known().lose();
        }
    }

    /// What every transaction of a process with a lease begins with.
    pub(crate) fn fence(&self) -> impl Fn(&mut Tx) -> Result<(), Error> + use<> {
        let id = self.known().id;
        move |tx: &mut Tx| match id {
            None => Ok(()),
            Some(id) => match tx.lease().find()? {
                Some(lease) if lease.holder == id => Ok(()),
                _ => Err(LOST),
            },
        }
    }

    pub(crate) fn state(&self) -> LeaseState {
        self.known().state.clone()
    }

    /// It is this process's, from now on or still.
    pub(crate) fn hold(&self, now: Timestamp) {
        let mut known = self.known();
        if !known.is_held() {
            tracing::info!("this process has the lease of the anchor-service, and works");
            known.state = LeaseState::Held { since: Some(now) };
        }
    }

    /// It is not this process's; perhaps it is known whose.
    pub(crate) fn stand_by(&self, other: Option<&str>) {
        let mut known = self.known();
        let state = match other {
            Some(holder) => LeaseState::HeldBy(holder.to_owned()),
            None => LeaseState::Unknown,
        };
        if let Some(holder) = other
            && known.state != state
        {
            tracing::info!(holder, "another anchor-service works; this one stands by");
        }
        known.state = state;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
