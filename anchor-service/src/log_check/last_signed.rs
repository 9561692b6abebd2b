//! A log beside what its keys signed last. A log that has ended may lack that state, for
//! the loss is why it was ended; the mac of its row then shows that it was so when the
//! service left it.

use super::{ChainPart, CheckedLog, FindingKind, Findings, LogCheck};
use crate::{failure::StepError, ledger::Ledger, log::journal::Log, service::alarm::Alarm};
use model::{Digest, FacilityName};
use std::time::Duration;
use store::{Error, LogRowId, Reader};
use tlog::notes::checkpoint::Origin;
use tokio::time::sleep;

const UNREADABLE: &str = "what its keys signed last cannot be read";
const NO_LOG: &str = "its keys have signed, and the database has no such log";

/// A signed state whose log has no row.
struct Stray {
    /// Whose log it would be; `None` where no log can have its name.
    facility: Option<FacilityName>,
    name: String,
    /// What is wrong with it.
    problem: StepError,
}

/// What the walk found of a log.
pub(super) struct Held {
    /// Leaves.
    pub(super) size: u64,
    /// The root over all of them; `None` where some are unknown.
    pub(super) root: Option<Digest>,
    /// The root at the size that was signed last, likewise.
    pub(super) at_signed: Option<Digest>,
}

impl<L: Ledger> LogCheck<L> {
    /// Size and root that the log's keys signed last, if that can be read.
    pub(super) async fn signed(&self, log: &Log) -> Result<Option<(u64, Digest)>, StepError> {
        let Some(signed) = &self.signed else {
            return Ok(None);
        };
        signed.refresh_each().await?;
        Ok(signed.of(&log.origin).map(|state| state.claim()))
    }

    /// The logs of which a signed state is kept, and which have no row.
    pub(super) async fn missing(
        &self,
        only: Option<&FacilityName>,
    ) -> Result<Vec<CheckedLog>, StepError> {
        let mut missing = Vec::new();
        for stray in self.strays().await? {
            if let Some(facility) = stray.facility
                && only.is_none_or(|only| *only == facility)
            {
                let (kind, problem) = match stray.problem {
                    StepError::Signed(_) => (FindingKind::SignedState, UNREADABLE),
                    _ => (FindingKind::NoLog, NO_LOG),
                };
                missing.push(without_row(facility, stray.name, kind, problem));
            }
        }
        Ok(missing)
    }

    /// Looks at the names of the signed states: one that no log can have stands in no result
    /// of [`Self::check`].
    ///
    /// # Errors
    /// With the first of these, or when the states cannot be read.
    pub async fn check_names(&self) -> Result<(), StepError> {
        let strays = self.strays().await?;
        let mut nameless = strays.into_iter().filter(|stray| stray.facility.is_none());
        nameless.next().map_or(Ok(()), |stray| Err(stray.problem))
    }

    /// The signed states of logs that have no row.
    async fn strays(&self) -> Result<Vec<Stray>, StepError> {
        let Some(signed) = &self.signed else {
            return Ok(Vec::new());
        };
        // States first: a log has its row before it is signed.
        signed.refresh_each().await?;
        let rows = self.journal.origins().await?;
        let place = signed.place();
        let states = signed.origins().into_iter().map(|origin| {
            let (facility, name, place) = (facility(&origin), origin.to_string(), place.clone());
            let problem = Alarm::NoRow { origin, place }.into();
            Stray {
                facility,
                name,
                problem,
            }
        });
        let damaged = signed.damaged().into_iter().map(|(name, problem)| Stray {
            facility: name.parse().ok().as_ref().and_then(facility),
            name,
            problem: problem.into(),
        });
        let all = states.chain(damaged);
        Ok(all.filter(|stray| !rows.contains(&stray.name)).collect())
    }

    /// Names what does not fit.
    pub(super) async fn compare_signed(
        &self,
        log: &Log,
        held: &Held,
        signed: Option<(u64, Digest)>,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        let Some(keeper) = &self.signed else {
            return Ok(());
        };
        if keeper.readable(&log.origin).is_err() {
            findings.add(FindingKind::SignedState, 0, UNREADABLE);
            return Ok(());
        }
        let newest = self.newest_checkpoint(log.id, signed).await?;
        let Some((state, root)) = signed else {
            if newest.is_some() {
                let problem = "the log has checkpoints and no signed state is kept";
                findings.add(FindingKind::SignedState, 0, problem);
            }
            return Ok(());
        };
        let behind = state > held.size;
        let other = !behind && held.at_signed.is_some_and(|found| found != root);
        if (behind || other) && log.ended && self.ended_so(log.id, held).await? {
            return Ok(());
        }
        if behind {
            findings.add(
                FindingKind::Size,
                held.size,
                "fewer leaves than were signed",
            );
        } else if other {
            let problem = "the log has another root than its keys signed last";
            findings.add(FindingKind::SignedState, state, problem);
        }
        if newest.is_none_or(|newest| newest < state) {
            let problem = "the checkpoint that was signed last is missing";
            findings.add(FindingKind::NoCheckpoint, state, problem);
        } else if newest.is_some_and(|newest| newest > state) && self.is_behind(log, newest).await?
        {
            let problem = "a checkpoint is newer than what was signed last";
            findings.add(FindingKind::SignedState, state, problem);
        }
        Ok(())
    }

    /// Whether the service itself brought the log to this size and root.
    async fn ended_so(&self, log: LogRowId, held: &Held) -> Result<bool, StepError> {
        let read = move |reader: &mut Reader| {
            let log = reader.logs().get(log)?;
            log.ok_or(Error::Corrupt("log"))
        };
        let row = self.read(read).await?;
        let keys = self.journal.store().leaf_keys();
        Ok(row.size == held.size && held.root.is_some_and(|root| keys.show(&row, &root)))
    }

    /// The size of the newest checkpoint. A state is kept a moment before its checkpoint is
    /// stored, so that one which is not there yet is waited for.
    async fn newest_checkpoint(
        &self,
        log: LogRowId,
        signed: Option<(u64, Digest)>,
    ) -> Result<Option<u64>, StepError> {
        const TRIES: u32 = 5;
        const BETWEEN: Duration = Duration::from_millis(300);
        let mut newest = None;
        for _ in 0..TRIES {
            newest = self.journal.newest_row(log).await?;
            if signed.is_none_or(|(size, _)| newest >= Some(size)) {
                break;
            }
            sleep(BETWEEN).await;
        }
        Ok(newest)
    }

    /// Whether the signed states are behind that checkpoint, read again.
    async fn is_behind(&self, log: &Log, newest: Option<u64>) -> Result<bool, StepError> {
        let now = self.signed(log).await?.map(|(size, _)| size);
        Ok(now < newest)
    }
}

/// Whose log has this name: `<host>/log/<facility>`, and the epoch after it from the second on.
fn facility(origin: &Origin) -> Option<FacilityName> {
    let (_, path) = origin.as_str().split_once("/log/")?;
    let name = path.split_once('/').map_or(path, |(name, _)| name);
    name.parse().ok()
}

fn without_row(
    facility: FacilityName,
    origin: String,
    kind: FindingKind,
    problem: &'static str,
) -> CheckedLog {
    let mut findings = Findings::default();
    findings.add(kind, &origin, problem);
    CheckedLog {
        facility,
        origin,
        ended: false,
        leaves: 0,
        checkpoints: 0,
        anchors: 0,
        chain: ChainPart::Failed("the log has no row".to_owned()),
        findings,
    }
}
