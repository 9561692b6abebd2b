//! What of old anchors may go: their rows, the ledger transactions that carried them, and
//! checkpoints that no anchor is of. Which anchors these are is for the caller to say.

use crate::{
    Access, Error, LogRowId, PostId, PostState, Tx,
    access::Writes as _,
    column,
    schema::{anchor, checkpoint, post},
};
use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl,
    dsl::{exists, not},
};
use model::{AnchorState, Timestamp};

/// Age and size of a final anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgedAnchor {
    /// The registry's number.
    pub seq: u64,
    /// Leaves it covers.
    pub size: u64,
    /// Time of its block.
    pub time: Timestamp,
}

/// Two sizes of a log, neither of which is among those between.
#[derive(Debug, Clone, Copy)]
pub struct Between {
    /// The lower.
    pub after: u64,
    /// The upper.
    pub below: u64,
}

/// The view of what may go.
pub struct Thinning<'a, A> {
    pub(crate) access: &'a mut A,
}

/// States of transactions to which nothing happens any more.
const ENDED: [PostState; 3] = [PostState::Final, PostState::Replaced, PostState::Failed];

impl<A: Access> Thinning<'_, A> {
    /// At most `limit` final anchors of a number above `after`, in order.
    pub fn anchors(
        &mut self,
        log: LogRowId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AgedAnchor>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .filter(anchor::state.eq("finalized"))
            .filter(anchor::seq.gt(column::number::<_, i64>(after)?))
            .order(anchor::seq)
            .limit(i64::from(limit))
            .select((anchor::seq, anchor::size, anchor::block_time_ms));
        let rows: Vec<(i64, i64, Option<i64>)> = self.access.query(|conn| query.load(conn))?;
        let read = |(seq, size, time): (i64, i64, Option<i64>)| {
            Ok(AgedAnchor {
                seq: column::number(seq)?,
                size: column::number(size)?,
                time: column::time(time.ok_or(Error::Corrupt("anchor state"))?)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// At most `limit` sizes between two, of checkpoints that were signed before `before`
    /// and that no anchor is of.
    pub fn checkpoints(
        &mut self,
        log: LogRowId,
        between: Between,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<u64>, Error> {
        let of_anchor = anchor::table
            .filter(anchor::log_id.eq(checkpoint::log_id))
            .filter(anchor::state.eq_any(AnchorState::NAMES))
            .filter(anchor::size.eq(checkpoint::size));
        let Between { after, below } = between;
        let query = checkpoint::table
            .filter(checkpoint::log_id.eq(log.0))
            .filter(checkpoint::size.gt(column::number::<_, i64>(after)?))
            .filter(checkpoint::size.lt(column::number::<_, i64>(below)?))
            .filter(checkpoint::time_ms.lt(before.as_millis()))
            .filter(not(exists(of_anchor)))
            .order(checkpoint::size)
            .limit(i64::from(limit))
            .select(checkpoint::size);
        let sizes: Vec<i64> = self.access.query(|conn| query.load(conn))?;
        sizes.into_iter().map(column::number).collect()
    }
}

impl Thinning<'_, Tx> {
    /// Removes final anchors, and the transactions that carry none any more.
    pub fn remove_anchors(&mut self, log: LogRowId, seqs: &[u64]) -> Result<(), Error> {
        let seqs: Vec<i64> = numbers(seqs)?;
        let these = || {
            anchor::table
                .filter(anchor::log_id.eq(log.0))
                .filter(anchor::state.eq("finalized"))
                .filter(anchor::seq.eq_any(seqs.clone()))
        };
        let query = these().select(anchor::post_id);
        let posts: Vec<i64> = self.access.write(|conn| query.load(conn))?;
        self.access
            .write(|conn| diesel::delete(these()).execute(conn))?;
        let carried = anchor::table.filter(anchor::post_id.eq(post::id));
        let bare = post::table
            .filter(post::id.eq_any(posts))
            .filter(post::state.eq_any(ENDED.map(PostState::name)))
            .filter(not(exists(carried)));
        self.access
            .write(|conn| diesel::delete(bare).execute(conn))?;
        Ok(())
    }

    /// Removes at most `limit` transactions that were replaced or failed before `before`.
    /// Gives how many.
    pub fn remove_attempts(&mut self, before: Timestamp, limit: u32) -> Result<usize, Error> {
        let carried = anchor::table.filter(anchor::post_id.eq(post::id));
        let query = post::table
            .filter(post::state.eq_any(["replaced", "failed"]))
            .filter(post::created_ms.lt(before.as_millis()))
            .filter(not(exists(carried)))
            .limit(i64::from(limit))
            .select(post::id);
        let posts: Vec<PostId> = self
            .access
            .write(|conn| query.load::<i64>(conn))?
            .into_iter()
            .map(PostId)
            .collect();
        let gone = post::table.filter(post::id.eq_any(posts.iter().map(|post| post.0)));
        self.access.write(|conn| diesel::delete(gone).execute(conn))
    }

    /// Removes checkpoints.
    pub fn remove_checkpoints(&mut self, log: LogRowId, sizes: &[u64]) -> Result<(), Error> {
        let gone = checkpoint::table
            .filter(checkpoint::log_id.eq(log.0))
            .filter(checkpoint::size.eq_any(numbers(sizes)?));
        self.access
            .write(|conn| diesel::delete(gone).execute(conn))?;
        Ok(())
    }
}

fn numbers(numbers: &[u64]) -> Result<Vec<i64>, Error> {
    numbers
        .iter()
        .map(|number| column::number(*number))
        .collect()
}
