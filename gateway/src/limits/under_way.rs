//! Bytes of bodies that come and of answers that go: how many may be in memory at a time,
//! of one user and of all together.

use crate::{failure::Failure, limits::settings::Limits};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Who asks without a token: all of them together have as much as one user, and nothing
/// beside the others.
pub(crate) const NOBODY: &str = "";

/// Users who can have as much under way as one may.
const USERS: usize = 4;
/// When there may be room again, in seconds.
const AGAIN: u32 = 5;

/// What is under way in this process.
#[derive(Debug)]
pub(crate) struct UnderWay {
    of_one: usize,
    of_all: usize,
    bytes: Mutex<Bytes>,
}

#[derive(Debug, Default)]
struct Bytes {
    all: usize,
    /// Of users who have any.
    users: HashMap<String, usize>,
}

/// Some bytes of a user that are under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    under_way: Arc<UnderWay>,
    user: String,
    bytes: usize,
}

impl UnderWay {
    /// For one user as much as the largest body or answer has.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let answer = usize::try_from(limits.answer_bytes).unwrap_or(usize::MAX);
        Self::of_users(limits.body_bytes.max(answer))
    }

    fn of_users(of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            of_one,
            of_all: of_one.saturating_mul(USERS),
            bytes: Mutex::default(),
        })
    }

    /// Nothing yet, of a user.
    pub(crate) fn of(self: &Arc<Self>, user: String) -> Held {
        Held {
            under_way: Arc::clone(self),
            user,
            bytes: 0,
        }
    }

    /// Bytes of all users.
    pub(crate) fn all(&self) -> usize {
        self.bytes().all
    }

    fn bytes(&self) -> MutexGuard<'_, Bytes> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Holds as many bytes more, if there is room for them.
    ///
    /// # Errors
    /// Throttled when the user has too many under way, unavailable when all have.
    pub(crate) fn take(&mut self, more: usize) -> Result<(), Failure> {
        let under_way = Arc::clone(&self.under_way);
        let mut bytes = under_way.bytes();
        let own = bytes.users.get(&self.user).copied().unwrap_or(0);
        if own.saturating_add(more) > under_way.of_one {
            return Err(Failure::throttled(AGAIN));
        }
        if self.counts() && bytes.all.saturating_add(more) > under_way.of_all {
            return Err(full());
        }
        self.note(&mut bytes, more);
        Ok(())
    }

    /// Holds what is there already, whether there is room or not: who has too much finds
    /// none for the next.
    pub(crate) fn add(&mut self, more: usize) {
        let under_way = Arc::clone(&self.under_way);
        self.note(&mut under_way.bytes(), more);
    }

    /// Whether it takes from what there is for all users.
    fn counts(&self) -> bool {
        self.user != NOBODY
    }

    fn note(&mut self, bytes: &mut Bytes, more: usize) {
        self.bytes = self.bytes.saturating_add(more);
        if self.counts() {
            bytes.all = bytes.all.saturating_add(more);
        }
        let own = bytes.users.entry(self.user.clone()).or_default();
        *own = own.saturating_add(more);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut bytes = self.under_way.bytes();
        if self.counts() {
            bytes.all = bytes.all.saturating_sub(self.bytes);
        }
        let own = bytes.users.get_mut(&self.user).map(|own| {
            *own = own.saturating_sub(self.bytes);
            *own
        });
        if own == Some(0) {
            bytes.users.remove(&self.user);
        }
    }
}

fn full() -> Failure {
    Failure {
        retry_after: Some(AGAIN),
        ..Failure::unavailable("too many bytes of bodies and answers are under way")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Category;

    #[test]
    fn one_user_has_a_part_of_the_room() {
        let under_way = UnderWay::of_users(200);
        let mut own = under_way.of("a".to_owned());
        own.take(200).unwrap();
        let refused = own.take(1).unwrap_err();
        assert_eq!(refused.category, Category::Throttled);
        let mut another = under_way.of("a".to_owned());
        assert!(another.take(1).is_err());
        let mut others: Vec<Held> = Vec::new();
        for user in ["b", "c", "d"] {
            let mut held = under_way.of(user.to_owned());
            held.take(200).unwrap();
            others.push(held);
        }
        let mut last = under_way.of("e".to_owned());
        let refused = last.take(1).unwrap_err();
        assert_eq!(refused.category, Category::Unavailable);
        assert_eq!(refused.retry_after, Some(AGAIN));
        drop(own);
        last.take(200).unwrap();
        another.take(1).unwrap_err();
    }

    #[test]
    fn who_has_no_token_takes_nothing_from_users() {
        let under_way = UnderWay::of_users(200);
        let mut nobody = under_way.of(NOBODY.to_owned());
        nobody.take(200).unwrap();
        assert!(nobody.take(1).is_err());
        nobody.add(10_000);
        assert_eq!(under_way.all(), 0);
        assert!(under_way.of("a".to_owned()).take(200).is_ok());
        drop(nobody);
        assert!(under_way.of(NOBODY.to_owned()).take(200).is_ok());
    }

    #[test]
    fn what_is_there_is_counted_and_what_goes_is_not() {
        let under_way = UnderWay::of_users(200);
        let mut answer = under_way.of("a".to_owned());
        answer.add(1_000);
        assert!(under_way.of("a".to_owned()).take(1).is_err());
        assert!(under_way.of("b".to_owned()).take(1).is_err());
        drop(answer);
        assert!(under_way.of("a".to_owned()).take(200).is_ok());
        assert!(under_way.bytes().users.is_empty());
    }
}
