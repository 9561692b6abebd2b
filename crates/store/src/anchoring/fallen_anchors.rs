//! Final anchors of blocks that the chain has lost. Their life has no way back; this is an
//! operator's word.

use crate::{
    Access, Anchor, Anchors, Error, LogRowId, Taken, Tx,
    access::Writes as _,
    anchoring::anchors::{BareRow, WITHOUT_EVIDENCE, read_bare},
    column,
    schema::anchor,
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use model::AnchorState;

impl<A: Access> Anchors<'_, A> {
    /// The final anchors of numbers above this, in order, without their evidence.
    pub fn final_above(&mut self, log: LogRowId, seq: u64) -> Result<Vec<Anchor>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .filter(anchor::seq.gt(column::number::<_, i64>(seq)?))
            .filter(anchor::state.eq("finalized"))
            .order(anchor::seq)
            .select(WITHOUT_EVIDENCE);
        let rows: Vec<BareRow> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read_bare).collect()
    }
}

impl Anchors<'_, Tx> {
    /// Lets a final anchor be posted again: without a block, and without the evidence of the
    /// one that was lost. `Taken` when it is not final.
    pub fn fall_back(&mut self, log: LogRowId, seq: u64) -> Result<(), Error> {
        let found = self.find(log, seq)?.ok_or(Error::Corrupt("anchor"))?;
        if !matches!(found.state, AnchorState::Finalized { .. }) {
            return Err(Error::Taken(Taken::AnchorState));
        }
        let row = anchor::table.find((log.0, column::number::<_, i64>(seq)?));
        let posted = diesel::update(row).set((
            anchor::state.eq(AnchorState::Posted.name()),
            anchor::block_number.eq(None::<i64>),
            anchor::block_hash.eq(None::<Vec<u8>>),
            anchor::block_time_ms.eq(None::<i64>),
            anchor::evidence.eq(None::<Vec<u8>>),
        ));
        self.access.write(|conn| posted.execute(conn)).map(drop)
    }
}
