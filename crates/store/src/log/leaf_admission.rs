//! How waiting leaves come into a log: those that may have an index get the next ones, and
//! the others are put with those refused. A name has one leaf, whatever its mac.

use crate::{
    Error, FacilityId, LeafClaims, LeafFault, Leaves, Log, PendingLeaf, RowName, Tx, WaitingLeaf,
    access::sealed::Connected as _,
    backend::Backend,
    column,
    engine::database::Conn,
    log::{leaf_claims::MOST_REFUSED, leaf_sequence},
};
use diesel::{
    QueryableByName, RunQueryDsl, sql_query,
    sql_types::{BigInt, Integer},
};
use std::collections::HashSet;

impl Leaves<'_, Tx> {
    /// Gives up to `limit` waiting leaves the next indices of a log, by id, and refuses
    /// those that may have none. `Taken` as for [`Self::sequence`].
    pub fn admit(&mut self, log: &Log, limit: u32) -> Result<LeafClaims, Error> {
        let mut claims = self.claims(log.facility, limit)?;
        for (leaf, fault) in &claims.refused {
            self.refuse(log.facility, leaf, *fault)?;
        }
        if claims.good.is_empty() {
            return Ok(claims);
        }
        let second = match self.access.backend() {
            // The index by record is several times the cache, and tags are random: a name
            // is looked for after its leaf was put there, for its page is in memory then.
            Backend::Sqlite => {
                leaf_sequence::enter(self.access, log, &claims.good)?;
                let second = entered_again(self.access, log, &claims.good)?;
                if second.is_empty() {
                    leaf_sequence::leave_waiting(self.access, log, &claims.good)?;
                    return Ok(claims);
                }
                leaf_sequence::withdraw(self.access, log, &claims.good)?;
                second
            }
            Backend::Postgres => waiting_again(self.access, log.facility, &claims.good)?,
        };
        self.refuse_second(log.facility, &mut claims, &second)?;
        self.sequence(log, &claims.good)?;
        Ok(claims)
    }

    /// Refuses leaves, by id, whose names the log has already.
    fn refuse_second(
        &mut self,
        facility: FacilityId,
        claims: &mut LeafClaims,
        second: &HashSet<i64>,
    ) -> Result<(), Error> {
        let (mut good, mut refused) = (Vec::with_capacity(claims.good.len()), 0);
        for leaf in claims.good.drain(..) {
            if !second.contains(&leaf.id) {
                good.push(leaf);
                continue;
            }
            if refused == MOST_REFUSED {
                // Those behind it wait too, so that they keep their order.
                claims.more = true;
                break;
            }
            refused += 1;
            let leaf = as_waiting(&leaf);
            self.refuse(facility, &leaf, LeafFault::Twice)?;
            claims.refused.push((leaf, LeafFault::Twice));
        }
        claims.good = good;
        Ok(())
    }
}

fn as_waiting(leaf: &PendingLeaf) -> WaitingLeaf {
    WaitingLeaf {
        id: leaf.id,
        commitment: leaf.commitment.as_bytes().to_vec(),
        name: RowName {
            record: leaf.record.as_bytes().to_vec(),
            version: column::of_version(leaf.version),
        },
        mac: None,
    }
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The indices of leaves between two sizes of a log, whose names a log of the facility had
/// before. A count, for SQLite turns EXISTS into a join that walks through the log.
const ENTERED: &str = "
    SELECT n.idx AS number FROM leaf n WHERE n.log_id = ? AND n.idx >= ? AND n.idx < ?
    AND (SELECT count(*) FROM (SELECT 1 FROM log g CROSS JOIN leaf l INDEXED BY leaf_record
        WHERE g.facility_id = ? AND l.log_id = g.id AND l.record_tag = n.record_tag
        AND l.version = n.version AND l.idx < CASE l.log_id WHEN n.log_id THEN ? ELSE g.size END
        LIMIT 1) s) > 0";

/// Which of the leaves, by id, that were entered at the end of the log.
fn entered_again(tx: &mut Tx, log: &Log, leaves: &[PendingLeaf]) -> Result<HashSet<i64>, Error> {
    let size: i64 = column::number(log.size)?;
    let bigger: i64 = column::number(log.size + leaves.len() as u64)?;
    let query = sql_query(ENTERED)
        .bind::<Integer, _>(log.id.0)
        .bind::<BigInt, _>(size)
        .bind::<BigInt, _>(bigger)
        .bind::<Integer, _>(log.facility.0)
        .bind::<BigInt, _>(size);
    let rows: Vec<NumberRow> = tx.query(|conn| match conn {
        Conn::Sqlite(conn) => query.load(conn),
        Conn::Postgres(_) => Ok(Vec::new()),
    })?;
    rows.iter()
        .map(|row| {
            let at = usize::try_from(row.number.saturating_sub(size)).ok();
            let leaf = at.and_then(|at| leaves.get(at));
            leaf.map(|leaf| leaf.id).ok_or(Error::Corrupt("leaf"))
        })
        .collect()
}

/// Those of these waiting leaves, by id, whose names a log of the facility has. Never
/// prepared for good: the best way through a small log is the worst through a large one.
const WAITING: &str = "
    SELECT p.id AS number FROM pending_leaf p
    WHERE p.facility_id = $1 AND p.id BETWEEN $2 AND $3 AND p.mac IS NOT NULL
    AND (SELECT count(*) FROM (SELECT 1 FROM log g CROSS JOIN leaf l
        WHERE g.facility_id = p.facility_id AND l.log_id = g.id AND l.idx < g.size
        AND l.record_tag = p.record_tag AND l.version = p.version LIMIT 1) s) > 0";

fn waiting_again(
    tx: &mut Tx,
    facility: FacilityId,
    leaves: &[PendingLeaf],
) -> Result<HashSet<i64>, Error> {
    let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else {
        return Ok(HashSet::new());
    };
    let query = sql_query(WAITING)
        .bind::<Integer, _>(facility.0)
        .bind::<BigInt, _>(first.id)
        .bind::<BigInt, _>(last.id);
    let rows: Vec<NumberRow> = tx.query(|conn| match conn {
        Conn::Postgres(conn) => query.load(conn),
        Conn::Sqlite(_) => Ok(Vec::new()),
    })?;
    Ok(rows.into_iter().map(|row| row.number).collect())
}
