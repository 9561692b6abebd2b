//! As many anchors in one transaction as a block and the registry take.

use super::Poster;
use crate::{
    failure::StepError,
    ledger::{Extension, Ledger, LedgerError, Refusal, SignedTransaction},
};
use model::LogId;
use std::{collections::BTreeMap, slice};

/// Logs in one transaction; the rest goes with the next.
const MAX_LOGS: usize = 100;

impl<L: Ledger> Poster<L> {
    /// Signs one transaction over as many as the registry takes of these. One log that
    /// it refuses must not hold up the rest: it is left out, and tried again with the
    /// next transaction.
    pub(super) async fn prepare(
        &self,
        nonce: u64,
        mut anchors: Vec<Extension>,
    ) -> Result<Option<(SignedTransaction, Vec<Extension>)>, StepError> {
        let (mut refused, mut most) = (BTreeMap::new(), MAX_LOGS);
        let signed = loop {
            let carried = anchors.get(..most).unwrap_or(&anchors);
            if carried.is_empty() {
                break None;
            }
            match self.ledger.prepare(nonce, carried).await {
                Ok(signed) => break Some(signed),
                // Fewer may fit into a block; the rest goes with the next transaction.
                Err(LedgerError::TooMuchGas) if carried.len() > 1 => most = carried.len() / 2,
                Err(LedgerError::Refused(refusal)) => {
                    let Some((log_id, refusal)) = self.blamed(nonce, carried, refusal).await?
                    else {
                        // Alone each would be taken.
                        most = carried.len() / 2;
                        continue;
                    };
                    anchors.retain(|anchor| anchor.log_id != log_id);
                    if matches!(refusal, Refusal::Closed { .. }) && self.is_ended(log_id).await? {
                        // Another goes on in its place: nothing is missing.
                        continue;
                    }
                    self.tell(log_id, &refusal).await?;
                    refused.insert(log_id, refusal);
                }
                Err(error) => return Err(error.into()),
            }
        };
        self.refusals.set(refused);
        anchors.truncate(most);
        Ok(signed.map(|signed| (signed, anchors)))
    }

    /// The log of these that the registry refuses. Where the reason names none, each is tried
    /// alone: those first that were refused before, which stand last.
    async fn blamed(
        &self,
        nonce: u64,
        carried: &[Extension],
        refusal: Refusal,
    ) -> Result<Option<(LogId, Refusal)>, StepError> {
        let is_carried = |log_id: &LogId| carried.iter().any(|anchor| anchor.log_id == *log_id);
        if let Some(log_id) = refusal.log_id().filter(is_carried) {
            return Ok(Some((log_id, refusal)));
        }
        if let [alone] = carried {
            return Ok(Some((alone.log_id, refusal)));
        }
        for anchor in carried.iter().rev() {
            match self.ledger.prepare(nonce, slice::from_ref(anchor)).await {
                Ok(_) => {}
                Err(LedgerError::Refused(refusal)) => return Ok(Some((anchor.log_id, refusal))),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Says once that a log is refused.
    async fn tell(&self, log_id: LogId, refusal: &Refusal) -> Result<(), StepError> {
        if self.refusals.of(log_id).as_ref() != Some(refusal) {
            let facility = self.owner(log_id).await?;
            let facility = facility.as_ref().map(tracing::field::display);
            tracing::error!(facility, %refusal, "a log is not anchored; the others are");
        }
        Ok(())
    }

    async fn is_ended(&self, log_id: LogId) -> Result<bool, StepError> {
        let logs = self.journal.all_logs().await?;
        Ok(logs.iter().any(|log| log.log_id == log_id && log.ended))
    }
}
