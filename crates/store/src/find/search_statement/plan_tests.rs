//! The plan of every shape of search, asked of the databases themselves: over few rows
//! and many, on SQLite with statistics and without, the same indexes.

use super::{Count, Found, FoundCards, Lead, Narrow, Place, Probe};
use crate::{
    Criterion, FacilityId, Order, TimePosition,
    anchoring::anchor_statement::Covering,
    backend::Backend,
    engine::database::{Conn, MultiBackend, Use},
    records::standing::Standing,
    test_database::TestDatabase,
};
use diesel::{
    QueryResult, RunQueryDsl,
    connection::SimpleConnection,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Integer, Text},
};
use model::{Tag, Timestamp, Token, VersionNumber};
use std::marker::PhantomData;

const FACILITY: FacilityId = FacilityId(1);

/// A statement that is explained and not run.
struct Explained<'a, T, S>(&'a T, &'static str, PhantomData<S>);

impl<T: QueryFragment<MultiBackend>, S> QueryFragment<MultiBackend> for Explained<'_, T, S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(self.1);
        self.0.walk_ast(out.reborrow())
    }
}

impl<T, S> QueryId for Explained<'_, T, S> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, S> Query for Explained<'_, T, S> {
    type SqlType = S;
}

impl<T, S> RunQueryDsl<Conn> for Explained<'_, T, S> {}

type SqlitePlan = (Integer, Integer, Integer, Text);

fn plan(conn: &mut Conn, statement: &impl QueryFragment<MultiBackend>) -> Vec<String> {
    match conn.backend() {
        Backend::Sqlite => {
            let explained =
                Explained::<_, SqlitePlan>(statement, "EXPLAIN QUERY PLAN ", PhantomData);
            let lines: Vec<(i32, i32, i32, String)> = explained.load(conn).expect("a plan");
            lines.into_iter().map(|(.., detail)| detail).collect()
        }
        Backend::Postgres => {
            let explained = Explained::<_, Text>(statement, "EXPLAIN (COSTS OFF) ", PhantomData);
            explained.load(conn).expect("a plan")
        }
    }
}

fn tag(number: u8) -> Tag {
    Tag::new([number; 16])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis).expect("a time")
}

/// Every sort of order, at the beginning and in the middle.
fn orders() -> Vec<Order> {
    let mut orders = vec![
        Order::Record { after: None },
        Order::Record {
            after: Some(tag(1)),
        },
    ];
    for newest_first in [false, true] {
        for (from, until, after) in [
            (None, None, None),
            (Some(at(10)), Some(at(20)), None),
            (
                None,
                None,
                Some(TimePosition {
                    time: at(10),
                    record: tag(1),
                }),
            ),
        ] {
            orders.push(Order::Time {
                newest_first,
                from,
                until,
                after,
            });
        }
    }
    orders
}

/// As many values as a list of a search may have.
const LONG_LIST: u32 = 500;

/// The values of rows that [`fill`] makes.
fn long_list<T>(make: fn([u8; 16]) -> T) -> Vec<T> {
    let value = |number: u32| -> [u8; 16] {
        let digits = format!("{number:016}").into_bytes();
        digits.try_into().expect("16 digits")
    };
    (1..=LONG_LIST).map(|number| make(value(number))).collect()
}

const fn links<'a>(param: &'a str, targets: &'a [Tag]) -> Criterion<'a> {
    Criterion::Links { param, targets }
}

/// Runs `check` on the plan of every shape.
fn every_shape(conn: &mut Conn, check: impl Fn(&str, &[String])) {
    let tags: Vec<Tag> = (1..=4).map(tag).collect();
    let tokens: Vec<Token> = (1..=4).map(|number| Token::new([number; 16])).collect();
    let (many_tags, many_tokens) = (long_list(Tag::new), long_list(Token::new));
    let one_token = Criterion::Tokens(&tokens[..1]);
    let kinds = [
        links("_id", &tags[..1]),
        links("_id", &tags),
        links("subject", &tags[..1]),
        links("subject", &tags),
        one_token,
        Criterion::Tokens(&tokens),
    ];
    let mut combinations: Vec<Vec<Criterion<'_>>> = vec![Vec::new(), kinds.to_vec()];
    for first in kinds {
        combinations.push(vec![first]);
        combinations.extend(kinds.map(|second| vec![first, second]));
    }
    for long in [
        links("_id", &many_tags),
        links("subject", &many_tags),
        Criterion::Tokens(&many_tokens),
    ] {
        combinations.push(vec![long]);
        combinations.push(vec![one_token, long]);
    }
    for criteria in &combinations {
        every_order(conn, criteria, &check);
    }
    let covering = Covering {
        backend: conn.backend(),
        log: 1,
        index: 7,
    };
    check("covering anchor", &plan(conn, &covering));
    every_history(conn, &check);
}

