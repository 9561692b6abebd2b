//! How much may be asked: requests a second, denials a minute, bytes of a body.
//!
//! Each client has a bucket that fills steadily (the generic cell rate algorithm,
//! <https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm>), and within it each of
//! its users a smaller one, so that one user does not shut out the others. So has each
//! address that sends no valid token. Buckets are this process's own: several gateways
//! each give the whole rate.

use crate::failure::Failure;
use model::Clock;
use moka::sync::Cache;
use policies::Caller;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The largest body that is read when nothing else is set, in bytes.
const BODY_BYTES: usize = 32 * 1024 * 1024;
/// The slowest that a body may come once its first seconds are over.
pub const BODY_BYTES_PER_SECOND: usize = 16 * 1024;
/// FHIR written without white space has 14 bytes a value at the densest and 34 in the
/// median (HL7's examples of R4).
const BYTES_PER_VALUE: usize = 16;
const OPENED_RECORDS: u64 = 20_000;
const OPENED_BYTES: u64 = 256 * 1024 * 1024;
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// Buckets that are kept; those unused longest go first, and come back full.
const BUCKETS: u64 = 100_000;
/// A bucket is full again long before.
const IDLE: Duration = Duration::from_secs(600);

/// What the operator allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one client; `None` for no limit.
    pub client_requests: Option<Rate>,
    /// Requests of one user of a client, or of one address without a valid token;
    /// `None` for no limit.
    pub user_requests: Option<Rate>,
    /// Answers 403 and 404 to one client. Each is audited; when they are used up the
    /// client gets 429, which is audited in aggregate only.
    pub client_denials_per_minute: u32,
    /// The same of one user of a client.
    pub user_denials_per_minute: u32,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// Seconds after which a body must have come, or must be coming at
    /// [`BODY_BYTES_PER_SECOND`] or faster.
    pub body_seconds: u32,
    /// Records that one request may open.
    pub opened_records: u64,
    /// Sealed bytes of the records that one request may open.
    pub opened_bytes: u64,
    /// Bytes that the answer to one request may have, but for its last page.
    pub answer_bytes: u64,
}

impl Limits {
    /// JSON values that one body may have. With this many, what is read of the largest
    /// body fits into eight times its bytes.
    #[must_use]
    pub const fn body_values(&self) -> usize {
        self.body_bytes / BYTES_PER_VALUE
    }
}

/// A rate, and how far ahead of it one may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second.
    pub per_second: u32,
    /// Number of requests that may come at once; at least 1.
    pub burst: u32,
}

impl Rate {
    /// A rate of which a second's worth may come at once.
    #[must_use]
    pub const fn of(per_second: u32) -> Self {
        Self {
            per_second,
            burst: per_second,
        }
    }
}

/// Far above what a hospital's system or a person's app asks, and a bound all the same.
impl Default for Limits {
    fn default() -> Self {
        Self {
            client_requests: Some(Rate::of(5_000)),
            user_requests: Some(Rate::of(500)),
            client_denials_per_minute: 6_000,
            user_denials_per_minute: 300,
            body_bytes: BODY_BYTES,
            opened_records: OPENED_RECORDS,
            opened_bytes: OPENED_BYTES,
            answer_bytes: ANSWER_BYTES,
            body_seconds: 30,
        }
    }
}

/// The buckets of all clients, users and addresses.
pub struct Throttle {
    clock: Arc<dyn Clock>,
    client_requests: Option<Buckets>,
    user_requests: Option<Buckets>,
    client_denials: Buckets,
    user_denials: Buckets,
}

