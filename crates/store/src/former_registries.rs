//! Registries that logs were anchored at before they were moved to another.

use crate::{Access, Error, LogRowId, Tx, column, schema::former_registry};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

/// A registry that a log was anchored at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerRegistry {
    /// The last anchor there, by its number in the table `anchor`.
    pub last_seq: u64,
    /// The chain.
    pub chain_id: u64,
    /// The contract.
    pub address: [u8; 20],
}

/// The view of former registries.
pub struct FormerRegistries<'a, A> {
    pub(crate) access: &'a mut A,
}

type Row = (i64, i64, Vec<u8>);

fn read((last_seq, chain_id, address): Row) -> Result<FormerRegistry, Error> {
    Ok(FormerRegistry {
        last_seq: column::number(last_seq)?,
        chain_id: column::number(chain_id)?,
        address: address
            .try_into()
            .map_err(|_| Error::Corrupt("registry address"))?,
    })
}

impl<A: Access> FormerRegistries<'_, A> {
    /// Those of a log, the first first.
    pub fn of(&mut self, log: LogRowId) -> Result<Vec<FormerRegistry>, Error> {
        let query = former_registry::table
            .filter(former_registry::log_id.eq(log.0))
            .order(former_registry::last_seq)
            .select((
                former_registry::last_seq,
                former_registry::chain_id,
                former_registry::address,
            ));
        let rows: Vec<Row> = self.access.query(|conn| query.load(conn))?;
        rows.into_iter().map(read).collect()
    }

    /// The number of the last anchor at the registries before that of today; 0 where there
    /// was none.
    pub fn last_seq(&mut self, log: LogRowId) -> Result<u64, Error> {
        Ok(self.of(log)?.last().map_or(0, |former| former.last_seq))
    }
}

impl FormerRegistries<'_, Tx> {
    /// Adds one, after which the log's anchors are at another.
    pub fn insert(&mut self, log: LogRowId, former: &FormerRegistry) -> Result<(), Error> {
        let row = (
            former_registry::log_id.eq(log.0),
            former_registry::last_seq.eq(column::number::<_, i64>(former.last_seq)?),
            former_registry::chain_id.eq(column::number::<_, i64>(former.chain_id)?),
            former_registry::address.eq(former.address.to_vec()),
        );
        let insert = diesel::insert_into(former_registry::table).values(row);
        self.access.write(|conn| insert.execute(conn))?;
        Ok(())
    }
}
