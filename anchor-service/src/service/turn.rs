//! What the loops of the service share, and those beside the two sides.

use super::steady::Steady;
use crate::{
    config::Config,
    failure::StepError,
    keys::{key_file, log_keys::LogKeys},
    ledger::Ledger,
    log::journal::Journal,
    log_check::Checker,
    service::{
        alarm::Bell,
        lease::{self, Lease},
        status::{KEYS, Troubles},
        tenure::Tenure,
    },
};
use std::{future, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// How often the key files are looked at.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked whether a check of the logs is due.
const CHECKS_EVERY: Duration = Duration::from_secs(30);

/// What the loops share.
pub(super) struct Turn<'a> {
    pub(super) config: &'a Config,
    pub(super) troubles: &'a Troubles,
    pub(super) bell: &'a Bell,
    pub(super) tenure: &'a Tenure,
    pub(super) steady: &'a Steady,
}

impl Turn<'_> {
    /// Takes note of a step's end. One that failed because the lease is another's by
    /// now is no trouble: the other goes on.
    pub(super) fn note<T>(&self, step: &'static str, outcome: &Result<T, StepError>) {
        self.steady.note(outcome);
        if self.tenure.is_held() {
            self.troubles.note(step, outcome);
        }
    }
}

/// Looks at the key files for good, whether this process works or stands by: a key that
/// is missing is to be known before it is needed.
pub(super) async fn watch_keys(journal: &Journal, keys: &LogKeys, turn: &Turn<'_>) {
    let mut ticks = ticks(KEYS_EVERY);
    loop {
        ticks.tick().await;
        let outcome = check_keys(journal, keys, turn.config).await;
        turn.steady.note(&outcome);
        // While the database is away others say so, and nothing is known of the keys.
        if !matches!(outcome, Err(StepError::Store(_))) {
            turn.troubles.note(KEYS, &outcome);
        }
    }
}

pub(super) async fn check_keys(
    journal: &Journal,
    keys: &LogKeys,
    config: &Config,
) -> Result<(), StepError> {
    key_file::read(&config.submitter_key)?;
    let logs = journal.current_logs().await?;
    logs.iter().try_for_each(|log| keys.check(log))?;
    Ok(())
}

/// Checks the logs as a whole when it is due, for good. Nothing waits for it.
pub(super) async fn check_logs<L: Ledger>(checker: &Checker<L>, turn: &Turn<'_>) {
    let mut ticks = ticks(CHECKS_EVERY);
    loop {
        ticks.tick().await;
        if turn.tenure.is_held() {
            turn.note("check", &checker.step().await);
        } else {
            checker.rest();
        }
    }
}

/// Takes and renews the lease for good.
pub(super) async fn keep(lease: Option<&mut Lease>, turn: &Turn<'_>) {
    let Some(lease) = lease else {
        return future::pending().await;
    };
    let mut ticks = ticks(lease::RENEWAL_INTERVAL);
    loop {
        ticks.tick().await;
        let outcome = lease.step().await;
        turn.steady.note(&outcome);
        if outcome == Ok(false) {
            turn.troubles.clear();
        }
        turn.troubles.note("lease", &outcome);
    }
}

/// Ticks that do not pile up while a step takes long.
pub(super) fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