/// Runs `check` on the plans of a search by these criteria.
fn every_order(conn: &mut Conn, criteria: &[Criterion<'_>], check: &impl Fn(&str, &[String])) {
    let kind = "Observation".parse().expect("a type");
    let place = Place {
        backend: conn.backend(),
        facility: FACILITY,
        resource_type: &kind,
    };
    if !criteria.is_empty() {
        let lines = plan(conn, &Probe::new(place, criteria, 100));
        check(&format!("probe of {criteria:?}"), &lines);
    }
    for order in orders() {
        for lead in [Lead::Criterion, Lead::Type] {
            let narrow = || Narrow::new(place, lead, criteria, order, 50);
            let shape = format!("{lead:?} {order:?} {criteria:?}");
            check(&shape, &plan(conn, &Found(narrow())));
            check(&shape, &plan(conn, &Count(narrow())));
            check(&shape, &plan(conn, &FoundCards(narrow())));
        }
    }
}

/// The current version of a record, and pages of its history.
fn every_history(conn: &mut Conn, check: &impl Fn(&str, &[String])) {
    let record = tag(1);
    let third = VersionNumber::new(3);
    for (before, since) in [
        (None, None),
        (third, None),
        (None, Some(at(10))),
        (third, Some(at(10))),
    ] {
        for limit in [1, 51] {
            let standing = Standing::new(FACILITY, &record, before, since, limit);
            let shape = format!("history {before:?} {since:?} {limit}");
            check(&shape, &plan(conn, &standing));
        }
    }
}

const FILLED: i32 = 20_000;

/// Rows of one facility, with the database's own words for a tag of row `i`.
fn fill(conn: &mut Conn) {
    type Tag = fn(&str) -> String;
    let (numbers, tag, none): (_, Tag, _) = match conn.backend() {
        Backend::Sqlite => (
            format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {FILLED})"
            ),
            |number: &str| format!("CAST(printf('%016d', {number}) AS BLOB)"),
            "x''",
        ),
        Backend::Postgres => (
            format!("WITH n(i) AS (SELECT * FROM generate_series(1, {FILLED}))"),
            |number: &str| format!("convert_to(lpad(({number})::text, 16, '0'), 'UTF8')"),
            "''::bytea",
        ),
    };
    let record = tag("i * 7919 % 20011");
    for (table, columns, values) in [
        (
            "version (id, facility_id, resource_type, record_tag, version, interaction, \
             policy_number, time_ms, padded_size, data_key_id, envelope)",
            format!("i, 1, 'Observation', {record}, 1, 'create', 1, 1800000000000 + i, 9"),
            format!("{none}, {none}"),
        ),
        (
            "link (facility_id, record_tag, version, resource_type, param, target_tag, time_ms)",
            format!("1, {record}, 1, 'Observation', '_id', {record}"),
            "1800000000000 + i".to_owned(),
        ),
        (
            "link (facility_id, record_tag, version, resource_type, param, target_tag)",
            format!("1, {record}, 1, 'Observation', 'subject'"),
            tag("i % 100"),
        ),
        (
            "card (facility_id, record_tag, resource_type, subject_tag, version, index_epoch, \
             time_ms, data_key_id, sealed)",
            format!("1, {record}, 'Observation', {}, 1, 2, 0", tag("i % 100")),
            format!("{none}, {none}"),
        ),
        (
            "token (facility_id, record_tag, version, token)",
            format!("1, {record}, 1"),
            tag("1"),
        ),
        (
            "token (facility_id, record_tag, version, token)",
            format!("1, {record}, 1"),
            tag("i + 100"),
        ),
    ] {
        // PostgreSQL wants WITH in front of INSERT too; both take it there.
        let sql = format!("{numbers} INSERT INTO {table} SELECT {columns}, {values} FROM n");
        conn.batch_execute(&sql).expect("rows");
    }
    fill_anchors(conn, &numbers, none);
}

/// A facility with a log, its ledger transaction and its anchors.
fn fill_anchors(conn: &mut Conn, numbers: &str, none: &str) {
    conn.batch_execute(&format!(
        "INSERT INTO facility (id, name, created_ms) VALUES (1, 'north', 0);
         INSERT INTO log (id, facility_id, epoch, origin, log_id, public_key, size)
             VALUES (1, 1, 1, 'o', {none}, {none}, 0);
         INSERT INTO post (id, chain_id, submitter, nonce, raw, tx_hash, state, created_ms)
             VALUES (1, 1, {none}, 1, {none}, {none}, 'final', 0)"
    ))
    .expect("rows");
    conn.batch_execute(&format!(
        "{numbers} INSERT INTO anchor (log_id, seq, size, root, post_id, state)
             SELECT 1, i, i / 3, {none}, 1, 'finalized' FROM n"
    ))
    .expect("rows");
}

