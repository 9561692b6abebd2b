//! Anchors: roots of logs in the registry contract, and how far each is.

use crate::{
    Access, Error, LogRowId, PostId, Taken, Tx,
    access::Writes as _,
    anchoring::{anchor_statement::Covering, posts},
    column,
    engine::database::Conn,
    schema::anchor,
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
    prelude::{Queryable, Selectable},
};
use model::{AnchorState, Digest};
use std::ops::Range;

/// An anchor to be stored as posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnchor {
    /// The log.
    pub log: LogRowId,
    /// The registry's number, from 1, and that of the last anchor at the registries before
    /// it ([`FormerRegistry`](crate::FormerRegistry)).
    pub seq: u64,
    /// Leaves it covers.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
    /// The ledger transaction that carries it.
    pub post: PostId,
}

/// An anchor as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// What it says.
    pub new: NewAnchor,
    /// How far it is.
    pub state: AnchorState,
    /// Header, receipt and proof, when stored.
    pub evidence: Option<Vec<u8>>,
}

/// A row of an anchor, which somebody may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EachAnchor {
    /// Whose anchor it is.
    pub log: LogRowId,
    /// The registry's number; below 1 in a row of somebody else's.
    pub seq: i64,
    /// The whole row, where it can be read.
    pub anchor: Result<Anchor, Error>,
}

/// The view of anchors.
pub struct Anchors<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = anchor)]
struct Row {
    log_id: i32,
    seq: i64,
    size: i64,
    root: Vec<u8>,
    post_id: i64,
    state: String,
    block_number: Option<i64>,
    block_hash: Option<Vec<u8>>,
    block_time_ms: Option<i64>,
    evidence: Option<Vec<u8>>,
}

/// A row as it is read where nobody wants the evidence, which is most of it.
pub(crate) type BareRow = (
    i32,
    i64,
    i64,
    Vec<u8>,
    i64,
    String,
    Option<i64>,
    Option<Vec<u8>>,
    Option<i64>,
);

/// The columns of a [`BareRow`].
pub(crate) const WITHOUT_EVIDENCE: (
    anchor::log_id,
    anchor::seq,
    anchor::size,
    anchor::root,
    anchor::post_id,
    anchor::state,
    anchor::block_number,
    anchor::block_hash,
    anchor::block_time_ms,
) = (
    anchor::log_id,
    anchor::seq,
    anchor::size,
    anchor::root,
    anchor::post_id,
    anchor::state,
    anchor::block_number,
    anchor::block_hash,
    anchor::block_time_ms,
);

pub(crate) fn read_bare(row: BareRow) -> Result<Anchor, Error> {
    let (log_id, seq, size, root, post_id, state, block_number, block_hash, block_time_ms) = row;
    read(Row {
        log_id,
        seq,
        size,
        root,
        post_id,
        state,
        block_number,
        block_hash,
        block_time_ms,
        evidence: None,
    })
}

fn read(row: Row) -> Result<Anchor, Error> {
    let block = posts::block(row.block_number, row.block_hash.as_deref())?;
    let state = match (row.state.as_str(), block, row.block_time_ms) {
        ("posted", None, None) => AnchorState::Posted,
        ("anchored", Some((block, block_hash)), None) => {
            AnchorState::Anchored { block, block_hash }
        }
        ("finalized", Some((block, block_hash)), Some(time)) => AnchorState::Finalized {
            block,
            block_hash,
            time: column::time(time)?,
        },
        _ => return Err(Error::Corrupt("anchor state")),
    };
    Ok(Anchor {
        new: NewAnchor {
            log: LogRowId(row.log_id),
            seq: column::number(row.seq)?,
            size: column::number(row.size)?,
            root: column::digest(&row.root)?,
            post: PostId(row.post_id),
        },
        state,
        evidence: row.evidence,
    })
}

