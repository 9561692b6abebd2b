//! The steps of the service, each of which a test can take alone.

use super::{AnchorService, Unshown, turn::check_keys};
use crate::{failure::StepError, ledger::Ledger, posting::funds::Purse};

impl<L: Ledger> AnchorService<L> {
    /// Takes or renews the lease, where there is one; whether this process works.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn step_lease(&mut self) -> Result<bool, StepError> {
        match &mut self.lease {
            Some(lease) => lease.step().await,
            None => Ok(true),
        }
    }

    /// Makes the logs of facilities that have none; how many.
    ///
    /// # Errors
    /// With the first that could not be made; the others were.
    pub async fn step_logs(&mut self) -> Result<u64, StepError> {
        let made = self.log_side.make_logs().await;
        self.noted(made)
    }

    /// Compares the logs with their checkpoints and with the registry, and the
    /// ledger with the one that this database was anchored on before; writes nothing. The
    /// first [`Self::step_sequence`] compares too, takes over what has no mac, which is named
    /// here, and goes on without a log whose row is not what it should be.
    ///
    /// # Errors
    /// When something does not fit, or the ledger does not answer.
    pub async fn check(&mut self) -> Result<Unshown, StepError> {
        let surveyed = self.log_side.survey().await;
        if let Ok(_) | Err(StepError::KeysNotAdopted { .. }) = surveyed {
            // Why a log is left out says more than what its keys lack.
            let found = self.log_side.logs.compared().await?;
            found.left_out.end(())?;
        }
        surveyed
    }

    /// Looks at the files of the submitter's key and of all logs' keys.
    ///
    /// # Errors
    /// With the first that is missing or not what it should be.
    pub async fn step_keys(&self) -> Result<(), StepError> {
        let keys = &self.log_side.keys;
        check_keys(&self.journal, keys, &self.config).await
    }

    /// Gives pending leaves their index; how many.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_sequence(&mut self) -> Result<u64, StepError> {
        let sequenced = self.log_side.sequence().await;
        self.noted(sequenced)
    }

    /// Signs a checkpoint for each log that has grown; how many.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_checkpoint(&mut self) -> Result<u64, StepError> {
        let signed = self.log_side.checkpoint().await;
        self.noted(signed)
    }

    /// Looks after the transaction under way, or posts the next; how many anchors.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_post(&mut self) -> Result<u64, StepError> {
        let posted = self.ledger_side.poster.step().await;
        self.noted(posted)
    }

    /// Follows posted anchors; how many transactions became final.
    ///
    /// # Errors
    /// See [`StepError`]; taken again, it goes on.
    pub async fn step_finality(&mut self) -> Result<u64, StepError> {
        let finalized = self.ledger_side.finality.step().await;
        self.noted(finalized)
    }

    /// Asks again for evidence of final anchors that have none; how many have it now.
    ///
    /// # Errors
    /// When the ledger or the database does not answer; taken again, it goes on.
    pub async fn step_late_evidence(&mut self) -> Result<u64, StepError> {
        let found = self.ledger_side.late_evidence.step().await;
        self.noted(found)
    }

    /// Looks at the submitter's account.
    ///
    /// # Errors
    /// When the ledger or the database does not answer.
    pub async fn step_funds(&self) -> Result<Purse, StepError> {
        self.noted(self.ledger_side.funds.step().await)
    }

    /// Checks the logs as a whole, when that is due; the number of findings.
    ///
    /// # Errors
    /// When something that is compared cannot be read.
    pub async fn step_check(&mut self) -> Result<u64, StepError> {
        self.noted(self.checker.step().await)
    }

    /// The end of a step, whatever it was: a break of the database ends more than that.
    fn noted<T>(&self, outcome: Result<T, StepError>) -> Result<T, StepError> {
        self.steady.note(&outcome);
        outcome
    }
}
