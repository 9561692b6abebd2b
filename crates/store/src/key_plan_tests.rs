//! Reads of single records, audit records and leaves enter SQLite's tables by more than
//! the facility or the log, also without statistics: every statement that the views run
//! is taken down and its plan asked for. So do searches of audit records on PostgreSQL,
//! with statistics, by the plan that is made for all values.

use crate::{
    AuditPosition, AuditRange, AuditsOf, BatchBound, EventRow, FacilityId, Log, LogRowId, NewAudit,
    Period, Reader, RowName, Store, Subjects, WrittenPosition, WrittenRange,
    engine::database::{Conn, Use},
    samples,
    test_database::TestDatabase,
};
use diesel::{
    Connection as _, QueryableByName, RunQueryDsl,
    connection::{InstrumentationEvent, SimpleConnection as _},
    dsl::sql,
    sql_query,
    sql_types::Text,
};
use model::{Commitment, LogId, Tag, Timestamp, VersionNumber};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// Tables that grow with use.
const LARGE: [&str; 6] = [
    "audit",
    "audit_patient",
    "audit_query",
    "version",
    "leaf",
    "anchor",
];

#[derive(QueryableByName)]
pub(crate) struct Step {
    #[diesel(sql_type = Text)]
    pub(crate) detail: String,
}

/// As many values as a list of a search may have.
const LONG_LIST: u32 = 500;

/// Pages and counts of all, of some records and of some patients, in ranges and lists of
/// any length.
fn read_audits(reader: &mut Reader) -> Result<(), crate::Error> {
    let (facility, one) = (FacilityId(1), Tag::new([1; 16]));
    reader.audits().find(facility, one)?;
    let from = AuditPosition {
        time: time(),
        record: one,
    };
    let ranges = [
        AuditRange::default(),
        AuditRange {
            from: Some(from),
            since: Some(time()),
        },
    ];
    for length in [0, 1, LONG_LIST] {
        let tags: Vec<Tag> = std::iter::once(one)
            .chain((1..=length).map(numbered))
            .collect();
        for of in [
            AuditsOf::Facility,
            AuditsOf::Records(tags.clone()),
            AuditsOf::Patients(tags),
        ] {
            for range in &ranges {
                reader.audits().page(facility, &of, range, 10)?;
                reader.audits().count(facility, &of, range, 10)?;
            }
        }
    }
    Ok(())
}

/// Versions by time: of anybody and of some, from the newest on and from the middle, with a
/// period and without.
fn read_written(reader: &mut Reader) -> Result<(), crate::Error> {
    let facility = FacilityId(1);
    let kind = "Observation".parse().expect("a type");
    let before = WrittenPosition {
        time: time(),
        record: Tag::new([1; 16]),
        number: VersionNumber::FIRST,
    };
    let some = |patient, nobody| Subjects::Some { patient, nobody };
    for subjects in [
        Subjects::All,
        some(Some(numbered(1)), false),
        some(Some(numbered(1)), true),
        some(None, true),
    ] {
        for (before, at) in [(None, None), (Some(before), None), (None, Some(period()))] {
            let range = WrittenRange {
                before,
                since: before.map(|_| time()),
                at,
            };
            reader
                .versions()
                .written(facility, &kind, subjects, &range, 10)?;
        }
    }
    Ok(())
}

fn period() -> Period {
    Period {
        from: time(),
        until: Some(time()),
    }
}

/// The tag of a row that [`fill`] makes.
pub(crate) fn numbered(number: u32) -> Tag {
    let digits = format!("{number:016}").into_bytes();
    Tag::from_slice(&digits).expect("16 digits")
}

