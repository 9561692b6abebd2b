//! The row of a log beside its keys.

use super::{FindingKind, Findings, LogCheck};
use crate::{failure::StepError, keys::rotation, ledger::Ledger, log::journal::Log};
use store::{Error, Reader};
use tlog::notes::checkpoint::{self, Vkey};

impl<L: Ledger> LogCheck<L> {
    /// The keys that the log's checkpoints are signed by.
    pub(super) async fn keys(
        &self,
        log: &Log,
        findings: &mut Findings,
    ) -> Result<Vec<Vkey>, StepError> {
        let id = log.id;
        let read = move |reader: &mut Reader| {
            let log = reader.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
            let keys = reader.log_keys().find(&log)?;
            Ok((log, keys))
        };
        let (row, keys) = self.read(read).await?;
        if checkpoint::log_id(&row.public_key, &log.origin) != log.log_id {
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
        let vkeys = rotation::vkeys(&row, keys.as_they_stand()).unwrap_or_default();
        if vkeys.is_empty() {
            findings.add(FindingKind::Log, &log.origin, "a key of it is none");
        }
        Ok(vkeys.into_iter().map(|(vkey, _)| vkey).collect())
    }
}
