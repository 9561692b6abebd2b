//! Which waiting leaves may have an index. Whoever can write to the database can put a
//! row there; the mac tells those that hold a leaf key from the others, and a leaf of a
//! name that the log has already is no new one, whatever its mac.

use crate::{
    Access, Error, FacilityId, LeafName, Leaves, PendingLeaf, RowName, Tx,
    access::Writes as _,
    column,
    log::leaf_keys::{self, LeafKey},
    schema::{log, pending_leaf},
};
use diesel::{
    ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl,
    dsl::{exists, select},
};
use model::Commitment;
use std::collections::HashSet;

/// Leaves that one transaction refuses at most for one reason, for each is a row of its
/// own; the rest is left to the next.
pub(crate) const MOST_REFUSED: usize = 256;

/// Why a waiting leaf is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeafFault {
    /// No leaf key made its mac.
    Mac,
    /// A leaf of its name is in the log, or waits before it.
    Twice,
    /// It has no mac, and no row that it commits to.
    Row,
}

impl LeafFault {
    const ALL: [Self; 3] = [Self::Mac, Self::Twice, Self::Row];

    /// The word in rows, logs and the runbook.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Twice => "twice",
            Self::Row => "row",
        }
    }

    /// `None` for a word that is none of these: whoever writes to the database chose it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }
}

/// A waiting leaf as it stands in its row, of which nothing is known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingLeaf {
    /// Its row.
    pub id: i64,
    /// 32 bytes, if it is one of ours.
    pub commitment: Vec<u8>,
    /// What it says that it commits to.
    pub name: RowName,
    /// 16 bytes, if it is one of ours.
    pub mac: Option<Vec<u8>>,
}

impl WaitingLeaf {
    /// The leaf, when its row has the form of one.
    pub(crate) fn read(&self) -> Result<PendingLeaf, Error> {
        Ok(PendingLeaf {
            id: self.id,
            commitment: column::commitment(&self.commitment)?,
            record: column::tag(&self.name.record)?,
            version: column::version_number(self.name.version)?,
        })
    }
}

/// Waiting leaves, looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeafClaims {
    /// Those that may have an index, by id.
    pub good: Vec<PendingLeaf>,
    /// Those that may not, and why.
    pub refused: Vec<(WaitingLeaf, LeafFault)>,
    /// Whether others wait behind them.
    pub more: bool,
}

pub(crate) type WaitingRow = (i64, Vec<u8>, Vec<u8>, i64, Option<Vec<u8>>);

fn waiting((id, commitment, record, version, mac): WaitingRow) -> WaitingLeaf {
    WaitingLeaf {
        id,
        commitment,
        name: RowName { record, version },
        mac,
    }
}

impl<A: Access> Leaves<'_, A> {
    /// At most `limit` waiting leaves that have no mac, after this id or from the first.
    pub fn without_mac(
        &mut self,
        facility: FacilityId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<WaitingLeaf>, Error> {
        let query = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .filter(pending_leaf::mac.is_null())
            .filter(pending_leaf::id.ge(after.map_or(i64::MIN, |id| id.saturating_add(1))))
            .order(pending_leaf::id)
            .limit(i64::from(limit))
            .select(COLUMNS);
        let rows: Vec<WaitingRow> = self.access.query(|conn| query.load(conn))?;
        Ok(rows.into_iter().map(waiting).collect())
    }

    /// Whether some leaf key made a mac that is still in the database: of a waiting leaf or
    /// of a log's state.
    pub fn any_mac(&mut self) -> Result<bool, Error> {
        let waiting = pending_leaf::table.filter(pending_leaf::mac.is_not_null());
        let states = log::table.filter(log::state_mac.is_not_null());
        let waits = select(exists(waiting));
        if self.access.query(|conn| waits.get_result(conn))? {
            return Ok(true);
        }
        let grown = select(exists(states));
        self.access.query(|conn| grown.get_result(conn))
    }
}