impl Throttle {
    /// Full buckets for everyone.
    #[must_use]
    pub fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        let second = |rate: Rate| Buckets::new(rate.per_second, 1_000_000, rate.burst);
        let minute = |denials| Buckets::new(denials, 60_000_000, denials);
        Self {
            clock,
            client_requests: limits.client_requests.map(second),
            user_requests: limits.user_requests.map(second),
            client_denials: minute(limits.client_denials_per_minute),
            user_denials: minute(limits.user_denials_per_minute),
        }
    }

    /// Lets a request of a caller in. What a user is refused costs the client nothing.
    ///
    /// # Errors
    /// Throttled when user or client has asked, or been denied, too often.
    pub fn caller(&self, caller: &Caller) -> Result<(), Failure> {
        let (client, user, now) = (client_of(caller), user_of(caller), self.now());
        if let (Some(requests), Some(user)) = (&self.user_requests, &user) {
            requests.take(user, now)?;
        }
        if let Some(requests) = &self.client_requests {
            requests.take(&client, now)?;
        }
        if let Some(user) = &user {
            self.user_denials.look(user, now)?;
        }
        self.client_denials.look(&client, now)
    }

    /// Lets a request without a valid token be answered.
    ///
    /// # Errors
    /// Throttled when its address has sent too many.
    pub fn address(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        match &self.user_requests {
            Some(requests) => requests.take(&network(address), self.now()),
            None => Ok(()),
        }
    }

    /// Notes that a caller was denied. Whether there was one left is asked before the
    /// next request.
    pub fn denied(&self, caller: &Caller) {
        let now = self.now();
        let user = user_of(caller);
        let within = user.is_none_or(|user| self.user_denials.take(&user, now).is_ok());
        if within {
            drop(self.client_denials.take(&client_of(caller), now));
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millis().saturating_mul(1_000)
    }
}

/// Clients of two issuers are two clients; an address holds no line break.
fn client_of(caller: &Caller) -> String {
    format!("{}\n{}", caller.issuer, caller.client)
}

/// `None` for a service that speaks for itself (RFC 9068, 2.2): it is all there is of
/// its client.
fn user_of(caller: &Caller) -> Option<String> {
    let own = caller.subject == caller.client;
    (!own).then(|| format!("{}\n{}\n{}", caller.issuer, caller.client, caller.subject))
}

/// Addresses that count together: of IPv6 the network of 64 bits that one connection
/// is given.
pub(crate) fn network(address: Option<IpAddr>) -> String {
    match address {
        None => "-".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => format!("{:x}", address.to_bits() >> 64),
    }
}

/// Buckets of one size. Times are in microseconds.
struct Buckets {
    /// When the bucket of a key is full again.
    full_at: Cache<String, Arc<Mutex<i64>>>,
    /// Between two drops.
    interval: i64,
    /// How far ahead of now `full_at` may be when another is taken.
    tolerance: i64,
}

impl Buckets {
    fn new(rate: u32, period: i64, burst: u32) -> Self {
        let interval = period / i64::from(rate.max(1));
        Self {
            full_at: Cache::builder()
                .max_capacity(BUCKETS)
                .time_to_idle(IDLE)
                .build(),
            interval,
            tolerance: interval.saturating_mul(i64::from(burst.max(1)) - 1),
        }
    }

    fn bucket(&self, key: &str) -> Arc<Mutex<i64>> {
        self.full_at.get(key).unwrap_or_else(|| {
            self.full_at
                .get_with_by_ref(key, || Arc::new(Mutex::new(i64::MIN)))
        })
    }

    /// When the bucket is full, seen from now: never further off than an empty one,
    /// so that a clock set back shuts nobody out.
    fn full_at(&self, held: i64, now: i64) -> i64 {
        let empty = now
            .saturating_add(self.tolerance)
            .saturating_add(self.interval);
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
    fn take(&self, key: &str, now: i64) -> Result<(), Failure> {
        let bucket = self.bucket(key);
        let mut held = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        *held = self.full_at(*held, now);
        self.check(*held, now)?;
        *held = held.saturating_add(self.interval);
        Ok(())
    }

    /// Whether one could be taken.
    fn look(&self, key: &str, now: i64) -> Result<(), Failure> {
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
        let buckets = Buckets::new(10, SECOND, 30);
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
        let buckets = Buckets::new(1, SECOND, 1);
        for _ in 0..3 {
            assert!(buckets.look("a", 0).is_ok());
        }
        assert_eq!(taken(&buckets, "a", 0), 1);
        let failure = buckets.look("a", 0).unwrap_err();
        assert_eq!(failure.retry_after, Some(2));
        assert!(buckets.look("a", SECOND).is_ok());
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out() {
        let buckets = Buckets::new(10, SECOND, 10);
        assert_eq!(taken(&buckets, "a", 1_000 * SECOND), 10);
        assert_eq!(taken(&buckets, "a", 0), 0);
        assert_eq!(taken(&buckets, "a", 2 * SECOND), 10);
    }
}
