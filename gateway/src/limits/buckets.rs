//! Buckets that fill steadily, one for each key: the generic cell rate algorithm
//! (<https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>).

use crate::failure::Failure;
use moka::sync::Cache;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Buckets that are kept; those unused longest go first, and come back full.
const BUCKETS: u64 = 100_000;
/// A bucket that nobody asks for is kept so long at least.
const IDLE: Duration = Duration::from_secs(600);

/// The cache takes no longer time.
const LONGEST_IDLE: Duration = Duration::from_secs(365 * 86_400);

/// Buckets of one size. Times are in microseconds.
pub(crate) struct Buckets {
    /// When the bucket of a key is full again.
    full_at: Cache<String, Arc<Mutex<i64>>>,
    /// Between two drops.
    interval: i64,
    /// How far ahead of now `full_at` may be when another is taken.
    tolerance: i64,
    /// How much further off than that of an empty bucket `full_at` may be.
    lent: i64,
}

impl Buckets {
    /// Charges can overdraw a bucket by `most`.
    pub(crate) fn new(rate: u32, period: i64, burst: u32, most: u32) -> Self {
        let interval = period / i64::from(rate.max(1));
        let tolerance = interval.saturating_mul(i64::from(burst.max(1)) - 1);
        let lent = interval.saturating_mul(i64::from(most));
        // One that was let go comes back full, so not before it is.
        let filled = tolerance.saturating_add(interval).saturating_add(lent);
        let filled = Duration::from_micros(u64::try_from(filled).unwrap_or(0));
        Self {
            full_at: Cache::builder()
                .max_capacity(BUCKETS)
                .time_to_idle(filled.max(IDLE).min(LONGEST_IDLE))
                .build(),
            interval,
            tolerance,
            lent,
        }
    }

    fn bucket(&self, key: &str) -> Arc<Mutex<i64>> {
        self.full_at.get(key).unwrap_or_else(|| {
            self.full_at
                .get_with_by_ref(key, || Arc::new(Mutex::new(i64::MIN)))
        })
    }

    /// When the bucket is full, seen from now: never further off than an empty one that
    /// has lent all it may, so that a clock set back shuts nobody out.
    fn full_at(&self, held: i64, now: i64) -> i64 {
        let empty = now
            .saturating_add(self.tolerance)
            .saturating_add(self.interval)
            .saturating_add(self.lent);
        held.clamp(now, empty)
    }

    fn check(&self, full_at: i64, now: i64) -> Result<(), Failure> {
        let wait = full_at.saturating_sub(now).saturating_sub(self.tolerance);
        if wait <= 0 {
            return Ok(());
        }
        let seconds = u32::try_from(wait / 1_000_000).unwrap_or(u32::MAX);
        Err(Failure::throttled(seconds.saturating_add(1)))
    }

    /// Takes one from the bucket of a key.
    pub(crate) fn take(&self, key: &str, now: i64) -> Result<(), Failure> {
        let bucket = self.bucket(key);
        let mut held = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        *held = self.full_at(*held, now);
        self.check(*held, now)?;
        *held = held.saturating_add(self.interval);
        Ok(())
    }

    /// Takes an amount from the bucket of a key, whether it holds as much or not.
    pub(crate) fn charge(&self, key: &str, now: i64, amount: u64) {
        let amount = i64::try_from(amount).unwrap_or(i64::MAX);
        let bucket = self.bucket(key);
        let mut held = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = self.full_at(*held, now);
        let charged = full_at.saturating_add(self.interval.saturating_mul(amount));
        *held = self.full_at(charged, now);
    }

    /// Whether one could be taken.
    pub(crate) fn look(&self, key: &str, now: i64) -> Result<(), Failure> {
        let Some(bucket) = self.full_at.get(key) else {
            return Ok(());
        };
        let mut held = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        *held = self.full_at(*held, now);
        self.check(*held, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn taken(buckets: &Buckets, key: &str, now: i64) -> usize {
        let takes = std::iter::repeat_with(|| buckets.take(key, now));
        takes.take(1_000).take_while(Result::is_ok).count()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let buckets = Buckets::new(10, SECOND, 30, 0);
        assert_eq!(taken(&buckets, "a", 0), 30);
        assert_eq!(taken(&buckets, "a", SECOND), 10);
        assert_eq!(taken(&buckets, "a", SECOND + 99_999), 0);
        assert_eq!(taken(&buckets, "a", SECOND + 100_000), 1);
        assert_eq!(taken(&buckets, "b", SECOND), 30, "each has its own");
        assert_eq!(
            taken(&buckets, "a", 60 * SECOND),
            30,
            "it is never more than full"
        );
    }

    #[test]
    fn looking_takes_nothing() {
        let buckets = Buckets::new(1, SECOND, 1, 0);
        for _ in 0..3 {
            assert!(buckets.look("a", 0).is_ok());
        }
        assert_eq!(taken(&buckets, "a", 0), 1);
        let failure = buckets.look("a", 0).unwrap_err();
        assert_eq!(failure.retry_after, Some(2));
        assert!(buckets.look("a", SECOND).is_ok());
    }

    #[test]
    fn what_is_charged_beyond_the_bucket_is_waited_for() {
        let buckets = Buckets::new(10, SECOND, 20, 50);
        buckets.charge("a", 0, 19);
        assert!(buckets.look("a", 0).is_ok());
        buckets.charge("a", 0, 31);
        let failure = buckets.look("a", 0).unwrap_err();
        assert_eq!(failure.retry_after, Some(4), "30 are lent, 10 a second");
        assert!(buckets.look("a", 3 * SECOND).is_err());
        assert!(buckets.look("a", 3 * SECOND + 100_000).is_ok());
        buckets.charge("b", 0, u64::MAX);
        assert!(buckets.look("b", 4 * SECOND).is_err());
        assert!(buckets.look("b", 5 * SECOND + 100_000).is_ok());
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out() {
        let buckets = Buckets::new(10, SECOND, 10, 0);
        assert_eq!(taken(&buckets, "a", 1_000 * SECOND), 10);
        assert_eq!(taken(&buckets, "a", 0), 0);
        assert_eq!(taken(&buckets, "a", 2 * SECOND), 10);
    }
}
