//! Closures that wait for a writer, in the order they came.

use crate::{Error, LockKey, Tx};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Number of closures that may wait. More are refused at once.
const CAPACITY: usize = 4096;
/// Queue length at which a second writer starts its own transaction; most of a group's
/// cost is fixed.
const SECOND_WRITER_LENGTH: usize = 8;
/// Time that a shorter queue waits for more closures.
const GROUP_WAIT: Duration = Duration::from_millis(2);
/// Number of groups that may overtake a long closure.
const MAX_OVERTAKING_GROUPS: u32 = 8;

/// A closure with its result and whoever waits for it, its types forgotten.
trait Work: Send {
    fn run(&mut self, tx: &mut Tx) -> Result<(), Error>;
    fn answer(self: Box<Self>, outcome: Result<(), Error>);
}

struct Task<F, T, A> {
    closure: F,
    value: Option<T>,
    answer: A,
}

impl<F, T, A> Work for Task<F, T, A>
where
    F: FnMut(&mut Tx) -> Result<T, Error> + Send,
    T: Send,
    A: FnOnce(Result<T, Error>) + Send,
{
    fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        self.value = None;
        self.value = Some((self.closure)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        let Self { value, answer, .. } = *self;
        answer(outcome.and_then(|()| value.ok_or(Error::Unavailable)));
    }
}

/// One waiting closure.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) locks: Vec<LockKey>,
    /// Whether it writes so much that others would wait long for it.
    long: bool,
    since: Instant,
    work: Box<dyn Work>,
    /// What its last run came to; it counts when the transaction was committed.
    pub(crate) outcome: Result<(), Error>,
}

impl Job {
    pub(crate) fn new<F, T, A>(name: &'static str, locks: &[LockKey], closure: F, answer: A) -> Self
    where
        F: FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
        A: FnOnce(Result<T, Error>) + Send + 'static,
    {
        Self {
            name,
            locks: locks.to_vec(),
            long: false,
            since: Instant::now(),
            work: Box::new(Task {
                closure,
                value: None,
                answer,
            }),
            outcome: Err(Error::Unavailable),
        }
    }

    /// The same, of a closure that writes much.
    pub(crate) fn long(self) -> Self {
        Self { long: true, ..self }
    }

    /// Runs the closure. A panic ends the closure, not the writer.
    pub(crate) fn run(&mut self, tx: &mut Tx) -> Result<(), Error> {
        let work = &mut self.work;
        catch_unwind(AssertUnwindSafe(|| work.run(tx))).unwrap_or_else(|_| {
            tx.wrote = true;
            Err(Error::Panicked)
        })
    }

    pub(crate) fn answer(self) {
        self.work.answer(self.outcome);
    }
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// Long ones; each is a group of its own.
    long: VecDeque<Job>,
    /// Groups that went before the first of the long ones.
    passed: u32,
    /// Writers that have taken closures and are not done with them.
    at_work: usize,
    closed: bool,
}

impl State {
    /// How much longer those that wait may wait for more, or for a writer that is at
    /// work to be done.
    fn patience(&self) -> Option<Duration> {
        if self.long_is_due()
            || self.at_work == 0
            || self.waiting.len() >= SECOND_WRITER_LENGTH
            || self.closed
        {
            return None;
        }
        let waited = self.waiting.front()?.since.elapsed();
        GROUP_WAIT
            .checked_sub(waited)
            .filter(|rest| !rest.is_zero())
    }
}

impl State {
    fn count(&self) -> usize {
        self.waiting.len() + self.long.len()
    }

    /// Whether a long closure is next.
    fn long_is_due(&self) -> bool {
        !self.long.is_empty() && (self.waiting.is_empty() || self.passed >= MAX_OVERTAKING_GROUPS)
    }

    /// The next group, of at most this number of closures.
    fn group(&mut self, most: usize) -> Vec<Job> {
        if self.long_is_due() {
            self.passed = 0;
            return self.long.pop_front().into_iter().collect();
        }
        self.passed += u32::from(!self.long.is_empty());
        let count = self.waiting.len().min(most);
        self.waiting.drain(..count).collect()
    }
}

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, or answers it at once when there is no room.
    pub(crate) fn add(&self, job: Job) {
        let mut state = self.state();
        if state.closed || state.count() >= CAPACITY {
            drop(state);
            job.answer();
        } else {
            if job.long {
                state.long.push_back(job);
            } else {
                state.waiting.push_back(job);
            }
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Waits for jobs and takes at most `most` of them; `None` when the queue is
    /// closed and empty. Whoever has taken some says when they are [`Self::done`].
    pub(crate) fn take(&self, most: usize) -> Option<Vec<Job>> {
        let mut state = self.state();
        loop {
            if let Some(patience) = state.patience() {
                let waited = self.changed.wait_timeout(state, patience);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else if state.count() > 0 {
                break;
            } else if state.closed {
                return None;
            } else {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
        state.at_work += 1;
        Some(state.group(most))
    }

    /// Says that what was taken is answered.
    pub(crate) fn done(&self) {
        let mut state = self.state();
        state.at_work = state.at_work.saturating_sub(1);
    }

    /// Takes no more jobs; those that wait are still run.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
}
