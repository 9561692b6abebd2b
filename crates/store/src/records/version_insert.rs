//! How versions get into the tables. The write is spelt for each back end, for speed: on
//! SQLite a statement costs little and one row at a time is
//! prepared once; on PostgreSQL each statement is a round trip, so everything that
//! belongs to a batch of versions goes in one.

use crate::{
    Error, FacilityId, LeafName,
    access::Writes,
    column,
    engine::database::Conn,
    log::leaf_keys::LeafKey,
    records::rows::{ID_PARAM, NewVersion},
    schema::{link, pending_leaf, token, version},
};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Binary, Integer, Nullable, Text},
};
use model::{Tag, VersionInteraction, VersionNumber};
use std::collections::{BTreeSet, HashSet};

/// The most versions in one statement, so that a large Bundle is not held in memory
/// once more as one message.
const BATCH: usize = 500;

/// A version as rows.
struct Rows<'a> {
    new: &'a NewVersion,
    links: BTreeSet<(&'a str, Tag)>,
    tokens: BTreeSet<&'a [u8]>,
    padded_size: i32,
    mac: [u8; 16],
}

impl<'a> Rows<'a> {
    fn of(facility: FacilityId, new: &'a NewVersion, key: &LeafKey) -> Result<Self, Error> {
        let mut links = BTreeSet::new();
        let mut tokens = BTreeSet::new();
        if new.version.interaction != VersionInteraction::Delete {
            links.extend(
                new.links
                    .iter()
                    .map(|link| (link.param.as_ref(), link.target)),
            );
            links.insert((ID_PARAM, new.version.record));
            tokens.extend(new.tokens.iter().map(|token| token.as_bytes().as_slice()));
        }
        let padded_size = column::number(new.version.padded_size)?;
        let leaf = LeafName {
            facility,
            record: new.version.record,
            version: new.version.number,
        };
        Ok(Self {
            new,
            links,
            tokens,
            padded_size,
            mac: key.leaf_mac(&leaf, &new.commitment),
        })
    }

    fn record(&self) -> &'a [u8] {
        self.new.version.record.as_bytes()
    }

    fn number(&self) -> i64 {
        column::of_version(self.new.version.number)
    }
}

/// Stores versions in the order given. A batch ends before a record would come
/// twice in it, because within one statement the later version would not see the
/// links of the earlier one.
pub(crate) fn insert_many(
    tx: &mut impl Writes,
    facility: FacilityId,
    new: &[NewVersion],
) -> Result<(), Error> {
    let key = tx.leaf_keys().newest()?;
    let mut rest = new;
    while !rest.is_empty() {
        let mut seen = HashSet::new();
        let fresh = rest
            .iter()
            .take(BATCH)
            .take_while(|new| seen.insert(new.version.record));
        let (batch, after) = rest.split_at(fresh.count().max(1));
        let rows = batch.iter().map(|new| Rows::of(facility, new, &key));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let made = tx.insert(Error::VersionTaken, |conn| match conn {
            Conn::Sqlite(conn) => sqlite(conn, facility, &rows),
            Conn::Postgres(conn) => Statement::of(facility, &rows).execute(conn),
        })?;
        if made < batch.len() {
            return Err(Error::VersionTaken);
        }
        rest = after;
    }
    Ok(())
}

/// Gives how many versions were stored; stops at the first whose number is taken.
fn sqlite(
    conn: &mut SqliteConnection,
    facility: FacilityId,
    batch: &[Rows<'_>],
) -> QueryResult<usize> {
    for (made, rows) in batch.iter().enumerate() {
        let new = &rows.new.version;
        let inserted = diesel::insert_into(version::table)
            .values((
                version::facility_id.eq(facility.0),
                version::resource_type.eq(new.resource_type.as_str()),
                version::record_tag.eq(rows.record()),
                version::number.eq(rows.number()),
                version::interaction.eq(new.interaction.as_str()),
                version::policy_number.eq(i64::from(new.policy_number)),
                version::time_ms.eq(new.time.as_millis()),
                version::subject_tag.eq(new.subject.as_ref().map(|tag| tag.as_bytes().as_slice())),
                version::padded_size.eq(rows.padded_size),
                version::data_key_id.eq(new.data_key.as_bytes().as_slice()),
                version::envelope.eq(&new.envelope),
            ))
            .on_conflict_do_nothing()
            .execute(conn)?;
        if inserted == 0 {
            return Ok(made);
        }
        if new.number > VersionNumber::FIRST {
            sqlite_forget(conn, facility, rows)?;
        }
        sqlite_index(conn, facility, rows)?;
    }
    Ok(batch.len())
}

/// Removes the links and tokens of earlier versions.
fn sqlite_forget(
    conn: &mut SqliteConnection,
    facility: FacilityId,
    rows: &Rows<'_>,
) -> QueryResult<()> {
    let links = link::table
        .filter(link::facility_id.eq(facility.0))
        .filter(link::record_tag.eq(rows.record()));
    diesel::delete(links).execute(conn)?;
    let tokens = token::table
        .filter(token::facility_id.eq(facility.0))
        .filter(token::record_tag.eq(rows.record()));
    diesel::delete(tokens).execute(conn)?;
    Ok(())
}

fn sqlite_index(
    conn: &mut SqliteConnection,
    facility: FacilityId,
    rows: &Rows<'_>,
) -> QueryResult<()> {
    for (param, target) in &rows.links {
        let time = (*param == ID_PARAM).then(|| rows.new.version.time.as_millis());
        diesel::insert_into(link::table)
            .values((
                link::facility_id.eq(facility.0),
                link::record_tag.eq(rows.record()),
                link::version.eq(rows.number()),
                link::resource_type.eq(rows.new.version.resource_type.as_str()),
                link::param.eq(*param),
                link::target_tag.eq(target.as_bytes().as_slice()),
                link::time_ms.eq(time),
            ))
            .execute(conn)?;
    }
    for value in &rows.tokens {
        diesel::insert_into(token::table)
            .values((
                token::facility_id.eq(facility.0),
                token::record_tag.eq(rows.record()),
                token::version.eq(rows.number()),
                token::value.eq(*value),
            ))
            .execute(conn)?;
    }
    diesel::insert_into(pending_leaf::table)
        .values((
            pending_leaf::facility_id.eq(facility.0),
            pending_leaf::commitment.eq(rows.new.commitment.as_bytes().as_slice()),
            pending_leaf::record_tag.eq(rows.record()),
            pending_leaf::version.eq(rows.number()),
            pending_leaf::mac.eq(rows.mac.as_slice()),
        ))
        .execute(conn)?;
    Ok(())
}

/// The statement for PostgreSQL, by columns. All its parts see the tables as they
/// were before it, so what it deletes are rows of earlier versions only. It affects
/// as many rows as versions were stored.
#[derive(Default)]
struct Statement<'a> {
    facility: i32,
    resource_type: Vec<&'a str>,
    record: Vec<&'a [u8]>,
    number: Vec<i64>,
    interaction: Vec<&'static str>,
    policy_number: Vec<i64>,
    time: Vec<i64>,
    subject: Vec<Option<&'a [u8]>>,
    padded_size: Vec<i32>,
    data_key: Vec<&'a [u8]>,
    envelope: Vec<&'a [u8]>,
    commitment: Vec<&'a [u8]>,
    mac: Vec<&'a [u8]>,
    link_record: Vec<&'a [u8]>,
    link_param: Vec<&'a str>,
    link_target: Vec<&'a [u8]>,
    token_record: Vec<&'a [u8]>,
    token: Vec<&'a [u8]>,
}

