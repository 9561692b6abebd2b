//! The statements of the sweep, as SQL. Each says of a row and of its leaves, or of a leaf
//! and of its rows, what was committed at one moment: a leaf that is given its index
//! meanwhile is found once. The names of rows are walked in the order of their index, so
//! that a facility is walked through alone.

use crate::{
    backend::Backend,
    engine::database::{Conn, MultiBackend},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Integer, Nullable},
};
use std::marker::PhantomData;

/// A table whose rows have leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swept {
    Version,
    Audit,
    Statement,
}

/// Id, record tag, version, bytes of the envelope; number of leaves (2 for more), index
/// and commitment of one; number of pending leaves and commitment of one.
pub(crate) type NameTypes = (
    BigInt,
    Binary,
    BigInt,
    BigInt,
    BigInt,
    Nullable<BigInt>,
    Nullable<Binary>,
    BigInt,
    Nullable<Binary>,
);
/// As [`NameTypes`].
pub(crate) type NameLine = (
    i64,
    Vec<u8>,
    i64,
    i64,
    i64,
    Option<i64>,
    Option<Vec<u8>>,
    i64,
    Option<Vec<u8>>,
);
/// Index or id, commitment, record tag, version, number of rows and of leaves of that name.
pub(crate) type LeafTypes = (BigInt, Binary, Binary, BigInt, BigInt, BigInt);
/// As [`LeafTypes`].
pub(crate) type LeafLine = (i64, Vec<u8>, Vec<u8>, i64, i64, i64);
/// Size of the log, its last index.
pub(crate) type EndTypes = (BigInt, Nullable<BigInt>);

/// Record tag and number of an event.
pub(crate) type EventTypes = (Binary, Integer);

/// A part of a statement.
enum Part<'a> {
    Sql(String),
    Integer(i32),
    Number(i64),
    Bytes(&'a [u8]),
}

/// A statement whose lines have these types.
pub(crate) struct Spelt<'a, T>(Vec<Part<'a>>, PhantomData<T>);

impl Swept {
    /// Table, id, version and key of a row that is called `r`.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Version => ("version", "r.id", "r.version"),
            Self::Audit => ("audit", "r.id", "CAST(1 AS BIGINT)"),
            Self::Statement => ("statement", "CAST(0 AS BIGINT)", "CAST(1 AS BIGINT)"),
        }
    }

    /// At most `limit` names after this one, or from the first, each beside its leaves.
    pub(crate) fn names<'a>(
        self,
        backend: Backend,
        facility: i32,
        after: Option<(&'a [u8], i64)>,
        limit: i64,
    ) -> Spelt<'a, NameTypes> {
        let (table, id, number) = self.words();
        let hint = hint(backend);
        let leaf = format!(
            "FROM log g CROSS JOIN leaf l{hint} WHERE g.facility_id = r.facility_id \
             AND l.log_id = g.id AND l.record_tag = r.record_tag AND l.version = {number}"
        );
        let pending = format!(
            "FROM pending_leaf p WHERE p.facility_id = r.facility_id \
             AND p.record_tag = r.record_tag AND p.version = {number}"
        );
        let select = format!(
            "SELECT {id}, r.record_tag, {number}, CAST(length(r.envelope) AS BIGINT), \
             (SELECT count(*) FROM (SELECT 1 {leaf} LIMIT 2) s), \
             (SELECT l.idx {leaf} LIMIT 1), (SELECT l.commitment {leaf} LIMIT 1), \
             (SELECT count(*) FROM (SELECT 1 {pending} LIMIT 2) s), \
             (SELECT p.commitment {pending} LIMIT 1) \
             FROM {table} r WHERE r.facility_id = "
        );
        let mut parts = vec![Part::Sql(select), Part::Integer(facility)];
        let order = match self {
            Self::Version => {
                if let Some((record, version)) = after {
                    parts.push(Part::Sql(" AND (r.record_tag, r.version) > (".to_owned()));
                    parts.push(Part::Bytes(record));
                    parts.push(Part::Sql(", ".to_owned()));
                    parts.push(Part::Number(version));
                    parts.push(Part::Sql(")".to_owned()));
                }
                " ORDER BY r.record_tag, r.version LIMIT "
            }
            Self::Audit | Self::Statement => {
                if let Some((record, _)) = after {
                    parts.push(Part::Sql(" AND r.record_tag > ".to_owned()));
                    parts.push(Part::Bytes(record));
                }
                " ORDER BY r.record_tag LIMIT "
            }
        };
        parts.push(Part::Sql(order.to_owned()));
        parts.push(Part::Number(limit));
        Spelt(parts, PhantomData)
    }
}

fn hint(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => " INDEXED BY leaf_record",
        Backend::Postgres => "",
    }
}

/// The number of rows that the leaf `l` names.
const ROWS: &str = "(SELECT count(*) FROM version r WHERE r.facility_id = g.id \
     AND r.record_tag = l.record_tag AND r.version = l.version) \
     + (SELECT count(*) FROM audit r WHERE r.facility_id = g.id \
     AND r.record_tag = l.record_tag AND l.version = 1) \
     + (SELECT count(*) FROM statement r WHERE r.facility_id = g.id \
     AND r.record_tag = l.record_tag AND l.version = 1)";

