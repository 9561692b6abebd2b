//! What the service says of itself, for `/readyz`, metrics and the operator.

use crate::{
    failure::StepError,
    ledger::{NodeBoard, Refusal},
    log::{journal::Journal, standing::LogStatus},
    log_check::LogChecks,
    posting::funds::{LastPurse, Purse},
    service::{
        alarm::{Alarm, Bell},
        counts::Counts,
        tenure::LeaseState,
    },
};
use model::{LogId, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// How the service stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Leaves without an index, over all facilities.
    pub pending: u64,
    /// Leaves that were refused an index, over all facilities, until they are forgotten.
    pub refused_leaves: u64,
    /// When the leaf that has waited longest was written.
    pub oldest_pending: Option<Timestamp>,
    /// Every log.
    pub logs: Vec<LogStatus>,
    /// Why the service has stopped, if it has.
    pub alarm: Option<Alarm>,
    /// What each step that does not get on last met with, by the step's name.
    pub troubles: BTreeMap<&'static str, String>,
}

impl Status {
    /// What is not known of the newest final anchors, and why.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let of_log = |log: &LogStatus| {
            let (facility, problem) = (&log.facility, log.unknown.as_ref()?);
            Some(format!(
                "what is final of the log of `{facility}` is not known: {problem}"
            ))
        };
        self.logs.iter().filter_map(of_log).collect()
    }
}

/// How old a final anchor may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    /// In milliseconds; 0 for any age.
    pub(crate) most_millis: i64,
    /// Whether a log that does not grow is anchored again.
    pub(crate) has_heartbeats: bool,
}

impl Freshness {
    /// The age of the newest final anchor in milliseconds, or where there is none that of the
    /// first checkpoint, when it is too great. A log that has grown no further since and has no
    /// heartbeats is as fresh as it can be.
    fn overdue(self, log: &LogStatus, now: Timestamp) -> Option<i64> {
        let (since, size) = match log.last_final {
            Some(last) => (last.time, last.size),
            None => (log.first_signed?, 0),
        };
        let moves = self.has_heartbeats || log.size > size;
        let age = now.as_millis().saturating_sub(since.as_millis());
        (self.most_millis > 0 && moves && age > self.most_millis).then_some(age)
    }
}

/// Reads the status; cheap to clone, outlives the service.
#[derive(Debug, Clone)]
pub struct StatusReader {
    pub(crate) journal: Journal,
    pub(crate) bell: Bell,
    pub(crate) troubles: Troubles,
    pub(crate) refusals: Refusals,
    pub(crate) compared: Compared,
    pub(crate) purse: LastPurse,
    pub(crate) nodes: NodeBoard,
    pub(crate) freshness: Freshness,
    pub(crate) checks: LogChecks,
}

impl StatusReader {
    /// Whether the logs were compared with the registry since the start, and fitted.
    #[must_use]
    pub fn compared(&self) -> bool {
        self.compared.0.load(Ordering::Acquire)
    }

    /// Reads it now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(&self) -> Result<Status, store::Error> {
        let mut standing = self.journal.standing().await?;
        for log in &mut standing.logs {
            log.refused = self.refusals.of(log.log_id);
        }
        Ok(Status {
            pending: standing.pending,
            refused_leaves: standing.refused_leaves,
            oldest_pending: standing.oldest,
            logs: standing.logs,
            alarm: self.alarm(),
            troubles: self.troubles(),
        })
    }

    /// What is wrong with the ages of final anchors, where this process works.
    #[must_use]
    pub fn overdue(&self, status: &Status, now: Timestamp) -> Vec<String> {
        if !matches!(self.lease(), LeaseState::Held { .. }) {
            return Vec::new();
        }
        let overdue = |log: &LogStatus| {
            let minutes = self.freshness.overdue(log, now)? / 60_000;
            let (facility, see) = (&log.facility, "see the steps, the L2 and its final blocks");
            Some(if log.last_final.is_some() {
                format!(
                    "the newest final anchor of the log of `{facility}` is {minutes} minutes old; \
                     {see}"
                )
            } else {
                format!(
                    "the log of `{facility}` was signed first {minutes} minutes ago and has no \
                     final anchor; {see}"
                )
            })
        };
        status.logs.iter().filter_map(overdue).collect()
    }

    /// What the submitter's account has; `None` while it is not known.
    #[must_use]
    pub fn purse(&self) -> Option<Purse> {
        self.purse.get()
    }

    /// The L2's nodes by name, each with why it is passed over, if it is; empty where
    /// there is one alone.
    #[must_use]
    pub fn nodes(&self) -> BTreeMap<String, Option<String>> {
        self.nodes.read()
    }

    /// The last check of whole logs.
    #[must_use]
    pub const fn checks(&self) -> &LogChecks {
        &self.checks
    }

    /// What was done since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.journal.counters.read()
    }

    /// Whether this process works or stands by.
    #[must_use]
    pub fn lease(&self) -> LeaseState {
        self.journal.tenure.state()
    }

    /// Why the service has stopped, if it has.
    #[must_use]
    pub fn alarm(&self) -> Option<Alarm> {
        self.bell.rung().cloned()
    }

    /// What each step that does not get on last met with, by the step's name.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<&'static str, String> {
        self.troubles
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The step that looks at the key files.
pub(crate) const KEYS: &str = "keys";

/// The last failure of each step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Troubles(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Troubles {
    /// What another process works at is no trouble of this one; its key files are.
    pub(crate) fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|step, _| *step == KEYS);
    }

    /// Takes note of a step's end; a failure is logged once, not at every try.
    pub(crate) fn note<T>(&self, step: &'static str, outcome: &Result<T, StepError>) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(_) => {
                if troubles.remove(step).is_some() {
                    tracing::info!(step, "works again");
                }
            }
            Err(error) => {
                let text = error.to_string();
                if troubles.get(step) != Some(&text) {
                    tracing::warn!(step, %error, "does not get on, and goes on trying");
                    troubles.insert(step, text);
                }
            }
        }
    }
}

/// Whether the first comparison with the registry has passed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compared(Arc<AtomicBool>);

impl Compared {
    pub(crate) fn pass(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The logs whose anchors the registry did not take at the last try.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusals(Arc<Mutex<BTreeMap<LogId, Refusal>>>);

impl Refusals {
    pub(crate) fn of(&self, log: LogId) -> Option<Refusal> {
        self.lock().get(&log).cloned()
    }

    pub(crate) fn first(&self) -> Option<(LogId, Refusal)> {
        let refusals = self.lock();
        let (log_id, refusal) = refusals.first_key_value()?;
        Some((*log_id, refusal.clone()))
    }

    pub(crate) fn set(&self, refused: BTreeMap<LogId, Refusal>) {
        *self.lock() = refused;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<LogId, Refusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