fn read_everything(reader: &mut Reader) -> Result<(), crate::Error> {
    let (facility, log) = (FacilityId(1), LogRowId(1));
    let (one, two) = (Tag::new([1; 16]), Tag::new([2; 16]));
    let first = VersionNumber::FIRST;
    // Not the audit record's tag: a leaf without its version would be refused.
    reader.versions().current(facility, two)?;
    reader.versions().find(facility, two, first)?;
    reader
        .versions()
        .history(facility, two, Some(first), None, 10)?;
    reader.versions().ends_of(facility, two, period())?;
    reader.leaves().find(facility, one, first)?;
    reader.leaves().of_row(facility, one, first)?;
    read_audits(reader)?;
    read_written(reader)?;
    reader.anchors().covering(log, 1)?;
    reader.anchors().newest_final(log)?;
    reader.log_pages().newest_final(log)?;
    reader.log_pages().last_entry(log, 9)?;
    reader.log_pages().first_entry(log, 9)?;
    let (after, bound) = (
        RowName::default(),
        BatchBound {
            rows: 10,
            bytes: 10,
        },
    );
    reader.sweep().versions(facility, Some(&after), bound)?;
    reader.sweep().audits(facility, Some(&after), bound)?;
    reader.sweep().statements(facility, Some(&after), bound)?;
    reader.sweep().leaves(facility, log, Some(0), 10)?;
    reader.sweep().pending(facility, Some(0), 10)?;
    reader.sweep().next_log(facility, Some(1))?;
    reader.sweep().log(facility, 1)?;
    reader.sweep().sequenced(facility)?;
    let event = EventRow {
        patient: one,
        time: time(),
        record: one,
        event: 0,
    };
    let another = EventRow { event: 1, ..event };
    let missing = reader.sweep().missing_events(facility, &[event, another])?;
    assert_eq!(missing, [another]);
    Ok(())
}

/// What the sweep begins its passes with.
fn begin_passes(reader: &mut Reader) -> Result<(), crate::Error> {
    let (facility, log) = (FacilityId(1), LogRowId(1));
    let bound = BatchBound {
        rows: 10,
        bytes: 10,
    };
    reader.sweep().versions(facility, None, bound)?;
    reader.sweep().audits(facility, None, bound)?;
    reader.sweep().statements(facility, None, bound)?;
    reader.sweep().leaves(facility, log, None, 10)?;
    reader.sweep().pending(facility, None, 10)?;
    reader.sweep().next_log(facility, None)?;
    Ok(())
}

fn time() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).expect("a time")
}

fn audit() -> NewAudit {
    let mut new = samples::audit(Tag::new([1; 16]), time(), Commitment::new([7; 32]));
    new.audit.padded_size = 512;
    new.audit.envelope = vec![5; 600];
    new.patients = vec![Tag::new([1; 16])];
    new
}

/// The statements that are run.
fn statements(
    store: &Store,
    read: fn(&mut Reader) -> Result<(), crate::Error>,
) -> BTreeSet<String> {
    let taken: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let taking = Arc::clone(&taken);
    let done = store.read_blocking("everything", move |reader| {
        reader
            .conn
            .set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    let text = query.to_string();
                    let sql = text.split(" -- binds").next().unwrap_or_default();
                    taking.lock().expect("no panic").insert(sql.to_owned());
                }
            });
        read(reader)
    });
    assert_eq!(done, Ok(()));
    let taken = taken.lock().expect("no panic");
    taken.clone()
}

/// The statements that are run on SQLite, each with the steps of its plan.
pub(crate) fn plans(read: fn(&mut Reader) -> Result<(), crate::Error>) -> Vec<(String, Vec<Step>)> {
    let test = TestDatabase::sqlite();
    let store = Store::open(&test.database).expect("a database that opens");
    store.leaf_keys().set([&[1; 32]]);
    store
        .run_tx_blocking("an audit record", &[], |tx| {
            tx.facilities()
                .insert(&"north".parse().expect("a name"), time())?;
            tx.audits().insert(FacilityId(1), &audit())
        })
        .expect("written");
    let mut conn = test.database.connect(Use::Read).expect("a connection");
    let plan = |sql: String| {
        let steps = sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut conn);
        (sql, steps.expect("a plan"))
    };
    statements(&store, read).into_iter().map(plan).collect()
}

