//! Closures that wait for a writer, in the order they came.

use crate::{Error, LockKey, Tx};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// How many closures may wait; more are refused at once.
const CAPACITY: usize = 4096;

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
            work: Box::new(Task {
                closure,
                value: None,
                answer,
            }),
            outcome: Err(Error::Unavailable),
        }
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
    closed: bool,
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
        if state.closed || state.waiting.len() >= CAPACITY {
            drop(state);
            job.answer();
        } else {
            state.waiting.push_back(job);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Waits for jobs and takes at most `most` of them; `None` when the queue is
    /// closed and empty.
    pub(crate) fn take(&self, most: usize) -> Option<Vec<Job>> {
        let mut state = self.state();
        while state.waiting.is_empty() {
            if state.closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let count = state.waiting.len().min(most);
        Some(state.waiting.drain(..count).collect())
    }

    /// Takes no more jobs; those that wait are still run.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
}
