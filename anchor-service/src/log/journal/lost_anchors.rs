//! The transaction by which anchors fall back that were final; see [`crate::posting::lost_blocks`].

use super::{Journal, Log};
use crate::{
    failure::StepError,
    posting::lost_blocks::{LostAnchor, LostOfLog},
};
use std::collections::BTreeSet;
use store::{PostState, Tx};

impl Journal {
    /// The final anchors of a log above a number of its rows, in order.
    pub(crate) async fn final_above(
        &self,
        log: &Log,
        above: u64,
    ) -> Result<Vec<LostAnchor>, StepError> {
        let (id, moved_at) = (log.id, log.moved_at()?);
        let rows = self.read("final anchors", move |reader| {
            reader.anchors().final_above(id, above)
        });
        let lost = rows.await?.into_iter().map(|anchor| LostAnchor {
            seq: anchor.new.seq.saturating_sub(moved_at),
            size: anchor.new.size,
            root: anchor.new.root,
        });
        Ok(lost.collect())
    }

    /// The anchors are *Posted* again, and the transactions that carry them wait to be sent.
    pub(crate) async fn fall_back(&self, logs: &[LostOfLog]) -> Result<(), StepError> {
        let logs: Vec<_> = logs.iter().map(|log| (log.id, log.above)).collect();
        let fall_back = move |tx: &mut Tx| {
            let mut posts = BTreeSet::new();
            for (log, above) in &logs {
                for anchor in tx.anchors().final_above(*log, *above)? {
                    tx.anchors().fall_back(*log, anchor.new.seq)?;
                    posts.insert(anchor.new.post);
                }
            }
            for post in posts {
                let row = tx.posts().get(post)?;
                if row.is_some_and(|row| row.state == PostState::Final) {
                    tx.posts().set_state(post, PostState::Prepared, None)?;
                }
            }
            Ok(())
        };
        Ok(self.write("anchors fall back", fall_back).await?)
    }
}
