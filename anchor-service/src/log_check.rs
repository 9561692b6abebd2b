//! A log checked as a whole: its entries, tiles, checkpoints and anchors against each other,
//! against what its keys signed last and against the chain's events.
//!
//! It only reads, a step of 65,536 leaves at a time, and needs the memory of one step. The
//! log may grow meanwhile: what came after the beginning is left for the next check, and
//! what was read at two moments is no finding before it was read again.

mod chain;
mod claims;
mod finding;
mod last_signed;
mod schedule;
#[cfg(test)]
pub(crate) mod tests;
mod tiles;
mod walk;

pub use chain::ChainPart;
pub use finding::{Finding, FindingKind, Findings};
pub(crate) use schedule::Checker;
pub use schedule::LogChecks;

use crate::{
    failure::StepError,
    journal::{Journal, Log},
    ledger::{FinalityRule, Ledger},
    signed::{Signed, SignedKeeper},
    thinning::{Thinned, thin, thin_attempts},
};
use claims::Claims;
use last_signed::Held;
use model::{Clock, Digest, FacilityName};
use std::{collections::BTreeMap, fmt, sync::Arc};
use store::{Error, LogRowId, Reader, Store};
use tlog::tile::WIDTH;
use tokio::time::{Instant, sleep};
use walk::{STEP, Step, Walk};

/// What came of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedLog {
    /// Whose log.
    pub facility: FacilityName,
    /// Its name in checkpoints.
    pub origin: String,
    /// Whether a later log took its place.
    pub ended: bool,
    /// Leaves that were looked at.
    pub leaves: u64,
    /// Checkpoints that were looked at.
    pub checkpoints: u64,
    /// Rows of anchors that were looked at.
    pub anchors: u64,
    /// What became of the comparison with the chain.
    pub chain: ChainPart,
    /// What does not fit.
    pub findings: Findings,
}

/// Checks logs.
pub struct LogCheck<L> {
    journal: Journal,
    signed: Option<Signed>,
    chain: Option<(Arc<L>, FinalityRule)>,
    clock: Arc<dyn Clock>,
    /// Whether it rests as long as it works, and leaves old events to a check by hand.
    beside_service: bool,
}

impl<L> fmt::Debug for LogCheck<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.signed.as_ref().map(Signed::place);
        write!(f, "LogCheck({place:?}, chain: {})", self.chain.is_some())
    }
}

