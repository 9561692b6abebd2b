//! Final anchors that have no evidence.

use super::Journal;
use crate::{
    failure::StepError,
    ledger::{Evidence, Inclusion},
};
use model::{AnchorState, Timestamp};
use std::ops::Range;
use store::{Anchor, Error, LogRowId, Reader};

/// A final anchor without evidence, and where its transaction stands.
pub(crate) struct Unproved {
    pub(crate) seq: u64,
    pub(crate) transaction: [u8; 32],
    pub(crate) at: Inclusion,
}

impl Journal {
    /// Number of the newest final anchor's row; 0 before the first.
    pub(crate) async fn newest_final_row(&self, log: LogRowId) -> Result<u64, StepError> {
        let newest = move |reader: &mut Reader| reader.anchors().newest_final(log);
        let newest = self.read("newest final anchor", newest).await?;
        Ok(newest.map_or(0, |newest| newest.new.seq))
    }

    /// The final anchors of these numbers that became final since then and have no
    /// evidence, the oldest first.
    pub(crate) async fn lacking_evidence(
        &self,
        log: LogRowId,
        seqs: Range<u64>,
        since: Timestamp,
    ) -> Result<Vec<Unproved>, StepError> {
        let read = move |reader: &mut Reader| {
            let mut lacking = Vec::new();
            for anchor in reader.anchors().without_evidence(log, seqs)? {
                let Anchor { new, state, .. } = anchor;
                let AnchorState::Finalized {
                    block,
                    block_hash,
                    time,
                } = state
                else {
                    continue;
                };
                let post = reader.posts().get(new.post)?;
                let Some(post) = post.filter(|_| time >= since) else {
                    continue;
                };
                lacking.push(Unproved {
                    seq: new.seq,
                    transaction: post.new.tx_hash,
                    at: Inclusion {
                        block,
                        block_hash,
                        succeeded: true,
                    },
                });
            }
            Ok(lacking)
        };
        Ok(self.read("anchors without evidence", read).await?)
    }

    /// Stores the evidence of a final anchor.
    pub(crate) async fn evidence_found(
        &self,
        log: LogRowId,
        seq: u64,
        evidence: Evidence,
    ) -> Result<(), StepError> {
        let evidence = serde_json::to_vec(&evidence).map_err(|_| Error::Corrupt("evidence"))?;
        self.write("late evidence", move |tx| {
            tx.anchors().set_evidence(log, seq, &evidence)
        })
        .await?;
        Ok(())
    }
}
