//! How much may be asked: requests a second, records opened a second, denials a minute,
//! bytes of a body, bytes of query text a second, bytes stored a day.
//!
//! Each client has a bucket that fills steadily, and within it each of its users a smaller
//! one, so that one user does not shut out the others. So has each address that sends no
//! valid token. Buckets are this process's own: several gateways each give the whole rate.

use crate::{
    failure::Failure,
    identity::network,
    limits::{
        buckets::Buckets,
        settings::{Limits, Rate},
        sizes::{ENTRY_LIMIT, records_of_cards},
        stored::Stored,
        user::{client_of, searcher_of, user_of},
    },
};
use model::Clock;
use policies::Caller;
use std::{net::IpAddr, sync::Arc};

/// Bytes of a record or a body that count as one record opened.
const RECORD_BYTES: u64 = 4 * 1024;
/// Requests beyond what a user may that the entries of a Bundle can be: all of them.
const LENT_REQUESTS: u32 = ENTRY_LIMIT as u32;
/// Denials beyond what there may be in a minute, of requests that were let in at once: they
/// are paid back before another is.
const LENT_DENIALS: u32 = 10_000;
/// Records that can be opened beyond what a user may, by requests that are under way.
const LENT_RECORDS: u32 = 100_000;
/// The longest query text, percent-encoded anew, that is charged after its search.
const LONGEST_QUERY: u32 = 3 * 64 * 1024;

/// The buckets of all clients, users and addresses.
pub struct Throttle {
    clock: Arc<dyn Clock>,
    client_requests: Option<Buckets>,
    user_requests: Option<Buckets>,
    client_denials: Buckets,
    user_denials: Buckets,
    user_query_bytes: Option<Buckets>,
    user_records: Option<Buckets>,
    pub(crate) stored: Stored,
}

impl Throttle {
    /// Full buckets for everyone.
    #[must_use]
    pub fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        let lending = |rate: Rate, most| Buckets::new(rate.per_second, 1_000_000, rate.burst, most);
        let second = |rate| lending(rate, 0);
        let minute = |denials| Buckets::new(denials, 60_000_000, denials, LENT_DENIALS);
        Self {
            clock,
            client_requests: limits.client_requests.map(second),
            user_requests: limits
                .user_requests
                .map(|rate| lending(rate, LENT_REQUESTS)),
            client_denials: minute(limits.client_denials_per_minute),
            user_denials: minute(limits.user_denials_per_minute),
            user_query_bytes: limits
                .user_query_bytes
                .map(|rate| lending(rate, LONGEST_QUERY)),
            user_records: limits.user_records.map(|rate| lending(rate, LENT_RECORDS)),
            stored: Stored::new(limits),
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
        self.records(caller)?;
        self.denials(caller)
    }

    /// Notes the entries of a Bundle: each counts as a request of the user's, and the first
    /// has been counted with the Bundle.
    pub fn entries(&self, caller: &Caller, entries: usize) {
        let more = entries.saturating_sub(1) as u64;
        if let (Some(requests), Some(user)) = (&self.user_requests, user_of(caller)) {
            requests.charge(&user, self.now(), more);
        }
    }

    /// Whether a caller may open another record. A service that speaks for itself may:
    /// it reads for many, and its requests are bounded one by one.
    ///
    /// # Errors
    /// Throttled when the user's requests have opened too many.
    pub fn records(&self, caller: &Caller) -> Result<(), Failure> {
        match (&self.user_records, user_of(caller)) {
            (Some(records), Some(user)) => records.look(&user, self.now()),
            _ => Ok(()),
        }
    }

    /// Notes the bytes of a record that is opened for a caller, or of a body that is read.
    pub fn opened(&self, caller: &Caller, bytes: usize) {
        let amount = (bytes as u64).div_ceil(RECORD_BYTES).max(1);
        self.count_records(caller, amount);
    }

    /// Notes the patients beyond the first of a record that is opened or written for a
    /// caller.
    pub(crate) fn named(&self, caller: &Caller, more: u64) {
        self.count_records(caller, more);
    }

    /// Notes index cards that are to be read for a caller, by what they cost in records.
    pub(crate) fn read_cards(&self, caller: &Caller, records: u64) {
        self.count_records(caller, records);
    }

    /// Notes the bytes of index cards that were read: what they have beyond usual cards.
    pub(crate) fn opened_cards(&self, caller: &Caller, cards: u64, bytes: u64) {
        let usual = records_of_cards(cards, 0);
        self.count_records(caller, (bytes / RECORD_BYTES).saturating_sub(usual));
    }

    fn count_records(&self, caller: &Caller, amount: u64) {
        if let (Some(records), Some(user)) = (&self.user_records, user_of(caller)) {
            records.charge(&user, self.now(), amount);
        }
    }

    /// Whether a caller may be denied once more.
    ///
    /// # Errors
    /// Throttled when user or client has been denied too often.
    pub fn denials(&self, caller: &Caller) -> Result<(), Failure> {
        let now = self.now();
        if let Some(user) = user_of(caller) {
            self.user_denials.look(&user, now)?;
        }
        self.client_denials.look(&client_of(caller), now)
    }

    /// Whether a caller may search once more.
    ///
    /// # Errors
    /// Throttled when the texts of earlier searches were too long.
    pub fn searches(&self, caller: &Caller) -> Result<(), Failure> {
        match &self.user_query_bytes {
            Some(bytes) => bytes.look(&searcher_of(caller), self.now()),
            None => Ok(()),
        }
    }

    /// Notes the bytes of the text of a search that are not free. Whether there were any
    /// left is asked before the search, whose text is not known then.
    pub fn searched(&self, caller: &Caller, dear: u64) {
        if let Some(bytes) = self.user_query_bytes.as_ref().filter(|_| dear > 0) {
            bytes.charge(&searcher_of(caller), self.now(), dear);
        }
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

    /// Counts a denial. The remaining budget is checked on the next request, so each of
    /// several concurrent requests counts. Denials beyond the user's budget cost the client
    /// nothing.
    pub fn denied(&self, caller: &Caller) {
        let now = self.now();
        if let Some(user) = user_of(caller) {
            let within = self.user_denials.look(&user, now).is_ok();
            self.user_denials.charge(&user, now, 1);
            if !within {
                return;
            }
        }
        self.client_denials.charge(&client_of(caller), now, 1);
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_millis().saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests;