/// Rows of one facility on PostgreSQL: so many that a walk through them would be dear.
fn fill(conn: &mut Conn) {
    let tag = |number: &str| format!("convert_to(lpad(({number})::text, 16, '0'), 'UTF8')");
    let (record, patient, key) = (tag("i * 7919 % 20011"), tag("i % 100"), tag("0"));
    let numbers = "generate_series(1, 20000) AS n (i)";
    conn.batch_execute(&format!(
        "INSERT INTO audit (facility_id, record_tag, time_ms, interaction, outcome,
                policy_number, events, padded_size, data_key_id, envelope)
             SELECT 1, {record}, 1800000000000 + i, 'read', 0, 1, 1, 512, {key}, {key}
             FROM {numbers};
         INSERT INTO audit_patient (facility_id, patient_tag, time_ms, record_tag, event)
             SELECT 1, {patient}, 1800000000000 + i, {record}, 0 FROM {numbers};
         INSERT INTO version (facility_id, resource_type, record_tag, version, interaction,
                policy_number, time_ms, subject_tag, padded_size, data_key_id, envelope)
             SELECT 1, 'Observation', {record}, 1, 'create', 1, 1800000000000 + i, {patient},
                512, {key}, {key}
             FROM {numbers};
         INSERT INTO audit_query (facility_id, record_tag, number, data_key_id, envelope)
             SELECT 1, {record}, 1, {key}, {key} FROM {numbers}"
    ))
    .expect("rows");
    // Autovacuum does so within a minute of so many rows.
    conn.batch_execute("VACUUM ANALYZE").expect("statistics");
}

/// The statements that are run on PostgreSQL with these rows, each with the lines of its plan
/// for all values.
pub(crate) fn postgres_plans(
    fill: fn(&mut Conn),
    read: fn(&mut Reader) -> Result<(), crate::Error>,
) -> Vec<(String, Vec<String>)> {
    let test = TestDatabase::postgres();
    let mut writer = test.database.connect(Use::Write).expect("a connection");
    fill(&mut writer);
    let store = Store::open(&test.database).expect("a database that opens");
    let mut conn = test.database.connect(Use::Read).expect("a connection");
    conn.batch_execute("SET plan_cache_mode = force_generic_plan")
        .expect("a setting");
    let taken = statements(&store, read).into_iter().enumerate();
    taken
        .map(|(number, statement)| {
            let lines = generic_plan(&mut conn, number, &statement);
            (statement, lines)
        })
        .collect()
}

/// The plan of a statement for whatever values it is run with.
fn generic_plan(conn: &mut Conn, number: usize, statement: &str) -> Vec<String> {
    let has = |bind: &i32| statement.contains(&format!("${bind}"));
    let values = vec!["NULL"; (1..).take_while(has).count()].join(", ");
    conn.batch_execute(&format!("PREPARE plan_{number} AS {statement}"))
        .expect("a statement");
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE plan_{number} ({values})");
    sql::<Text>(&explain).load(conn).expect("a plan")
}

/// Each table is entered by an index that narrows it to more than the facility.
fn check_postgres(statement: &str, lines: &[String]) {
    let text = lines.join("\n");
    assert!(!text.contains("Seq Scan"), "{statement}\n{text}");
    for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
        let entered = line.split_once(" using ");
        let Some((_, scan)) = entered.or_else(|| line.split_once("Bitmap Index Scan on ")) else {
            continue;
        };
        let wanted = match scan.split_whitespace().next() {
            Some("audit_time" | "version_time") => "time_ms",
            Some("version_facility_id_record_tag_version_key") => "record_tag = ",
            Some("audit_patient_pkey") => "patient_tag = ",
            Some("audit_query_pkey" | "audit_facility_id_record_tag_key") => "record_tag = ",
            other => panic!("{other:?}: {statement}\n{text}"),
        };
        assert!(
            next.contains("Index Cond") && next.contains(wanted),
            "{line}: {statement}\n{text}"
        );
    }
}

