//! Keys of a log that nothing here shows to be its own: this gateway has another leaf key than
//! who wrote them, or somebody else wrote them. No checkpoint of the log counts then, so that
//! proofs are pending and its checkpoint is not found, and whoever runs it has to be told.

use model::{Clock, FacilityName, Timestamp};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Between two lines of one facility.
const BETWEEN_LINES_MILLIS: i64 = 60_000;

/// How often one facility's were met.
pub struct UnshownKeys {
    facility: FacilityName,
    clock: Arc<dyn Clock>,
    count: AtomicU64,
    told: Mutex<Option<Timestamp>>,
}

impl UnshownKeys {
    pub(crate) fn new(facility: FacilityName, clock: Arc<dyn Clock>) -> Self {
        Self {
            facility,
            clock,
            count: AtomicU64::new(0),
            told: Mutex::default(),
        }
    }

    /// How often they were, since the start of the process.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Counts it, and says it once a minute at most; whether it was said.
    pub(crate) fn note(&self, problem: &store::Error) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back says it too.
        let is_near = |told: Timestamp| {
            let since = now.as_millis().saturating_sub(told.as_millis());
            (0..BETWEEN_LINES_MILLIS).contains(&since)
        };
        if told.is_some_and(is_near) {
            return false;
        }
        *told = Some(now);
        tracing::error!(facility = %self.facility, %problem,
            "no checkpoint of the log counts here, and its proofs are pending: this gateway has \
             another leaf key than the anchor-service, or somebody changed the log's keys; see \
             the runbook, \"Proofs stay pending\"");
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ManualClock;

    #[test]
    fn it_is_said_once_a_minute_and_counted_each_time() {
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        let clock = Arc::new(ManualClock::new(at(1_000_000)));
        let keys = UnshownKeys::new("north".parse().unwrap(), clock.clone());
        let problem = store::Error::LogKeys("log.test/log/north".to_owned());
        assert!(keys.note(&problem));
        assert!(!keys.note(&problem));
        clock.advance_millis(BETWEEN_LINES_MILLIS - 1);
        assert!(!keys.note(&problem));
        clock.advance_millis(1);
        assert!(keys.note(&problem));
        assert_eq!(keys.count(), 4);
    }
}