impl<A: Access> Anchors<'_, A> {
    /// One anchor.
    pub fn find(&mut self, log: LogRowId, seq: u64) -> Result<Option<Anchor>, Error> {
        let query = anchor::table
            .find((log.0, column::number::<_, i64>(seq)?))
            .select(Row::as_select());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// The anchor of the highest number, whatever its state.
    pub fn newest(&mut self, log: LogRowId) -> Result<Option<Anchor>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .order(anchor::seq.desc())
            .select(Row::as_select());
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// The highest number of an anchor that is lower than this.
    pub fn newest_below(&mut self, log: LogRowId, seq: u64) -> Result<Option<u64>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .filter(anchor::seq.lt(column::number::<_, i64>(seq)?))
            .order(anchor::seq.desc())
            .select(anchor::seq);
        let found: Option<i64> = self.access.query(|conn| query.first(conn).optional())?;
        found.map(column::number).transpose()
    }

    /// All anchors in a state, by the state's name, of all logs.
    pub fn list(&mut self, state: &str) -> Result<Vec<Anchor>, Error> {
        let query = anchor::table
            .filter(anchor::state.eq(state))
            .order((anchor::log_id, anchor::seq))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }

    /// The anchors that a ledger transaction carries and that are not final.
    pub fn of_post(&mut self, post: PostId) -> Result<Vec<Anchor>, Error> {
        let each = self.each_of_post(post)?.into_iter();
        each.map(|each| each.anchor).collect()
    }

    /// The same; an error for each row that cannot be read.
    pub fn each_of_post(&mut self, post: PostId) -> Result<Vec<EachAnchor>, Error> {
        let query = anchor::table
            .filter(anchor::state.eq_any(["posted", "anchored"]))
            .filter(anchor::post_id.eq(post.0))
            .order((anchor::log_id, anchor::seq))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        let each = |row: Row| EachAnchor {
            log: LogRowId(row.log_id),
            seq: row.seq,
            anchor: read(row),
        };
        Ok(rows.into_iter().map(each).collect())
    }

    /// The final anchors of these numbers that have no evidence, in order.
    pub fn without_evidence(
        &mut self,
        log: LogRowId,
        seqs: Range<u64>,
    ) -> Result<Vec<Anchor>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .filter(anchor::seq.ge(column::number::<_, i64>(seqs.start)?))
            .filter(anchor::seq.lt(column::number::<_, i64>(seqs.end)?))
            .filter(anchor::state.eq("finalized"))
            .filter(anchor::evidence.is_null())
            .order(anchor::seq)
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }

    /// The final anchor of the highest number.
    pub fn newest_final(&mut self, log: LogRowId) -> Result<Option<Anchor>, Error> {
        Ok(self.final_anchors(log, 1)?.pop())
    }

    /// The newest final anchor that covers the leaf at `index`; of those of its size
    /// the first, which is the one that is no heartbeat.
    pub fn covering(&mut self, log: LogRowId, index: u64) -> Result<Option<Anchor>, Error> {
        let covering = Covering {
            backend: self.access.conn().backend(),
            log: log.0,
            index: column::number(index)?,
        };
        let seq: Option<i64> = self
            .access
            .query(|conn| covering.get_result(conn).optional())?;
        // By key: the index holds no evidence, and of the anchors but one is wanted.
        match seq {
            Some(seq) => self.find(log, column::number(seq)?),
            None => Ok(None),
        }
    }

    /// At most `limit` final anchors, newest first, heartbeats included.
    pub fn final_anchors(&mut self, log: LogRowId, limit: u32) -> Result<Vec<Anchor>, Error> {
        let query = anchor::table
            .filter(anchor::log_id.eq(log.0))
            .filter(anchor::state.eq("finalized"))
            .order(anchor::seq.desc())
            .limit(i64::from(limit))
            .select(Row::as_select());
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }
}

impl Anchors<'_, Tx> {
    /// Stores an anchor as posted; `Taken` when its number is.
    pub fn insert(&mut self, new: &NewAnchor) -> Result<(), Error> {
        let row = (
            anchor::log_id.eq(new.log.0),
            anchor::seq.eq(column::number::<_, i64>(new.seq)?),
            anchor::size.eq(column::number::<_, i64>(new.size)?),
            anchor::root.eq(new.root.as_bytes().as_slice()),
            anchor::post_id.eq(new.post.0),
            anchor::state.eq(AnchorState::Posted.name()),
        );
        let insert = diesel::insert_into(anchor::table).values(row);
        self.access
            .insert(Error::Taken(Taken::AnchorNumber), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        Ok(())
    }

    /// Moves an anchor on; a move that an anchor's life does not have is `Taken`.
    pub fn set_state(&mut self, log: LogRowId, seq: u64, next: &AnchorState) -> Result<(), Error> {
        let found = self.find(log, seq)?.ok_or(Error::Corrupt("anchor"))?;
        let next = found
            .state
            .advance(next.clone())
            .map_err(|_| Error::Taken(Taken::AnchorState))?;
        let (block, time) = match &next {
            AnchorState::Posted => (None, None),
            AnchorState::Anchored { block, block_hash } => (Some((*block, *block_hash)), None),
            AnchorState::Finalized {
                block,
                block_hash,
                time,
            } => (Some((*block, *block_hash)), Some(time.as_millis())),
        };
        let number = block
            .map(|(number, _)| column::number::<_, i64>(number))
            .transpose()?;
        let update = diesel::update(anchor::table.find((log.0, column::number::<_, i64>(seq)?)))
            .set((
                anchor::state.eq(next.name()),
                anchor::block_number.eq(number),
                anchor::block_hash.eq(block.map(|(_, hash)| hash.to_vec())),
                anchor::block_time_ms.eq(time),
            ));
        self.access.write(|conn| update.execute(conn))?;
        Ok(())
    }

    /// Removes the anchors of a ledger transaction that never took effect; anchors
    /// that are in a block stay.
    pub fn remove_of_post(&mut self, post: PostId) -> Result<(), Error> {
        let gone = anchor::table
            .filter(anchor::state.eq(AnchorState::Posted.name()))
            .filter(anchor::post_id.eq(post.0));
        self.access
            .write(|conn| diesel::delete(gone).execute(conn))?;
        Ok(())
    }

    /// Names the ledger transaction that carries the anchor now, after a replacement.
    pub fn set_post(&mut self, log: LogRowId, seq: u64, post: PostId) -> Result<(), Error> {
        let update = diesel::update(anchor::table.find((log.0, column::number::<_, i64>(seq)?)))
            .set(anchor::post_id.eq(post.0));
        self.access.write(|conn| update.execute(conn))?;
        Ok(())
    }

    /// Stores the chain evidence of an anchor.
    pub fn set_evidence(&mut self, log: LogRowId, seq: u64, evidence: &[u8]) -> Result<(), Error> {
        let update = diesel::update(anchor::table.find((log.0, column::number::<_, i64>(seq)?)))
            .set(anchor::evidence.eq(evidence));
        self.access.write(|conn| update.execute(conn))?;
        Ok(())
    }
}
