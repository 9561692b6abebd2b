//! Long work of a facility, beside its requests: in small steps, by one process at a time,
//! and from where it was after a restart.
//!
//! A job is a row (docs/storage-format.md, "Jobs"). Its lease is for order: two processes
//! that both work do the same work twice and no harm. Its state is sealed, so that nobody
//! who can write to the database and holds no key can say that work was done. An earlier
//! row that is put back means that work is done again.

mod row;

pub use row::Job;

use crate::{app::App, facility::Facility, failure::Failure};
use lease::{Claim, Doubt, Party, Terms};
use model::{Clock, Random, RandomUnavailable, Timestamp};
use row::{Opened, Row};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Store, StoredJob};

/// A process takes a job for a minute, and takes it again while it works. A lease that ends
/// later than five from now was written by nobody of ours, or by a clock that is far off.
const TERMS: Terms = Terms {
    millis: 60_000,
    doubt: Doubt::EndsBeyond(300_000),
};
/// How often the state is kept while steps follow each other: what a crash costs.
pub(crate) const KEPT_EVERY: Duration = Duration::from_secs(10);

/// What became of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A step was done.
    Worked,
    /// Another process is at it.
    StoodBy,
    /// There is nothing to do before this time.
    Rested(Timestamp),
}

/// What a process needs to work at a job of a facility.
pub(crate) struct Tools {
    pub facility: Arc<Facility>,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl Tools {
    /// Those of an app at a facility.
    pub(crate) fn of(app: &App, facility: &Arc<Facility>) -> Self {
        Self {
            facility: Arc::clone(facility),
            store: app.store.clone(),
            clock: Arc::clone(&app.clock),
            random: Arc::clone(&app.random),
        }
    }
}

/// A process at work on a job of one facility.
pub struct Worker<J: Job> {
    job: J,
    row: Row,
    party: Party,
    keep_every: Duration,
    held: Option<Held<J::State>>,
}

/// A job that this process has.
struct Held<S> {
    state: S,
    /// As it stands in the database.
    row: StoredJob,
    kept: Instant,
}

impl<J: Job> Worker<J> {
    /// Whoever works keeps the state of the job each `keep_every`, and at its end.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub(crate) fn new(
        job: J,
        tools: Tools,
        keep_every: Duration,
    ) -> Result<Self, RandomUnavailable> {
        let mut holder = [0; 16];
        tools.random.fill(&mut holder)?;
        Ok(Self {
            job,
            row: Row::new(J::KIND, tools),
            party: Party::new(holder, TERMS),
            keep_every,
            held: None,
        })
    }

    /// Takes the job, if nobody else has it, and does one step of it.
    ///
    /// # Errors
    /// When the database or the keys cannot be read. What was done since the state was
    /// kept is done again.
    pub async fn turn(&mut self) -> Result<Turn, Failure> {
        let held = match self.held.take() {
            Some(held) if held.row.until_ms > self.row.now() => held,
            _ => match self.take().await? {
                Ok(held) => held,
                Err(turn) => return Ok(turn),
            },
        };
        self.step(held).await
    }

    /// Whether the steps have to follow each other faster to be done in time.
    pub(crate) fn is_late(&self) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| self.job.is_late(&held.state, self.row.time()))
    }

    /// Keeps the state and gives the job up, so that another process can go on at once.
    pub async fn release(&mut self) {
        let Some(held) = self.held.take() else { return };
        if let Err(failure) = self.keep(held, 0).await {
            tracing::info!(job = J::KIND, %failure, "a job was not given up; its lease runs out");
        }
    }

    async fn take(&mut self) -> Result<Result<Held<J::State>, Turn>, Failure> {
        let (stored, opened) = self.row.read::<J::State>().await?;
        let now = self.row.now();
        let mut state = match opened {
            Opened::None | Opened::OtherForm => J::State::default(),
            Opened::State(state) => state,
            Opened::Unopened => self.job.after_unopened(self.row.time()),
        };
        let claim = stored.as_ref().map(|row| Claim {
            holder: row.holder.clone(),
            until: row.until_ms,
        });
        let others = self.party.stands_by(claim.as_ref(), now);
        self.job.seen(&mut state, others);
        if others {
            return Ok(Err(Turn::StoodBy));
        }
        if let Some(until) = self.job.rests(&state, self.row.time()) {
            return Ok(Err(Turn::Rested(until)));
        }
        let until = self.party.until(now);
        let row = self.row.seal(&self.party.id(), until, &state).await?;
        if !self.row.swap(stored, row.clone()).await? {
            return Ok(Err(Turn::StoodBy));
        }
        self.party.took();
        Ok(Ok(Held {
            state,
            row,
            kept: Instant::now(),
        }))
    }

    async fn step(&mut self, mut held: Held<J::State>) -> Result<Turn, Failure> {
        if let Err(failure) = self.job.step(&mut held.state).await {
            self.held = Some(held);
            return Err(failure);
        }
        self.job.seen(&mut held.state, false);
        let rests = self.job.rests(&held.state, self.row.time());
        if rests.is_some() {
            self.keep(held, 0).await?;
        } else if held.kept.elapsed() >= self.keep_every {
            let until = self.party.until(self.row.now());
            self.held = self.keep(held, until).await?;
        } else {
            self.held = Some(held);
        }
        Ok(Turn::Worked)
    }

    /// `None` when the row is no longer the one that this process wrote: it is read anew.
    async fn keep(
        &self,
        held: Held<J::State>,
        until: i64,
    ) -> Result<Option<Held<J::State>>, Failure> {
        let row = self.row.seal(&self.party.id(), until, &held.state).await?;
        if !self.row.swap(Some(held.row), row.clone()).await? {
            tracing::warn!(job = J::KIND, facility = %self.row.facility_name(),
                "the row of a job was changed by another process, or by someone who writes to \
                 the database; it is read again");
            return Ok(None);
        }
        Ok(Some(Held {
            row,
            kept: Instant::now(),
            ..held
        }))
    }
}

/// The state of a job as it was kept last; `None` when it was never begun, or does not
/// open.
///
/// # Errors
/// When the database or the keys cannot be read.
pub(crate) async fn state<J: Job>(tools: Tools) -> Result<Option<J::State>, Failure> {
    let (_, opened) = Row::new(J::KIND, tools).read::<J::State>().await?;
    Ok(match opened {
        Opened::State(state) => Some(state),
        Opened::None | Opened::OtherForm | Opened::Unopened => None,
    })
}
