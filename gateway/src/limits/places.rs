//! Places for requests that take their time: so many at a time, and one that is free is
//! given to users in turn. However many requests of one user wait, the first of another
//! waits for one of them at most.

use crate::failure::Failure;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Requests of one user that may wait; more are told to come again.
const WAITING_OF_ONE: usize = 256;
/// When they may, in seconds.
const AGAIN: u32 = 2;

/// All places of one kind in a process.
#[derive(Debug)]
pub(crate) struct Places(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By number.
    free: Vec<usize>,
    /// Who has the next turn stands first.
    users: VecDeque<User>,
}

#[derive(Debug)]
struct User {
    name: String,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// One place; dropped, it is the next one's.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    pub(crate) number: usize,
}

impl Places {
    /// This number of places, all of them free.
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let free = (0..count).rev().collect();
        let users = VecDeque::new();
        Arc::new(Self(Mutex::new(State { free, users })))
    }

    /// Waits for a place of a user.
    ///
    /// # Errors
    /// Throttled when too many requests of the user wait.
    pub(crate) async fn take(self: &Arc<Self>, user: &str) -> Result<Place, Failure> {
        let next = {
            let mut state = self.state();
            match state.free.pop() {
                Some(number) => return Ok(self.place(number)),
                None => state.wait(user)?,
            }
        };
        next.await.map_err(Failure::fault)
    }

    fn place(self: &Arc<Self>, number: usize) -> Place {
        Place {
            places: Arc::clone(self),
            number,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Puts a request behind those of its user, and a user who has none behind the others.
    fn wait(&mut self, user: &str) -> Result<oneshot::Receiver<Place>, Failure> {
        let (sender, receiver) = oneshot::channel();
        match self.users.iter_mut().find(|one| one.name == user) {
            Some(one) => {
                one.waiting.retain(|waiting| !waiting.is_closed());
                if one.waiting.len() >= WAITING_OF_ONE {
                    return Err(Failure::throttled(AGAIN));
                }
                one.waiting.push_back(sender);
            }
            None => self.users.push_back(User {
                name: user.to_owned(),
                waiting: VecDeque::from([sender]),
            }),
        }
        Ok(receiver)
    }

    /// Who is next; its user goes behind the others. Who has gone is passed over.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        while let Some(mut user) = self.users.pop_front() {
            user.waiting.retain(|waiting| !waiting.is_closed());
            let next = user.waiting.pop_front();
            if !user.waiting.is_empty() {
                self.users.push_back(user);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let next = {
            let mut state = self.places.state();
            let next = state.next();
            if next.is_none() {
                state.free.push(self.number);
            }
            next
        };
        if let Some(next) = next {
            // Sent to who has just gone, it is dropped and comes here again.
            drop(next.send(self.places.place(self.number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::{JoinHandle, yield_now};

    /// Takes a place for a user, notes it, and lets it go.
    fn ask(
        places: &Arc<Places>,
        served: &Arc<Mutex<Vec<String>>>,
        user: &str,
    ) -> JoinHandle<Result<(), Failure>> {
        let (places, served, user) = (places.clone(), served.clone(), user.to_owned());
        tokio::spawn(async move {
            let place = places.take(&user).await?;
            served.lock().unwrap().push(user);
            drop(place);
            Ok(())
        })
    }

    #[tokio::test]
    async fn users_have_their_turns_however_many_requests_they_have() {
        let (places, served) = (Places::new(1), Arc::default());
        let first = places.take("a").await.unwrap();
        let mut asked = Vec::new();
        for user in ["a", "a", "a", "b", "b", "c"] {
            asked.push(ask(&places, &served, user));
            yield_now().await;
        }
        drop(first);
        for one in asked {
            one.await.unwrap().unwrap();
        }
        assert_eq!(served.lock().unwrap().join(" "), "a b c a b a");
    }

    #[tokio::test]
    async fn who_has_gone_is_passed_over_and_who_has_too_many_waiting_comes_again() {
        let (places, served) = (Places::new(1), Arc::default());
        let first = places.take("a").await.unwrap();
        let mut asked = Vec::new();
        for _ in 0..WAITING_OF_ONE {
            asked.push(ask(&places, &served, "a"));
            yield_now().await;
        }
        let refused = places.take("a").await.unwrap_err();
        assert_eq!(refused.retry_after, Some(AGAIN));
        asked.iter().for_each(JoinHandle::abort);
        let other = ask(&places, &served, "b");
        yield_now().await;
        drop(first);
        other.await.unwrap().unwrap();
        assert_eq!(served.lock().unwrap().join(" "), "b");
        assert!(places.take("a").await.is_ok(), "the place is free again");
    }
}
