//! Signed ledger transactions. One is stored before it is broadcast, so that a
//! crash never loses what may have reached the ledger.

use crate::{
    Access, Error, PostId, Taken, Tx, access::Writes as _, column, engine::database::Conn,
    schema::post,
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use model::Timestamp;

/// How far a ledger transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostState {
    /// Stored, perhaps not yet sent.
    Prepared,
    /// Sent.
    Broadcast,
    /// In a block.
    Mined,
    /// In a final block.
    Final,
    /// Another one took its nonce.
    Replaced,
    /// In a block, but the contract refused it; or it can never be.
    Failed,
}

impl PostState {
    const ALL: [Self; 6] = [
        Self::Prepared,
        Self::Broadcast,
        Self::Mined,
        Self::Final,
        Self::Replaced,
        Self::Failed,
    ];

    /// The word for the state, as it stands in rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Broadcast => "broadcast",
            Self::Mined => "mined",
            Self::Final => "final",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
        }
    }
}

/// A ledger transaction to be stored as prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// The chain it is for.
    pub chain_id: u64,
    /// Address of the sender.
    pub submitter: [u8; 20],
    /// A replacement has the nonce of what it replaces.
    pub nonce: u64,
    /// The signed bytes.
    pub raw: Vec<u8>,
    /// Its hash.
    pub tx_hash: [u8; 32],
    /// When it was signed.
    pub created: Timestamp,
}

/// A ledger transaction as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its id in rows.
    pub id: PostId,
    /// What was stored at first.
    pub new: NewPost,
    /// How far it is.
    pub state: PostState,
    /// The block that holds it, by number and hash.
    pub block: Option<(u64, [u8; 32])>,
}

/// The view of ledger transactions.
pub struct Posts<'a, A> {
    pub(crate) access: &'a mut A,
}

type Row = (
    i64,
    i64,
    Vec<u8>,
    i64,
    Vec<u8>,
    Vec<u8>,
    String,
    i64,
    Option<i64>,
    Option<Vec<u8>>,
);

fn read(row: Row) -> Result<Post, Error> {
    let (id, chain_id, submitter, nonce, raw, tx_hash, state, created, number, hash) = row;
    Ok(Post {
        id: PostId(id),
        new: NewPost {
            chain_id: column::number(chain_id)?,
            submitter: submitter
                .try_into()
                .map_err(|_| Error::Corrupt("submitter"))?,
            nonce: column::number(nonce)?,
            raw,
            tx_hash: column::hash(&tx_hash)?,
            created: column::time(created)?,
        },
        state: PostState::ALL
            .into_iter()
            .find(|known| known.name() == state)
            .ok_or(Error::Corrupt("post state"))?,
        block: block(number, hash.as_deref())?,
    })
}

/// A block by number and hash, both or neither.
pub(crate) fn block(
    number: Option<i64>,
    hash: Option<&[u8]>,
) -> Result<Option<(u64, [u8; 32])>, Error> {
    match (number, hash) {
        (Some(number), Some(hash)) => Ok(Some((column::number(number)?, column::hash(hash)?))),
        (None, None) => Ok(None),
        _ => Err(Error::Corrupt("block")),
    }
}

impl<A: Access> Posts<'_, A> {
    /// The ledger transaction of an id.
    pub fn get(&mut self, id: PostId) -> Result<Option<Post>, Error> {
        let row = self
            .access
            .query(|conn| post::table.find(id.0).first(conn).optional())?;
        row.map(read).transpose()
    }

    /// The ledger transaction of a hash.
    pub fn of_hash(&mut self, tx_hash: [u8; 32]) -> Result<Option<Post>, Error> {
        let query = post::table.filter(post::tx_hash.eq(tx_hash.to_vec()));
        let row = self.access.query(|conn| query.first(conn).optional())?;
        row.map(read).transpose()
    }

    /// Those in one of the states, in the order they were stored.
    pub fn list(&mut self, states: &[PostState]) -> Result<Vec<Post>, Error> {
        let query = post::table
            .filter(post::state.eq_any(states.iter().map(|state| state.name())))
            .order(post::id);
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }

    /// Those of one sender with one nonce, in the order they were stored: the
    /// first and what was to replace it.
    pub fn of_nonce(
        &mut self,
        chain_id: u64,
        submitter: [u8; 20],
        nonce: u64,
    ) -> Result<Vec<Post>, Error> {
        let query = post::table
            .filter(post::chain_id.eq(column::number::<_, i64>(chain_id)?))
            .filter(post::submitter.eq(submitter.to_vec()))
            .filter(post::nonce.eq(column::number::<_, i64>(nonce)?))
            .order(post::id);
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }
}

impl Posts<'_, Tx> {
    /// Stores a ledger transaction as prepared; `Taken` when it is there.
    pub fn insert(&mut self, new: &NewPost) -> Result<PostId, Error> {
        let row = (
            post::chain_id.eq(column::number::<_, i64>(new.chain_id)?),
            post::submitter.eq(new.submitter.as_slice()),
            post::nonce.eq(column::number::<_, i64>(new.nonce)?),
            post::raw.eq(&new.raw),
            post::tx_hash.eq(new.tx_hash.as_slice()),
            post::state.eq(PostState::Prepared.name()),
            post::created_ms.eq(new.created.as_millis()),
        );
        let insert = diesel::insert_into(post::table).values(row);
        self.access
            .insert(Error::Taken(Taken::LedgerTransaction), |conn| match conn {
                Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
                Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
            })?;
        let query = post::table
            .filter(post::tx_hash.eq(new.tx_hash.as_slice()))
            .select(post::id);
        self.access.write(|conn| query.first(conn)).map(PostId)
    }

    /// Moves a ledger transaction to another state; with the block that holds it,
    /// or none.
    pub fn set_state(
        &mut self,
        id: PostId,
        state: PostState,
        block: Option<(u64, [u8; 32])>,
    ) -> Result<(), Error> {
        let number = block
            .map(|(number, _)| column::number::<_, i64>(number))
            .transpose()?;
        let update = diesel::update(post::table.find(id.0)).set((
            post::state.eq(state.name()),
            post::block_number.eq(number),
            post::block_hash.eq(block.map(|(_, hash)| hash.to_vec())),
        ));
        match self.access.write(|conn| update.execute(conn))? {
            1 => Ok(()),
            _ => Err(Error::Corrupt("post")),
        }
    }
}
