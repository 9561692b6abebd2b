//! What has been counted since the start of the process, for metrics and for the audit.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct Counters {
    unauthenticated: AtomicU64,
    throttled: AtomicU64,
    unauthenticated_in_all: AtomicU64,
    denials: AtomicU64,
    opens: AtomicU64,
    long_requests: AtomicU64,
    stored: AtomicU64,
    not_stored: AtomicU64,
}

impl Counters {
    pub(crate) fn unauthenticated(&self) {
        self.unauthenticated.fetch_add(1, Ordering::Relaxed);
        self.unauthenticated_in_all.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests without a valid token since the start.
    #[must_use]
    pub fn unauthenticated_in_all(&self) -> u64 {
        self.unauthenticated_in_all.load(Ordering::Relaxed)
    }

    pub(crate) fn denied(&self) {
        self.denials.fetch_add(1, Ordering::Relaxed);
    }

    /// Decisions that went against the caller since the start. A search decides
    /// over every record that it might show.
    #[must_use]
    pub fn denials(&self) -> u64 {
        self.denials.load(Ordering::Relaxed)
    }

    pub(crate) fn opened(&self) {
        self.opens.fetch_add(1, Ordering::Relaxed);
    }

    /// Versions whose envelopes were opened for a decision since the start.
    #[must_use]
    pub fn opens(&self) -> u64 {
        self.opens.load(Ordering::Relaxed)
    }

    pub(crate) fn long_request(&self) {
        self.long_requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests that were carried out beside the threads that serve since the start.
    #[must_use]
    pub fn long_requests(&self) -> u64 {
        self.long_requests.load(Ordering::Relaxed)
    }

    pub(crate) fn stored(&self, bytes: u64) {
        self.stored.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of versions that were stored since the start, as they count for a day's limit.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    pub(crate) fn not_stored(&self) {
        self.not_stored.fetch_add(1, Ordering::Relaxed);
    }

    /// Versions that were refused because their caller had stored as much as one may in a day.
    #[must_use]
    pub fn refused_to_store(&self) -> u64 {
        self.not_stored.load(Ordering::Relaxed)
    }

    /// Takes the number of requests without a valid token since the last time.
    pub(crate) fn take_unauthenticated(&self) -> u64 {
        self.unauthenticated.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn throttled(&self) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the number of requests that were too many since the last time.
    pub(crate) fn take_throttled(&self) -> u64 {
        self.throttled.swap(0, Ordering::Relaxed)
    }

    /// Counts them again, when they could not be audited.
    pub(crate) fn put_back_throttled(&self, count: u64) {
        self.throttled.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts them again, when they could not be audited.
    pub(crate) fn put_back_unauthenticated(&self, count: u64) {
        self.unauthenticated.fetch_add(count, Ordering::Relaxed);
    }
}