/// The number of leaves that have the name of the leaf `l`, itself among them, over all
/// logs of the facility and those that wait. Of either no more than two are counted.
fn same_name(backend: Backend) -> String {
    let hint = hint(backend);
    format!(
        "(SELECT count(*) FROM (SELECT 1 FROM log h CROSS JOIN leaf o{hint} \
         WHERE h.facility_id = g.id AND o.log_id = h.id \
         AND o.record_tag = l.record_tag AND o.version = l.version LIMIT 2) s) \
         + (SELECT count(*) FROM (SELECT 1 FROM pending_leaf o WHERE o.facility_id = g.id \
         AND o.record_tag = l.record_tag AND o.version = l.version LIMIT 2) s)"
    )
}

/// At most `limit` leaves of a log after this index, or from the first, each beside the
/// numbers of rows and leaves of its name.
pub(crate) fn leaves(
    backend: Backend,
    facility: i32,
    log: i32,
    after: Option<i64>,
    limit: i64,
) -> Spelt<'static, LeafTypes> {
    let same_name = same_name(backend);
    let select = format!(
        "SELECT l.idx, l.commitment, l.record_tag, l.version, {ROWS}, {same_name} \
         FROM facility g CROSS JOIN leaf l WHERE g.id = "
    );
    let mut parts = vec![
        Part::Sql(select),
        Part::Integer(facility),
        Part::Sql(" AND l.log_id = ".to_owned()),
        Part::Integer(log),
    ];
    if let Some(after) = after {
        parts.push(Part::Sql(" AND l.idx > ".to_owned()));
        parts.push(Part::Number(after));
    }
    parts.push(Part::Sql(" ORDER BY l.idx LIMIT ".to_owned()));
    parts.push(Part::Number(limit));
    Spelt(parts, PhantomData)
}

/// At most `limit` pending leaves after this id, or from the first, each beside the
/// numbers of rows and leaves of its name.
pub(crate) fn pending(
    backend: Backend,
    facility: i32,
    after: Option<i64>,
    limit: i64,
) -> Spelt<'static, LeafTypes> {
    let same_name = same_name(backend);
    let select = format!(
        "SELECT l.id, l.commitment, l.record_tag, l.version, {ROWS}, {same_name} \
         FROM facility g CROSS JOIN pending_leaf l WHERE g.id = "
    );
    let mut parts = vec![
        Part::Sql(select),
        Part::Integer(facility),
        Part::Sql(" AND l.facility_id = ".to_owned()),
        Part::Integer(facility),
    ];
    if let Some(after) = after {
        parts.push(Part::Sql(" AND l.id > ".to_owned()));
        parts.push(Part::Number(after));
    }
    parts.push(Part::Sql(" ORDER BY l.id LIMIT ".to_owned()));
    parts.push(Part::Number(limit));
    Spelt(parts, PhantomData)
}

/// Those of these rows of `audit_patient` that are there: patient, time in milliseconds,
/// record, event. Each is found by the whole key.
pub(crate) fn events<'a>(
    facility: i32,
    keys: impl Iterator<Item = (&'a [u8], i64, &'a [u8], i32)>,
) -> Spelt<'a, EventTypes> {
    let sql = |text: &str| Part::Sql(text.to_owned());
    let mut parts = Vec::new();
    for (patient, time, record, event) in keys {
        parts.push(sql(if parts.is_empty() {
            "SELECT p.record_tag, p.event FROM (VALUES ("
        } else {
            "), ("
        }));
        parts.push(Part::Bytes(patient));
        parts.push(sql(", "));
        parts.push(Part::Number(time));
        parts.push(sql(", "));
        parts.push(Part::Bytes(record));
        parts.push(sql(", "));
        parts.push(Part::Integer(event));
    }
    parts.push(sql(
        ")) w CROSS JOIN audit_patient p WHERE p.patient_tag = w.column1 \
         AND p.time_ms = w.column2 AND p.record_tag = w.column3 AND p.event = w.column4 \
         AND p.facility_id = ",
    ));
    parts.push(Part::Integer(facility));
    Spelt(parts, PhantomData)
}

/// Where a log ends, by its row and by its leaves.
pub(crate) fn end(log: i32) -> Spelt<'static, EndTypes> {
    let parts = vec![
        Part::Sql(
            "SELECT g.size, (SELECT max(l.idx) FROM leaf l WHERE l.log_id = g.id) \
             FROM log g WHERE g.id = "
                .to_owned(),
        ),
        Part::Integer(log),
    ];
    Spelt(parts, PhantomData)
}

impl<T> QueryFragment<MultiBackend> for Spelt<'_, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        for part in &self.0 {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Integer(id) => out.push_bind_param::<Integer, _>(id)?,
                Part::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Part::Bytes(bytes) => out.push_bind_param::<Binary, _>(*bytes)?,
            }
        }
        Ok(())
    }
}

impl<T> QueryId for Spelt<'_, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> Query for Spelt<'_, T> {
    type SqlType = T;
}

impl<T> RunQueryDsl<Conn> for Spelt<'_, T> {}
