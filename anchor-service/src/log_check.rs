//! A log checked as a whole: its entries, tiles, checkpoints and anchors against each other,
//! against what its keys signed last and against the chain's events.
//!
//! It only reads, a step of 65,536 leaves at a time, and needs the memory of one step. The
//! log may grow meanwhile: what came after the beginning is left for the next check, and
//! what was read at two moments is no finding before it was read again.

mod chain;
mod claims;
mod extent;
mod finding;
mod last_signed;
mod log_row;
mod outside;
mod pair;
mod rows;
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
    keys::signed::{Signed, SignedKeeper},
    ledger::{FinalityRule, Ledger},
    log::journal::{Journal, Log},
    posting::thinning::{Thinned, thin, thin_attempts},
};
use chain::Chain;
use claims::Claims;
use last_signed::Held;
use model::{Clock, Digest, FacilityName};
use std::{fmt, sync::Arc};
use store::{Error, LogRowId, Reader, Store};
use tlog::tree::tile::WIDTH;
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
    chain: Chain<L>,
    clock: Arc<dyn Clock>,
    /// Whether it rests as long as it works, and leaves old events to a check by hand.
    beside_service: bool,
}

impl<L> fmt::Debug for LogCheck<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.signed.as_ref().map(Signed::place);
        let chain = matches!(self.chain, Chain::Known { .. });
        write!(f, "LogCheck({place:?}, chain: {chain})")
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
            chain: Chain::None,
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
        self.chain = Chain::Known {
            ledger,
            former: Vec::new(),
            rule,
        };
        self
    }

    /// And against the registries that logs were anchored at before, in the same way.
    #[must_use]
    pub fn with_former(mut self, ledgers: Vec<L>) -> Self {
        if let Chain::Known { former, .. } = &mut self.chain {
            former.extend(ledgers.into_iter().map(Arc::new));
        }
        self
    }

    /// Says of each log why it is not compared with the chain.
    #[must_use]
    pub fn without_chain(mut self, problem: String) -> Self {
        self.chain = Chain::Unknown(problem);
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
        let mut findings = Findings::default();
        let keys = self.keys(log, &mut findings).await?;
        let signed = self.signed(log).await?;
        let extent = self.extent(log, &keys, signed, &mut findings).await?;
        let claims = Claims::new(extent.size, keys, log.origin.clone());
        let walked = self.walk(log.id, extent.size, signed, claims, &mut findings);
        let Walked {
            walk,
            mut claims,
            at_signed,
        } = walked.await?;
        tiles::compare_edge(self, log.id, extent, &walk, &mut findings).await?;
        self.outside(log, extent, &mut claims, &mut findings)
            .await?;
        let held = Held {
            size: extent.size,
            root: walk.root(),
            at_signed: at_signed.filter(|_| walk.is_whole()),
        };
        self.compare_signed(log, &held, signed, &mut findings)
            .await?;
        let chain = self.compare_chain(log, extent.size, &mut findings).await?;
        Ok(CheckedLog {
            facility: log.facility.clone(),
            origin: log.origin.to_string(),
            ended: log.ended,
            leaves: extent.size,
            checkpoints: claims.checkpoints_seen(),
            anchors: claims.anchors_seen(),
            chain,
            findings,
        })
    }

    /// Walks through a log, a step at a time. What takes long is done where it holds up
    /// nobody, so that the lease is renewed beside it.
    async fn walk(
        &self,
        log: LogRowId,
        size: u64,
        signed: Option<(u64, Digest)>,
        mut claims: Claims,
        findings: &mut Findings,
    ) -> Result<Walked, StepError> {
        let (mut walk, mut at_signed) = (Walk::default(), None);
        while walk.size() < size {
            let begun = Instant::now();
            let (first, until) = (walk.size(), size.min(walk.size() + STEP));
            let mut step = self.read_step(log, first, until).await?;
            if step.is_empty() {
                // What a row says without a leaf or a tile is not walked through.
                let next = self.next_standing(log, until, size).await?;
                walk.skip_to(next, findings);
                continue;
            }
            claims.load(self, log, until, findings).await?;
            let within = signed.filter(|(size, _)| (first + 1..=until).contains(size));
            step.claims = claims.roots(until, within);
            let (after, roots, found) = aside(move || {
                let mut found = Findings::default();
                let roots = walk.step(&step, &mut found);
                (walk, roots, found)
            })
            .await?;
            walk = after;
            findings.extend(found);
            if walk.is_whole() {
                at_signed = signed
                    .and_then(|(size, _)| roots.get(&size).copied())
                    .or(at_signed);
                claims = claims.compare(roots, findings).await?;
            }
            claims.drop_until(until);
            tiles::compare_full(self, log, &mut walk, findings).await?;
            if self.beside_service {
                sleep(begun.elapsed()).await;
            }
        }
        Ok(Walked {
            walk,
            claims,
            at_signed,
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
}

/// A log that was walked through.
struct Walked {
    walk: Walk,
    claims: Claims,
    /// The root at the size that was signed last.
    at_signed: Option<Digest>,
}

/// Runs what takes long where it holds up nobody.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StepError> {
    let done = tokio::task::spawn_blocking(work);
    done.await
        .map_err(|_| StepError::Store(Error::Corrupt("log check")))
}
