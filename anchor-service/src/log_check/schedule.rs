//! When a running service checks its logs, and what the last check found: at its start, when
//! it takes the lease, and every night.

use super::{ChainPart, CheckedLog, FindingKind, LogCheck};
use crate::{failure::StepError, ledger::Ledger};
use model::{Clock, FacilityName, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

const DAY_MILLIS: i64 = 86_400_000;
const HOUR_MILLIS: i64 = 3_600_000;

/// The last check, for whoever asks; clones share it.
#[derive(Debug, Clone, Default)]
pub struct LogChecks(Arc<Mutex<Last>>);

#[derive(Debug, Clone, Default)]
struct Last {
    begun: Option<Timestamp>,
    ended: Option<Timestamp>,
    logs: Vec<CheckedLog>,
}

impl LogChecks {
    /// When the last whole check ended; `None` before the first of this process.
    #[must_use]
    pub fn ended(&self) -> Option<Timestamp> {
        self.lock().ended
    }

    /// What it found, by facility and kind, with a count of 0 for what it did not.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(FacilityName, FindingKind), u64> {
        let mut counts = BTreeMap::new();
        for log in &self.lock().logs {
            for kind in FindingKind::ALL {
                let count = counts.entry((log.facility.clone(), kind)).or_default();
                *count += log.findings.count(kind);
            }
        }
        counts
    }

    /// Whether one is due: none was since the last time that this hour came, or since the
    /// lease was taken.
    fn is_due(&self, now: Timestamp, hour: u64) -> bool {
        let hour = i64::try_from(hour).unwrap_or(0).saturating_mul(HOUR_MILLIS);
        let now = now.as_millis();
        let came = now - (now - hour).rem_euclid(DAY_MILLIS);
        // A clock that was set back makes one due too.
        let begun = self.lock().begun.map(Timestamp::as_millis);
        begun.is_none_or(|begun| begun < came || begun > now)
    }

    fn begin(&self, now: Timestamp) {
        self.lock().begun = Some(now);
    }

    /// The next look finds one due: this one failed.
    fn again(&self) {
        self.lock().begun = None;
    }

    /// What was found is another's to say now, and one is due when the turn comes back.
    fn forget(&self) {
        *self.lock() = Last::default();
    }

    /// Keeps and tells what came of it.
    fn end(&self, now: Timestamp, logs: Vec<CheckedLog>) {
        for log in &logs {
            log.tell();
        }
        let mut last = self.lock();
        (last.ended, last.logs) = (Some(now), logs);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks whenever it is due.
pub(crate) struct Checker<L> {
    check: LogCheck<L>,
    last: LogChecks,
    clock: Arc<dyn Clock>,
    hour: u64,
}

impl<L: Ledger> Checker<L> {
    pub(crate) fn new(check: LogCheck<L>, clock: Arc<dyn Clock>, hour: u64) -> Self {
        Self {
            check,
            last: LogChecks::default(),
            clock,
            hour,
        }
    }

    pub(crate) fn last(&self) -> LogChecks {
        self.last.clone()
    }

    /// Checks, if it is due; the number of findings.
    pub(crate) async fn step(&self) -> Result<u64, StepError> {
        let begun = self.clock.now();
        if !self.last.is_due(begun, self.hour) {
            return Ok(0);
        }
        self.last.begin(begun);
        let checked = self.check.check(None).await;
        let logs = checked.inspect_err(|_| self.last.again())?;
        let findings = logs.iter().map(|log| log.findings.total()).sum();
        let (fitting, others): (Vec<_>, Vec<_>) = logs.iter().partition(|log| log.fits());
        let fitting: Vec<_> = fitting.iter().map(|log| log.origin.clone()).collect();
        let all = others.is_empty();
        self.last.end(self.clock.now(), logs);
        self.check.thin(&fitting).await?;
        if all {
            self.check.thin_attempts().await?;
        }
        self.check.check_names().await?;
        Ok(findings)
    }

    /// Another works; once it is this one's turn, it looks at what that left.
    pub(crate) fn rest(&self) {
        self.last.forget();
    }
}

impl CheckedLog {
    /// Whether it was compared with everything, and nothing was found.
    fn fits(&self) -> bool {
        self.findings.total() == 0 && matches!(self.chain, ChainPart::Compared { .. })
    }

    fn tell(&self) {
        let facility = tracing::field::display(&self.facility);
        for finding in &self.findings.named {
            let (kind, place) = (finding.kind.as_str(), finding.place.as_str());
            let problem = finding.problem;
            tracing::error!(
                facility,
                kind,
                place,
                problem,
                "the log does not fit itself"
            );
        }
        if let ChainPart::Failed(problem) = &self.chain {
            tracing::warn!(facility, %problem, "the log was not compared with the chain");
        }
        let (leaves, findings) = (self.leaves, self.findings.total());
        tracing::info!(facility, leaves, findings, "the log was checked");
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Findings, *};

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(hours * HOUR_MILLIS).unwrap()
    }

    #[test]
    fn a_check_is_due_at_the_start_and_then_at_the_hour() {
        let checks = LogChecks::default();
        assert!(checks.is_due(at(100), 2));
        checks.begin(at(100));
        assert!(!checks.is_due(at(101), 2));
        // The fifth day begins at 96; the sixth at 120, and its hour at 122.
        assert!(!checks.is_due(at(121), 2));
        assert!(checks.is_due(at(122), 2));
        checks.begin(at(122));
        assert!(!checks.is_due(at(145), 2));
        assert!(checks.is_due(at(146), 2));
        // A clock that was wrong, and a lease that comes back.
        assert!(checks.is_due(at(1), 2));
        checks.begin(at(146));
        checks.again();
        assert!(checks.is_due(at(146), 2));
        checks.begin(at(146));
        checks.forget();
        assert!(checks.is_due(at(146), 2));
    }

    #[test]
    fn who_has_given_the_lease_away_tells_no_findings() {
        let checks = LogChecks::default();
        let mut findings = Findings::default();
        findings.add(FindingKind::Size, "", "another size");
        let log = CheckedLog {
            facility: "north".parse().unwrap(),
            origin: "log".to_owned(),
            ended: false,
            leaves: 1,
            checkpoints: 0,
            anchors: 0,
            chain: ChainPart::None,
            findings,
        };
        checks.end(at(1), vec![log]);
        assert!(checks.ended().is_some() && !checks.counts().is_empty());
        checks.forget();
        assert_eq!(checks.ended(), None);
        assert!(checks.counts().is_empty());
    }
}
