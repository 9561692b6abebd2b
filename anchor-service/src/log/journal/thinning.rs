//! The transactions that let old anchors and checkpoints go; see [`crate::posting::thinning`].

use super::Journal;
use crate::failure::StepError;
use model::Timestamp;
use store::{AgedAnchor, Between, LogRowId, Reader, Tx};

impl Journal {
    /// At most `limit` final anchors of a number above `after`, in order.
    pub(crate) async fn aged_anchors(
        &self,
        log: LogRowId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AgedAnchor>, StepError> {
        let read = move |reader: &mut Reader| reader.thinning().anchors(log, after, limit);
        Ok(self.read("old anchors", read).await?)
    }

    /// At most `limit` sizes between two of checkpoints that no anchor is of.
    pub(crate) async fn bare_checkpoints(
        &self,
        log: LogRowId,
        between: Between,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<u64>, StepError> {
        let read =
            move |reader: &mut Reader| reader.thinning().checkpoints(log, between, before, limit);
        Ok(self.read("old checkpoints", read).await?)
    }

    /// Lets anchors go, with the transactions that carry none any more.
    pub(crate) async fn remove_anchors(
        &self,
        log: LogRowId,
        seqs: Vec<u64>,
    ) -> Result<(), StepError> {
        let remove = move |tx: &mut Tx| tx.thinning().remove_anchors(log, &seqs);
        Ok(self.write("thin anchors", remove).await?)
    }

    /// Lets checkpoints go.
    pub(crate) async fn remove_checkpoints(
        &self,
        log: LogRowId,
        sizes: Vec<u64>,
    ) -> Result<(), StepError> {
        let remove = move |tx: &mut Tx| tx.thinning().remove_checkpoints(log, &sizes);
        Ok(self.write("thin checkpoints", remove).await?)
    }

    /// Lets transactions go that were replaced or failed.
    pub(crate) async fn remove_attempts(
        &self,
        before: Timestamp,
        together: u32,
    ) -> Result<(), StepError> {
        let remove = move |tx: &mut Tx| tx.thinning().remove_attempts(before, together);
        while self.write("thin attempts", remove).await? > 0 {}
        Ok(())
    }
}