#[test]
fn searches_and_counts_of_the_audit_walk_through_no_facility_on_postgres() {
    let plans = postgres_plans(fill, read_audits);
    assert!(plans.len() >= 5, "{plans:?}");
    for (statement, lines) in plans {
        check_postgres(&statement, &lines);
    }
}

#[test]
fn versions_by_time_are_read_in_the_order_of_their_index_on_postgres() {
    let plans = postgres_plans(fill, read_written);
    assert!(plans.len() >= 8, "{plans:?}");
    for (statement, lines) in plans {
        let text = lines.join("\n");
        assert!(text.contains("using version_time"), "{statement}\n{text}");
        assert!(!text.contains("Sort"), "{statement}\n{text}");
        check_postgres(&statement, &lines);
    }
}

#[test]
fn versions_by_time_touch_no_row_on_sqlite() {
    let plans = plans(read_written);
    assert!(plans.len() >= 8, "{}", plans.len());
    for (sql, steps) in plans {
        let walk = "SEARCH v USING COVERING INDEX version_time \
                    (facility_id=? AND resource_type=? AND time_ms>?";
        let at = sql.contains("interaction");
        let walk = if at {
            walk.replace("COVERING ", "")
        } else {
            walk.to_owned()
        };
        let first = steps.first().map(|step| step.detail.as_str());
        assert!(
            first.is_some_and(|step| step.starts_with(&walk)),
            "{first:?}\n{sql}"
        );
        for Step { detail } in steps {
            assert!(!detail.contains("TEMP B-TREE"), "{detail}\n{sql}");
        }
    }
}

#[test]
fn reads_by_key_walk_through_no_facility() {
    let plans = plans(read_everything);
    assert!(plans.len() >= 10, "{}", plans.len());
    for (sql, steps) in plans {
        for Step { detail } in steps {
            let entered = LARGE.iter().any(|table| {
                detail.starts_with(&format!("SEARCH {table} "))
                    || detail.starts_with(&format!("SCAN {table}"))
                    || detail.starts_with("SEARCH l ")
                    || detail.starts_with("SEARCH o ")
                    || detail.starts_with("SEARCH r ")
                    || detail.starts_with("SEARCH p ")
            });
            let walked = detail.starts_with("SCAN")
                || detail.contains("(facility_id=?)")
                || detail.contains("(log_id=?)");
            assert!(!(entered && walked), "{detail}\n{sql}");
        }
    }
}

/// What an anchor-service asks every two seconds.
fn find_one_of_many(reader: &mut Reader) -> Result<(), crate::Error> {
    let log = Log {
        id: LogRowId(1),
        facility: FacilityId(1),
        epoch: 1,
        origin: "log.example.org/log/north".to_owned(),
        log_id: LogId::new([1; 32]),
        public_key: [1; 32],
        size: 0,
        state_mac: None,
    };
    reader.log_keys().find(&log)?;
    reader.facilities().without_log(Some(FacilityId(1)), 10)?;
    Ok(())
}

#[test]
fn one_log_and_facilities_without_one_are_found_by_index() {
    let plans = plans(find_one_of_many);
    assert!(plans.len() >= 2, "{}", plans.len());
    for (sql, steps) in plans {
        for Step { detail } in steps {
            assert!(!detail.starts_with("SCAN"), "{detail}\n{sql}");
        }
    }
}

#[test]
fn a_pass_of_the_sweep_begins_in_the_order_of_an_index() {
    let plans = plans(begin_passes);
    assert!(plans.len() >= 6, "{}", plans.len());
    for (sql, steps) in plans {
        for Step { detail } in steps {
            assert!(!detail.contains("TEMP B-TREE"), "{detail}\n{sql}");
            // The rows of a leaf, and other leaves of its name, are found by the name.
            let by_name = detail.starts_with("SEARCH o ") || detail.starts_with("SEARCH p ");
            assert!(
                !by_name || detail.contains("record_tag=?"),
                "{detail}\n{sql}"
            );
        }
    }
}