impl<L: Ledger> LogCheck<L> {
    /// Of the logs of this database, by itself.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self::over(Journal::new(store), clock)
    }

    pub(crate) const fn over(journal: Journal, clock: Arc<dyn Clock>) -> Self {
        Self {
            journal,
            signed: None,
            chain: None,
            clock,
            beside_service: false,
        }
    }

    /// Also against what the logs' keys signed last.
    #[must_use]
    pub fn with_signed(mut self, keeper: Arc<dyn SignedKeeper>) -> Self {
        self.signed = Some(Signed::new(keeper));
        self
    }

    /// Also against the chain.
    #[must_use]
    pub fn with_chain(mut self, ledger: Arc<L>, rule: FinalityRule) -> Self {
        self.chain = Some((ledger, rule));
        self
    }

    pub(crate) const fn beside_service(mut self) -> Self {
        self.beside_service = true;
        self
    }

    /// Checks the logs of one facility, of all epochs, or of all facilities.
    ///
    /// # Errors
    /// When the database or the signed states cannot be read. A chain that cannot is said
    /// in the result.
    pub async fn check(&self, only: Option<&FacilityName>) -> Result<Vec<CheckedLog>, StepError> {
        // The service names rows that cannot be read at another step, and checks the others.
        if !self.beside_service {
            self.journal.check_rows().await?;
        }
        let mut checked = Vec::new();
        for log in self.journal.all_logs().await? {
            if only.is_none_or(|only| *only == log.facility) {
                checked.push(self.log(&log).await?);
            }
        }
        checked.extend(self.missing(only).await?);
        Ok(checked)
    }

    /// Thins the old anchors of these logs: what was found to fit is no evidence of anything.
    async fn thin(&self, origins: &[String]) -> Result<(), StepError> {
        for log in self.journal.all_logs().await? {
            if !origins.iter().any(|origin| origin == log.origin.as_str()) {
                continue;
            }
            let Thinned {
                anchors,
                checkpoints,
            } = thin(&self.journal, &log, self.clock.now()).await?;
            if anchors + checkpoints > 0 {
                let facility = &log.facility;
                tracing::info!(%facility, anchors, checkpoints, "old anchors were thinned");
            }
        }
        Ok(())
    }

    /// Thins the old transactions: none is left that any log could be found by.
    async fn thin_attempts(&self) -> Result<(), StepError> {
        thin_attempts(&self.journal, self.clock.now()).await
    }

    async fn log(&self, log: &Log) -> Result<CheckedLog, StepError> {
        let size = self.journal.size(log.id).await?;
        let mut findings = Findings::default();
        let keys = self.keys(log, &mut findings).await?;
        let signed = self.signed(log).await?;
        let wanted = signed.map(|(size, _)| size);
        let mut claims = Claims::new(log.id, size, keys, log.origin.clone());
        let mut walk = Walk::default();
        let mut signed_root = None;
        while walk.size() < size {
            let begun = Instant::now();
            let (first, until) = (walk.size(), size.min(walk.size() + STEP));
            claims.load(self, until).await?;
            let mut step = self.read_step(log.id, first, until).await?;
            let within = signed.filter(|(size, _)| (first + 1..=until).contains(size));
            step.claims = claims.roots(until, within);
            let (after, roots, found) = aside(walk, step).await?;
            walk = after;
            findings.extend(found);
            if walk.is_whole() {
                claims.compare(&roots, &mut findings);
                signed_root = wanted
                    .and_then(|size| roots.get(&size).copied())
                    .or(signed_root);
            }
            claims.drop_until(until);
            tiles::compare_full(self, log.id, &mut walk, &mut findings).await?;
            if self.beside_service {
                sleep(begun.elapsed()).await;
            }
        }
        tiles::compare_edge(self, log.id, size, &walk, &mut findings).await?;
        self.outside(log, size, &mut claims, &mut findings).await?;
        let held = Held {
            size,
            root: walk.root(),
            at_signed: signed_root.filter(|_| walk.is_whole()),
        };
        self.compare_signed(log, &held, signed, &mut findings)
            .await?;
        let chain = self.compare_chain(log, size, &mut findings).await?;
        Ok(CheckedLog {
            facility: log.facility.clone(),
            origin: log.origin.to_string(),
            ended: log.ended,
            leaves: size,
            checkpoints: claims.checkpoints_seen(),
            anchors: claims.anchors_seen(),
            chain,
            findings,
        })
    }

    async fn read<T, F>(&self, f: F) -> Result<T, StepError>
    where
        F: FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        Ok(self.journal.store().search("log check", f).await?)
    }

    async fn read_step(&self, log: LogRowId, first: u64, until: u64) -> Result<Step, StepError> {
        self.read(move |reader| {
            let mut pages = reader.log_pages();
            let index = first / STEP;
            let above = pages.tiles(log, 1, index, index + 1)?.pop();
            Ok(Step {
                size: until,
                entries: pages.entries(log, first, until)?,
                tiles: pages.tiles(log, 0, first / WIDTH, until.div_ceil(WIDTH))?,
                above: above.map(|tile| tile.hashes),
                claims: Vec::new(),
            })
        })
        .await
    }

    /// What stands beyond the log's end. Its row is read last, so that what a running
    /// service adds meanwhile is within it.
    async fn outside(
        &self,
        log: &Log,
        size: u64,
        claims: &mut Claims,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        /// Rows beyond the end that are looked at in each table.
        const MOST: u32 = 100;
        let id = log.id;
        let tiles = tiles::counts(size);
        let read = move |reader: &mut Reader| {
            let entries = reader.log_pages().entries_outside(id, size, MOST)?;
            let tiles = reader.log_pages().tiles_outside(id, &tiles, MOST)?;
            let log = reader.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
            Ok((entries, tiles, log.size))
        };
        let (entries, tiles, now) = self.read(read).await?;
        for index in entries {
            if u64::try_from(index).is_ok_and(|index| (size..now).contains(&index)) {
                continue;
            }
            findings.add(FindingKind::ExtraEntry, index, "the log has no such index");
        }
        let counts = tiles::counts(now);
        for (level, index) in tiles {
            let count = usize::try_from(level)
                .ok()
                .and_then(|level| counts.get(level));
            let within =
                count.is_some_and(|count| u64::try_from(index).is_ok_and(|it| it < *count));
            if !within {
                let place = format!("{level}/{index}");
                findings.add(FindingKind::Tile, place, "the log has no such tile");
            }
        }
        claims.beyond(self, log, findings).await
    }

    async fn keys(
        &self,
        log: &Log,
        findings: &mut Findings,
    ) -> Result<Vec<tlog::checkpoint::Vkey>, StepError> {
        let id = log.id;
        let read = move |reader: &mut Reader| {
            let log = reader.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
            let keys = reader.log_keys().find(&log)?;
            Ok((log, keys))
        };
        let (row, keys) = self.read(read).await?;
        if tlog::checkpoint::log_id(&row.public_key, &log.origin) != log.log_id {
            let problem = "its id is not made of its origin and first key";
            findings.add(FindingKind::Log, &log.origin, problem);
        }
        match keys.shown() {
            Err(Error::LogKeys(_)) => {
                let problem = "nothing shows that its keys are its own";
                findings.add(FindingKind::Log, &log.origin, problem);
            }
            Err(problem) => return Err(problem.into()),
            Ok(_) => {}
        }
        let vkeys = crate::rotation::vkeys(&row, keys.as_they_stand()).unwrap_or_default();
        if vkeys.is_empty() {
            findings.add(FindingKind::Log, &log.origin, "a key of it is none");
        }
        Ok(vkeys.into_iter().map(|(vkey, _)| vkey).collect())
    }
}

/// Hashes a step where it holds up nobody.
async fn aside(
    mut walk: Walk,
    step: Step,
) -> Result<(Walk, BTreeMap<u64, Digest>, Findings), StepError> {
    let done = tokio::task::spawn_blocking(move || {
        let mut findings = Findings::default();
        let roots = walk.step(&step, &mut findings);
        (walk, roots, findings)
    });
    done.await
        .map_err(|_| StepError::Store(Error::Corrupt("log check")))
}
