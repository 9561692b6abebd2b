//! Long requests go on by turns. All requests share the few threads that serve: one that
//! opens thousands of records, or reads a body of megabytes, would keep its thread until
//! it is done, and those who ask for one record would wait behind it. So a request that
//! has worked long does each further step in a turn, and there are fewer turns than
//! threads, however many such requests there are. To read a body is one step, which can
//! take a second, and to open a record another, which never does: each kind has turns of
//! its own, so that bodies do not hold up searches.

use crate::{budget::Budget, failure::Failure};
use std::{sync::Arc, thread};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of one kind of step in this process; who waits longest gets the next.
#[derive(Debug)]
pub struct Turns(Arc<Semaphore>);

/// The right to one step; let go of when the step is done.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Default for Turns {
    /// For half of the processors, one at least.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((processors / 2).max(1))))
    }
}

impl Turns {
    /// Waits for a turn to open a record, if the request is a long one by now.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn step_of(&self, budget: &Budget) -> Result<Option<Turn>, Failure> {
        match budget.is_long() {
            true => self.next().await.map(Some),
            false => Ok(None),
        }
    }

    /// Waits for a turn. What else is ready on this thread goes first.
    ///
    /// # Errors
    /// None: turns are never closed.
    pub async fn next(&self) -> Result<Turn, Failure> {
        tokio::task::yield_now().await;
        let permit = Arc::clone(&self.0).acquire_owned().await;
        Ok(Turn {
            _permit: permit.map_err(Failure::fault)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::task::{LocalSet, spawn_local, yield_now};

    /// What ran, in order: two long requests of three steps each, and a short one that
    /// comes after them.
    #[tokio::test]
    async fn a_short_request_waits_for_one_step_of_the_long_ones() {
        let ran = std::rc::Rc::new(RefCell::new(Vec::new()));
        let turns = std::rc::Rc::new(Turns(Arc::new(Semaphore::new(1))));
        let local = LocalSet::new();
        local
            .run_until(async {
                let mut tasks = Vec::new();
                for long in ["a", "b"] {
                    let (turns, ran) = (turns.clone(), ran.clone());
                    tasks.push(spawn_local(async move {
                        for _ in 0..3 {
                            let turn = turns.next().await.unwrap();
                            ran.borrow_mut().push(long);
                            drop(turn);
                        }
                    }));
                }
                yield_now().await;
                let ran = ran.clone();
                tasks.push(spawn_local(async move { ran.borrow_mut().push("short") }));
                for task in tasks {
                    task.await.unwrap();
                }
            })
            .await;
        let ran = ran.borrow();
        let short = ran.iter().position(|who| *who == "short").unwrap();
        assert_eq!(ran.len(), 7);
        assert!(short <= 2, "{ran:?}");
    }

    #[tokio::test]
    async fn steps_of_long_requests_exclude_each_other() {
        let turns = Turns(Arc::new(Semaphore::new(1)));
        let first = turns.next().await.unwrap();
        let second = turns.next();
        tokio::pin!(second);
        let waited = tokio::time::timeout(std::time::Duration::from_millis(20), &mut second);
        assert!(waited.await.is_err(), "there is one turn");
        drop(first);
        assert!(second.await.is_ok());
    }
}
