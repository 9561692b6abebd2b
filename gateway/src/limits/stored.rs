//! What a caller may store in a day: a bucket for each user, and one for each service that
//! speaks for itself. They are this process's own, and full again when it starts.

use crate::limits::{
    buckets::Buckets,
    settings::Limits,
    user::{client_of, user_of},
};
use policies::Caller;
use store::NewVersion;

/// Bytes of a row of a link or a token with its indexes, as PostgreSQL stores it; SQLite
/// needs 90 to 130.
const ROW_BYTES: usize = 256;
/// Bytes of sealed versions that count together; a smaller version counts as many, for its
/// rows, its leaf and its audit record take about that.
pub(super) const BLOCK: u64 = 4 * 1024;
/// A day in microseconds.
const DAY: i64 = 86_400_000_000;
/// Blocks that one request may store beyond what is left: a Bundle is stored whole.
const LENT: u32 = 200_000;

/// The buckets.
pub(crate) struct Stored {
    users: Option<Buckets>,
    services: Option<Buckets>,
}

impl Stored {
    pub(crate) fn new(limits: &Limits) -> Self {
        let daily = |bytes: u64| {
            let blocks = u32::try_from(bytes / BLOCK).unwrap_or(u32::MAX).max(1);
            Buckets::new(blocks, DAY, blocks, LENT)
        };
        Self {
            users: limits.user_stored_bytes_per_day.map(daily),
            services: limits.service_stored_bytes_per_day.map(daily),
        }
    }

    pub(super) fn of(&self, caller: &Caller) -> (Option<&Buckets>, String, &'static str) {
        match user_of(caller) {
            Some(user) => (self.users.as_ref(), user, "userStoredBytesPerDay"),
            None => (
                self.services.as_ref(),
                client_of(caller),
                "serviceStoredBytesPerDay",
            ),
        }
    }
}

/// Bytes that a version is counted with: its envelope, its sealed card, and what it is found
/// by, of which a record may have far more than content.
pub(crate) const fn bytes_of(new: &NewVersion, card: usize) -> usize {
    let rows = new.links.len() + new.tokens.len();
    new.version.envelope.len() + card + ROW_BYTES * rows
}