impl Leaves<'_, Tx> {
    /// Looks at up to `limit` waiting leaves that have a mac, by id. Whether the log has
    /// their names already is for [`Self::admit`].
    pub fn claims(&mut self, facility: FacilityId, limit: u32) -> Result<LeafClaims, Error> {
        let query = pending_leaf::table
            .filter(pending_leaf::facility_id.eq(facility.0))
            .filter(pending_leaf::mac.is_not_null())
            .order(pending_leaf::id)
            .limit(i64::from(limit))
            .select(COLUMNS);
        let keys = self.access.leaf_keys.held();
        // Row by row, so that the rows' own buffers are not all held at once.
        let looked = crate::access::sealed::Connected::query(self.access, |conn| {
            let rows =
                query.load_iter::<WaitingRow, diesel::connection::DefaultLoadingMode>(conn)?;
            look(rows, facility, &keys)
        })?;
        let (mut claims, read) = looked;
        claims.more = claims.more || read >= limit as usize;
        Ok(claims)
    }

    /// Gives a waiting leaf that has no mac its own; whether it waited just so.
    pub fn show(&mut self, facility: FacilityId, leaf: &WaitingLeaf) -> Result<bool, Error> {
        let PendingLeaf {
            id,
            commitment,
            record,
            version,
        } = leaf.read()?;
        let name = LeafName {
            facility,
            record,
            version,
        };
        let mac = self.access.leaf_keys.newest()?.leaf_mac(&name, &commitment);
        let row = pending_leaf::table
            .filter(pending_leaf::id.eq(id))
            .filter(pending_leaf::facility_id.eq(facility.0))
            .filter(pending_leaf::mac.is_null())
            .filter(pending_leaf::commitment.eq(&leaf.commitment))
            .filter(pending_leaf::record_tag.eq(&leaf.name.record))
            .filter(pending_leaf::version.eq(leaf.name.version));
        let update = diesel::update(row).set(pending_leaf::mac.eq(mac.as_slice()));
        Ok(self.access.write(|conn| update.execute(conn))? == 1)
    }

    /// Lets a leaf wait again whose row is there; `false`, and nothing is done, when a leaf
    /// of its name is in the log or waits.
    pub fn put_again(&mut self, name: &LeafName, commitment: &Commitment) -> Result<bool, Error> {
        let there = self.of_row(name.facility, name.record, name.version)?;
        if !there.is_empty() {
            return Ok(false);
        }
        let mac = self.access.leaf_keys.newest()?.leaf_mac(name, commitment);
        let insert = diesel::insert_into(pending_leaf::table).values((
            pending_leaf::facility_id.eq(name.facility.0),
            pending_leaf::commitment.eq(commitment.as_bytes().as_slice()),
            pending_leaf::record_tag.eq(name.record.as_bytes().as_slice()),
            pending_leaf::version.eq(column::of_version(name.version)),
            pending_leaf::mac.eq(mac.as_slice()),
        ));
        self.access.write(|conn| insert.execute(conn))?;
        Ok(true)
    }
}

const COLUMNS: (
    pending_leaf::id,
    pending_leaf::commitment,
    pending_leaf::record_tag,
    pending_leaf::version,
    pending_leaf::mac,
) = (
    pending_leaf::id,
    pending_leaf::commitment,
    pending_leaf::record_tag,
    pending_leaf::version,
    pending_leaf::mac,
);

/// Tells good leaves from others by mac, and by names that come twice among them; how many
/// rows were read too.
fn look(
    rows: impl Iterator<Item = QueryResult<WaitingRow>>,
    facility: FacilityId,
    keys: &[LeafKey],
) -> QueryResult<(LeafClaims, usize)> {
    let (mut claims, mut names, mut read) = (LeafClaims::default(), HashSet::new(), 0);
    for row in rows {
        let leaf = waiting(row?);
        read += 1;
        let fault = match shown(&leaf, facility, keys) {
            None => LeafFault::Mac,
            Some((name, _)) if !names.insert(name) => LeafFault::Twice,
            Some((_, good)) => {
                claims.good.push(good);
                continue;
            }
        };
        if claims.refused.len() >= MOST_REFUSED {
            claims.more = true;
            break;
        }
        claims.refused.push((leaf, fault));
    }
    Ok((claims, read))
}

/// The leaf by its name, when one of the keys made its mac.
fn shown(
    leaf: &WaitingLeaf,
    facility: FacilityId,
    keys: &[LeafKey],
) -> Option<(LeafName, PendingLeaf)> {
    let good = leaf.read().ok()?;
    let name = LeafName {
        facility,
        record: good.record,
        version: good.version,
    };
    let mac = leaf.mac.as_deref()?;
    leaf_keys::is_leaf_mac(keys, &name, &good.commitment, mac).then_some((name, good))
}