/// Each table is entered by an index that narrows it to what is asked for.
fn check_sqlite(shape: &str, lines: &[String]) {
    let entered = [
        "SEARCH d USING COVERING INDEX link_search (facility_id=? AND resource_type=? AND param=? AND target_tag",
        "SEARCH d USING COVERING INDEX token_search (facility_id=? AND token=?",
        "SEARCH d USING COVERING INDEX link_time (facility_id=? AND resource_type=? AND time_ms>? AND time_ms<?)",
        "SEARCH d USING COVERING INDEX link_time (facility_id=? AND resource_type=? AND (time_ms,record_tag)>(?,?) AND (time_ms,record_tag)<(?,?))",
        "SEARCH d USING PRIMARY KEY (facility_id=? AND record_tag=? AND version=? AND param=? AND target_tag=?)",
        "SEARCH e USING PRIMARY KEY (facility_id=? AND record_tag=? AND version=?",
        "SEARCH v USING INDEX sqlite_autoindex_version_1 (facility_id=? AND record_tag=? AND version=?)",
        "SEARCH w USING COVERING INDEX sqlite_autoindex_version_1 (facility_id=? AND record_tag=?)",
        "SEARCH w USING INDEX sqlite_autoindex_version_1 (facility_id=? AND record_tag=? AND version<?)",
        "SEARCH c USING PRIMARY KEY (facility_id=? AND record_tag=?)",
        "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH g USING COVERING INDEX sqlite_autoindex_log_3 (facility_id=?)",
        "SEARCH l USING COVERING INDEX leaf_record (log_id=? AND record_tag=? AND version>?)",
        "SEARCH p USING COVERING INDEX pending_leaf_record (facility_id=? AND record_tag=? AND version>?)",
        "SEARCH a USING COVERING INDEX anchor_covering (log_id=? AND state=? AND size>?)",
    ];
    let scanned = [
        "SCAN a",
        "SCAN n",
        "SCAN n LEFT-JOIN",
        "SCAN m",
        "SCAN m LEFT-JOIN",
        "SCAN d",
        "SCAN CONSTANT ROW",
    ];
    for line in lines {
        let good = match line.split_once(' ') {
            Some(("SEARCH", _)) => entered.iter().any(|entry| line.starts_with(entry)),
            Some(("SCAN", _)) => scanned.contains(&line.as_str()),
            _ => !line.contains("AUTOMATIC"),
        };
        assert!(good, "{shape}: {line}\n{}", lines.join("\n"));
    }
    // `d` is walked only where it is what was gathered.
    let gathered = lines
        .iter()
        .any(|line| line.starts_with("MATERIALIZE d") || line.starts_with("CO-ROUTINE d"));
    assert!(
        gathered || !lines.iter().any(|line| line == "SCAN d"),
        "{shape}: {lines:?}"
    );
}

fn check_postgres(shape: &str, lines: &[String]) {
    let text = lines.join("\n");
    for bad in [
        "Seq Scan",
        "Hash Join",
        "Merge Join",
        "Hash Semi",
        "hashed SubPlan",
    ] {
        assert!(!text.contains(bad), "{shape}: {bad}\n{text}");
    }
    for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
        let Some((_, scan)) = line.split_once(" using ") else {
            continue;
        };
        let index = scan.split(' ').next().unwrap_or_default();
        // There are as many logs as facilities, and a page of rows holds more.
        if index == "log_pkey" {
            continue;
        }
        let wanted = match index {
            "link_search" => "target_tag",
            "token_search" => "token",
            "link_time" => "time_ms",
            "link_pkey"
            | "token_pkey"
            | "card_pkey"
            | "version_facility_id_record_tag_version_key" => "record_tag = ",
            "anchor_covering" => "size",
            "version_pkey" => "id = ",
            "log_facility_id_epoch_key" => "facility_id",
            "leaf_record" | "pending_leaf_record" => "version > ",
            other => panic!("{shape}: {other}\n{text}"),
        };
        assert!(
            next.contains("Index Cond") && next.contains(wanted),
            "{shape}: {line}\n{text}"
        );
    }
}

#[test]
fn sqlite_takes_the_same_indexes_with_statistics_and_without() {
    let test = TestDatabase::sqlite();
    let mut conn = test.database.connect(Use::Write).expect("a connection");
    every_shape(&mut conn, check_sqlite);
    fill(&mut conn);
    every_shape(&mut conn, check_sqlite);
    conn.batch_execute("ANALYZE").expect("statistics");
    let mut conn = test.database.connect(Use::Read).expect("a connection");
    every_shape(&mut conn, check_sqlite);
}

#[test]
fn postgres_takes_the_same_indexes_once_it_has_statistics() {
    let test = TestDatabase::postgres();
    let mut writer = test.database.connect(Use::Write).expect("a connection");
    fill(&mut writer);
    // Autovacuum does so within a minute of so many rows.
    writer.batch_execute("VACUUM ANALYZE").expect("statistics");
    let mut conn = test.database.connect(Use::Read).expect("a connection");
    every_shape(&mut conn, check_postgres);
}