impl<'a> Statement<'a> {
    fn of(facility: FacilityId, batch: &'a [Rows<'a>]) -> Self {
        let mut all = Self {
            facility: facility.0,
            ..Self::default()
        };
        for rows in batch {
            let new = &rows.new.version;
            all.resource_type.push(new.resource_type.as_str());
            all.record.push(rows.record());
            all.number.push(rows.number());
            all.interaction.push(new.interaction.as_str());
            all.policy_number.push(i64::from(new.policy_number));
            all.time.push(new.time.as_millis());
            all.subject
                .push(new.subject.as_ref().map(|tag| tag.as_bytes().as_slice()));
            all.padded_size.push(rows.padded_size);
            all.data_key.push(new.data_key.as_bytes());
            all.envelope.push(&new.envelope);
            all.commitment.push(rows.new.commitment.as_bytes());
            all.mac.push(&rows.mac);
            for (param, target) in &rows.links {
                all.link_record.push(rows.record());
                all.link_param.push(param);
                all.link_target.push(target.as_bytes());
            }
            for token in &rows.tokens {
                all.token_record.push(rows.record());
                all.token.push(token);
            }
        }
        all
    }
}

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH place AS (SELECT ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AS facility_id), input AS (SELECT * FROM place, unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.resource_type)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.record)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.number)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.interaction)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.policy_number)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.time)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.subject)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.padded_size)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.data_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.envelope)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.commitment)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.mac)?;
        out.push_sql(MAKE_VERSIONS);
        out.push_bind_param::<Array<Binary>, _>(&self.link_record)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.link_param)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.link_target)?;
        out.push_sql(MAKE_LINKS);
        out.push_bind_param::<Array<Binary>, _>(&self.token_record)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.token)?;
        out.push_sql(MAKE_TOKENS);
        Ok(())
    }
}

const MAKE_VERSIONS: &str = ") WITH ORDINALITY AS row (
    resource_type, record_tag, version, interaction, policy_number, time_ms, subject_tag,
    padded_size, data_key_id, envelope, commitment, mac, ordinal)
), made AS (
    INSERT INTO version (facility_id, resource_type, record_tag, version, interaction,
        policy_number, time_ms, subject_tag, padded_size, data_key_id, envelope)
    SELECT facility_id, resource_type, record_tag, version, interaction,
        policy_number, time_ms, subject_tag, padded_size, data_key_id, envelope
    FROM input ORDER BY ordinal
    ON CONFLICT DO NOTHING
    RETURNING facility_id, resource_type, record_tag, version, time_ms
), old_links AS (
    DELETE FROM link USING made WHERE made.version > 1
    AND link.facility_id = made.facility_id AND link.record_tag = made.record_tag
), old_tokens AS (
    DELETE FROM token USING made WHERE made.version > 1
    AND token.facility_id = made.facility_id AND token.record_tag = made.record_tag
), links AS (
    INSERT INTO link (facility_id, record_tag, version, resource_type, param, target_tag, time_ms)
    SELECT facility_id, record_tag, version, resource_type, param, target_tag,
        CASE param WHEN '_id' THEN time_ms END
    FROM made JOIN unnest(";

const MAKE_LINKS: &str = ") AS row (record_tag, param, target_tag) USING (record_tag)
), tokens AS (
    INSERT INTO token (facility_id, record_tag, version, token)
    SELECT facility_id, record_tag, version, token
    FROM made JOIN unnest(";

const MAKE_TOKENS: &str = ") AS row (record_tag, token) USING (record_tag)
)
INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)
SELECT input.facility_id, commitment, record_tag, version, mac
FROM input JOIN made USING (record_tag, version) ORDER BY ordinal";

/// Prepared once per connection: its text never differs.
impl QueryId for Statement<'_> {
    type QueryId = Statement<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Statement<'_> {}
