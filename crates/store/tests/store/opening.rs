//! Opening: what is refused, and that it is told why without telling secrets.

use crate::world::{World, add_facility, maintenance_url, on_both};
use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use std::{fs, path::PathBuf, thread};
use store::{Database, Error, OpenError, Options, Store};

on_both! {
    a_foreign_database_is_refused_and_left_alone,
    a_newer_format_is_refused,
    a_database_of_format_1_is_brought_to_format_2,
    a_format_that_was_written_back_is_refused,
    a_database_without_a_format_is_refused,
    a_table_named_meta_does_not_make_it_ours,
    a_first_start_that_was_cut_off_is_taken_up,
    a_table_with_an_earlier_number_is_made_later,
    what_is_not_there_is_made_only_by_whom_it_is_asked_of,
}

fn refusal(world: &World) -> OpenError {
    Store::open(&world.database).expect_err("a refusal")
}

fn a_foreign_database_is_refused_and_left_alone(world: &World) {
    world.sql("CREATE TABLE customer (id INTEGER)");
    assert!(matches!(refusal(world), OpenError::Foreign));
    world.sql("DROP TABLE customer");
    // Nothing of ours was made beside it, so now it is empty.
    drop(world.open());
}

/// A text that came to such a database later would be refused then.
#[test]
fn a_postgres_that_cannot_hold_every_text_is_refused() {
    let made_as = |encoding: &str| {
        World::postgres_as(&format!(
            "ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        ))
    };
    let refusal = refusal(&made_as("LATIN1"));
    assert!(
        matches!(&refusal, OpenError::Encoding(name) if name == "LATIN1"),
        "{refusal}"
    );
    // That one takes bytes as they are.
    drop(made_as("SQL_ASCII").open());
}

fn a_newer_format_is_refused(world: &World) {
    drop(world.open());
    world.sql("UPDATE meta SET value = '3' WHERE name = 'format'");
    let refusal = refusal(world);
    assert!(
        matches!(&refusal, OpenError::Newer(format) if format == "3"),
        "{refusal}"
    );
}

/// Release 0.1.0 takes format 1 alone, so it refuses the database from then on.
fn a_database_of_format_1_is_brought_to_format_2(world: &World) {
    add_facility(&world.open(), "north");
    world.sql(
        "DELETE FROM __diesel_schema_migrations WHERE version = '0011';
         DROP INDEX pending_leaf_record;
         UPDATE meta SET value = '1' WHERE name = 'format'",
    );
    // That table came later too.
    world.sql("ALTER TABLE policy_set_in_clear RENAME TO of_later");
    for _ in 0..2 {
        assert!(matches!(refusal(world), OpenError::OfVersion01));
    }
    world.sql("ALTER TABLE of_later RENAME TO policy_set_in_clear");
    let options = Options {
        from_0_1: true,
        ..Options::default()
    };
    let store = Store::open_with(&world.database, options).expect("brought up to date");
    let format = store.read_blocking("format", |reader| reader.meta().find("format"));
    assert_eq!(format, Ok(Some("2".to_owned())));
}

fn a_format_that_was_written_back_is_refused(world: &World) {
    drop(world.open());
    world.sql("UPDATE meta SET value = '1' WHERE name = 'format'");
    assert!(matches!(refusal(world), OpenError::Unmarked));
}

fn a_database_without_a_format_is_refused(world: &World) {
    drop(world.open());
    world.sql("DELETE FROM meta WHERE name = 'format'");
    assert!(matches!(refusal(world), OpenError::Unmarked));
}

fn a_table_named_meta_does_not_make_it_ours(world: &World) {
    world.sql("CREATE TABLE meta (other INTEGER)");
    assert!(matches!(refusal(world), OpenError::Foreign));
    world.sql("DROP TABLE meta; CREATE TABLE meta (name TEXT, value TEXT)");
    world.sql("INSERT INTO meta VALUES ('product', 'another')");
    assert!(matches!(refusal(world), OpenError::Foreign));
}

/// The table of migrations is made before the first of them.
fn a_first_start_that_was_cut_off_is_taken_up(world: &World) {
    world.sql(
        "CREATE TABLE __diesel_schema_migrations (
            version VARCHAR(50) PRIMARY KEY NOT NULL,
            run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    );
    add_facility(&world.open(), "north");
}

/// Kills, full disks and lost servers come between any two migrations.
#[test]
fn a_first_start_that_was_cut_off_after_any_migration_is_taken_up() {
    for (make, tree) in [
        (World::sqlite as fn() -> World, "sqlite"),
        (World::postgres, "postgres"),
    ] {
        let migrations = migrations(tree);
        for count in 1..=migrations.len() {
            let world = make();
            world.sql(
                "CREATE TABLE __diesel_schema_migrations (
                    version VARCHAR(50) PRIMARY KEY NOT NULL,
                    run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
            );
            for (version, sql) in &migrations[..count] {
                world.sql(sql);
                world.sql(&format!(
                    "INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"
                ));
            }
            // As an upgrade from 0.1 does: there is nothing to take over.
            let asked = Options {
                may_make: false,
                from_0_1: true,
                ..Options::default()
            };
            match Store::open_with(&world.database, asked) {
                Ok(_) => assert!(count > OF_FORMAT_1, "{tree} after {count}"),
                Err(OpenError::Absent(_)) => assert!(count <= OF_FORMAT_1, "{tree} after {count}"),
                Err(other) => panic!("{tree} after {count}: {other}"),
            }
            add_facility(&world.open(), "north");
        }
    }
}

/// The number of migrations before the one to format 2.
const OF_FORMAT_1: usize = 10;

/// Version and text of each, in order.
fn migrations(tree: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let entries = fs::read_dir(folder.join(tree)).expect("the migrations");
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| {
            let name = entry.file_name().into_string().expect("a name");
            let (version, _) = name.split_once('_').expect("a version");
            let sql = fs::read_to_string(entry.path().join("up.sql")).expect("its text");
            (version.to_owned(), sql)
        })
        .collect();
    found.sort();
    found
}

/// Databases had the migration of number 17 before there was one of number 16.
fn a_table_with_an_earlier_number_is_made_later(world: &World) {
    let facility = add_facility(&world.open(), "north");
    world.sql(
        "DELETE FROM __diesel_schema_migrations WHERE version = '0016';
         DROP TABLE job",
    );
    let find = move |reader: &mut store::Reader| reader.jobs().find(facility, "sweep");
    assert_eq!(world.open().read_blocking("job", find), Ok(None));
}

fn what_is_not_there_is_made_only_by_whom_it_is_asked_of(world: &World) {
    let options = Options {
        may_make: false,
        ..Options::default()
    };
    let absent = || Store::open_with(&world.database, options).expect_err("a refusal");
    assert!(matches!(absent(), OpenError::Absent(_)));
    let files = fs::read_dir(world.dir.path()).expect("the directory");
    assert_eq!(files.count(), 0, "nothing was made");
    if !world.is_postgres() {
        fs::write(file(world), "").expect("an empty file");
        assert!(matches!(absent(), OpenError::Absent(_)));
    }
    drop(world.open());
    drop(Store::open_with(&world.database, options).expect("it is there now"));
}

#[test]
fn a_second_opening_of_a_file_is_told_to_use_postgresql() {
    let world = World::sqlite();
    let store = world.open();
    let refusal = refusal(&world);
    assert!(matches!(refusal, OpenError::InUse(_)));
    assert!(
        refusal.to_string().contains("in use by another process"),
        "{refusal}"
    );
    assert!(refusal.to_string().contains("PostgreSQL"), "{refusal}");
    let clone = store.clone();
    drop(store);
    assert!(
        Store::open(&world.database).is_err(),
        "a clone holds it still"
    );
    drop(clone);
    drop(world.open());
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let world = World::sqlite();
    let path = world.dir.path().join("chartseal.db");
    let text = "these are notes, not a database\n".repeat(300);
    fs::write(&path, &text).expect("a file");
    assert!(matches!(refusal(&world), OpenError::NotADatabase(_)));
    assert_eq!(fs::read_to_string(&path).expect("the file"), text);
}

/// Without the writer's log beside it, which could mend it.
fn at_rest(world: &World) -> Vec<u8> {
    let store = world.open();
    for number in 0..40 {
        add_facility(&store, &format!("facility-{number}"));
    }
    drop(store);
    world.sql("PRAGMA journal_mode = DELETE");
    fs::read(file(world)).expect("the file")
}

fn file(world: &World) -> PathBuf {
    world.dir.path().join("chartseal.db")
}

#[test]
fn a_damaged_file_is_told_from_another_programs() {
    let world = World::sqlite();
    let whole = at_rest(&world);
    let cut = &whole[..100_000];
    let mut zeroed = whole.clone();
    zeroed[4_096..whole.len() / 2].fill(0);
    // The tables that a start looks at are whole, the list of them is not.
    let mut listed = whole.clone();
    listed[100..4_096].fill(0xff);
    for bytes in [cut, &zeroed, &listed] {
        fs::write(file(&world), bytes).expect("written");
        let refusal = refusal(&world);
        assert!(matches!(refusal, OpenError::Damaged(_)), "{refusal}");
    }
    fs::write(file(&world), &whole).expect("written");
    drop(world.open());
}

#[test]
fn a_page_that_is_damaged_is_told_when_it_is_met() {
    let world = World::sqlite();
    let mut bytes = at_rest(&world);
    let name = b"facility-39";
    for page in bytes.chunks_mut(4_096) {
        if page.windows(name.len()).any(|window| window == name) {
            page.fill(0);
        }
    }
    fs::write(file(&world), bytes).expect("written");
    let store = world.open();
    let listed = store.read_blocking("facilities", |reader| reader.facilities().list());
    assert_eq!(listed, Err(Error::Damaged));
    let added = store.run_tx_blocking("facility", &[], |tx| {
        tx.facilities()
            .insert(&"new".parse().expect("a name"), crate::world::at(0))
    });
    assert_eq!(added, Err(Error::Damaged));
}

#[test]
fn a_file_that_another_program_holds_is_not_another_programs() {
    let world = World::sqlite();
    drop(world.open());
    let path = file(&world);
    let mut holder = SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("opened");
    holder
        .batch_execute("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .expect("held");
    let refusal = refusal(&world);
    assert!(matches!(refusal, OpenError::Locked(_)), "{refusal}");
    drop(holder);
    drop(world.open());
}

#[test]
fn a_missing_directory_is_named() {
    let world = World::sqlite();
    let path = world.dir.path().join("absent").join("chartseal.db");
    let refusal = Store::open(&Database::Sqlite { path }).expect_err("a refusal");
    assert!(matches!(refusal, OpenError::File { .. }), "{refusal}");
    assert!(refusal.to_string().contains("absent"), "{refusal}");
}

#[cfg(unix)]
#[test]
fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::sqlite();
    let store = world.open();
    add_facility(&store, "north");
    let mut count = 0;
    for entry in fs::read_dir(world.dir.path()).expect("the directory") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its mode").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        count += 1;
    }
    assert!(count >= 3, "database, lock and write-ahead log");
}

#[test]
fn an_unreachable_server_is_told_without_the_password() {
    for (url, unreachable) in [
        ("postgres://nurse:hunter2@127.0.0.1:1/chartseal", true),
        ("mysql://nurse:hunter2@127.0.0.1/chartseal", false),
    ] {
        let database = Database::Postgres {
            url: url.to_owned().into(),
        };
        let refusal = Store::open(&database).expect_err("a refusal");
        match refusal {
            OpenError::Unreachable => assert!(unreachable),
            OpenError::Url => assert!(!unreachable),
            other => panic!("{other}"),
        }
        let texts = format!("{refusal} {refusal:?} {database:?}");
        assert!(!texts.contains("hunter2"), "{texts}");
    }
}

#[test]
fn processes_that_start_together_make_the_tables_once() {
    let world = World::postgres();
    assert!(maintenance_url().starts_with("postgres"));
    thread::scope(|threads| {
        let opened: Vec<_> = (0..4)
            .map(|_| threads.spawn(|| Store::open(&world.database).is_ok()))
            .collect();
        for opened in opened {
            assert!(opened.join().expect("no panic"));
        }
    });
    add_facility(&world.open(), "north");
}
