//! The keys of logs, and who put them there.

use crate::{
    sequence::add_log,
    world::{World, add_facility, at, on_both},
};
use store::{Error, FacilityId, KeysShown, Log, Store, Taken};

on_both! {
    a_log_has_one_key_until_it_is_given_more,
    keys_that_somebody_else_wrote_are_given_to_nobody,
    a_log_that_somebody_else_wrote_has_no_keys,
    a_mac_outlives_its_leaf_key_by_another,
    rows_of_before_are_adopted_as_they_were_seen,
}

fn a_log_has_one_key_until_it_is_given_more(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north");
    let (id, first) = (log.id, log.public_key);
    let keys = || {
        let log = log.clone();
        let of = store.read_blocking("keys", move |reader| reader.log_keys().of(&log));
        let row = |key: store::StoredLogKey| (key.number, key.public_key, key.retired);
        of.expect("a read").into_iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(keys(), [(1, first, None)]);
    let insert = |number: u32, key: [u8; 32]| {
        store.run_tx_blocking("insert", &[], move |tx| {
            tx.log_keys().insert(id, number, key, at(5))
        })
    };
    let retire = |number: u32| {
        store.run_tx_blocking("retire", &[], move |tx| {
            tx.log_keys().retire(id, number, at(9))
        })
    };
    assert_eq!(insert(1, first), Ok(()));
    assert_eq!(insert(2, [7; 32]), Ok(()));
    assert_eq!(insert(2, [8; 32]), Err(Error::Taken(Taken::LogKey)));
    assert_eq!(insert(3, [7; 32]), Err(Error::Taken(Taken::LogKey)));
    assert_eq!(keys(), [(1, first, None), (2, [7; 32], None)]);
    assert_eq!(retire(1), Ok(()));
    assert_eq!(retire(1), Err(Error::Taken(Taken::LogKeyEnd)));
    assert_eq!(keys(), [(1, first, Some(at(9))), (2, [7; 32], None)]);
}

const LOG: &str = "log.example.org/log/north";

/// A log with an ended key and one that signs.
fn with_keys(world: &World) -> (Store, FacilityId, Log) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, LOG);
    let (id, first) = (log.id, log.public_key);
    store
        .run_tx_blocking("keys", &[], move |tx| {
            tx.log_keys().insert(id, 1, first, at(1))?;
            tx.log_keys().insert(id, 2, [7; 32], at(5))?;
            tx.log_keys().retire(id, 1, at(9))
        })
        .expect("two keys");
    (store, facility, log)
}

/// What shows the keys of the facility's log, and whether they are given out.
fn shown(store: &Store, facility: FacilityId) -> (KeysShown, Result<usize, Error>) {
    store
        .read_blocking("keys", move |reader| {
            let log = reader.logs().find(facility)?.expect("a log");
            let by = reader.log_keys().find(&log)?.by();
            Ok((by, reader.log_keys().of(&log).map(|keys| keys.len())))
        })
        .expect("a read")
}

fn keys_that_somebody_else_wrote_are_given_to_nobody(world: &World) {
    let (store, facility, log) = with_keys(world);
    assert_eq!(shown(&store, facility), (KeysShown::Newest, Ok(2)));
    world.sql("CREATE TABLE kept_log AS SELECT * FROM log; CREATE TABLE kept_key AS SELECT * FROM log_key");
    let key = world.bytes("09", 32);
    let insert = format!(
        "INSERT INTO log_key (log_id, number, public_key, created_ms) SELECT id, 3, {key}, 0 FROM log"
    );
    let edits = [
        insert.as_str(),
        "DELETE FROM log_key WHERE number = 1",
        "DELETE FROM log_key WHERE number = 2",
        "DELETE FROM log_key",
        "UPDATE log_key SET retired_ms = NULL",
        "UPDATE log_key SET retired_ms = 7 WHERE number = 2",
        "UPDATE log_key SET created_ms = created_ms + 1 WHERE number = 2",
        "UPDATE log_key SET number = 3 WHERE number = 2",
        &format!("UPDATE log_key SET public_key = {key} WHERE number = 2"),
        &format!("UPDATE log SET public_key = {key}"),
        &format!("UPDATE log SET log_id = {key}"),
        &format!(
            "UPDATE log_key SET public_key = {} WHERE number = 2",
            world.bytes("09", 5)
        ),
        "UPDATE log_key SET number = -2 WHERE number = 2",
        "UPDATE log SET origin = 'log.example.org/log/south'",
        "UPDATE log SET epoch = 2",
        &format!("UPDATE log SET keys_mac = {}", world.bytes("01", 16)),
        &format!("UPDATE log SET keys_mac = {}", world.bytes("01", 0)),
    ];
    for edit in edits {
        world.sql(edit);
        let (by, given) = shown(&store, facility);
        assert_eq!(by, KeysShown::Wrong, "{edit}");
        assert!(matches!(given, Err(Error::LogKeys(_))), "{edit}");
        // Nor is the next change of them a way to a mac.
        let id = log.id;
        let added = store.run_tx_blocking("add", &[], move |tx| {
            tx.log_keys().insert(id, 4, [4; 32], at(20))
        });
        assert!(matches!(added, Err(Error::LogKeys(_))), "{edit}");
        let retired =
            store.run_tx_blocking("end", &[], move |tx| tx.log_keys().retire(id, 2, at(20)));
        assert!(matches!(retired, Err(Error::LogKeys(_))), "{edit}");
        world.sql(
            "DELETE FROM log_key; INSERT INTO log_key SELECT * FROM kept_key;
             UPDATE log SET origin = k.origin, epoch = k.epoch, log_id = k.log_id,
                 public_key = k.public_key, keys_mac = k.keys_mac
             FROM kept_log k WHERE k.id = log.id",
        );
        assert_eq!(
            shown(&store, facility),
            (KeysShown::Newest, Ok(2)),
            "{edit}"
        );
    }
    world.sql("UPDATE log SET keys_mac = NULL");
    let (by, given) = shown(&store, facility);
    assert_eq!(
        (by, given),
        (KeysShown::Never, Err(Error::LogKeys(LOG.to_owned())))
    );
}

fn a_log_that_somebody_else_wrote_has_no_keys(world: &World) {
    let (store, facility, _) = with_keys(world);
    let other = add_facility(&store, "south");
    let key = world.bytes("09", 32);
    for owner in ["north", "south"] {
        world.sql(&format!(
            "INSERT INTO log (facility_id, epoch, origin, log_id, public_key, size, keys_mac)
             SELECT f.id, 2, 'log.example.org/log/{owner}/2', {key}, {key}, 0, l.keys_mac
             FROM facility f, log l WHERE f.name = '{owner}' AND l.epoch = 1"
        ));
        let facility = if owner == "north" { facility } else { other };
        assert_eq!(shown(&store, facility).0, KeysShown::Wrong);
        world.sql("DELETE FROM log WHERE epoch = 2");
    }
    // Nor has one that changes hands.
    world.sql("UPDATE log SET facility_id = (SELECT id FROM facility WHERE name = 'south')");
    assert_eq!(shown(&store, other).0, KeysShown::Wrong);
}

fn a_mac_outlives_its_leaf_key_by_another(world: &World) {
    let (store, facility, log) = with_keys(world);
    let (old, new) = ([1; 32], [2; 32]);
    store.leaf_keys().set([&new, &old]);
    assert_eq!(shown(&store, facility), (KeysShown::Older, Ok(2)));
    let id = log.id;
    store
        .run_tx_blocking("renew", &[], move |tx| {
            let log = tx.logs().get(id)?.expect("a log");
            let keys = tx.log_keys().of(&log)?;
            tx.log_keys().adopt(id, &keys)
        })
        .expect("renewed");
    store.leaf_keys().set([&new]);
    assert_eq!(shown(&store, facility), (KeysShown::Newest, Ok(2)));
    store.leaf_keys().set([&old]);
    assert_eq!(shown(&store, facility).0, KeysShown::Wrong);
    store.leaf_keys().set([]);
    assert_eq!(
        shown(&store, facility),
        (KeysShown::Unknown, Err(Error::NoLeafKey))
    );
}

fn rows_of_before_are_adopted_as_they_were_seen(world: &World) {
    let (store, facility, log) = with_keys(world);
    world.sql("UPDATE log SET keys_mac = NULL");
    let seen = store
        .read_blocking("seen", |reader| {
            let log = reader.logs().find(facility)?.expect("a log");
            Ok(reader.log_keys().find(&log)?.as_they_stand().to_vec())
        })
        .expect("a read");
    let adopt = |keys: Vec<store::StoredLogKey>| {
        let id = log.id;
        store.run_tx_blocking("adopt", &[], move |tx| tx.log_keys().adopt(id, &keys))
    };
    let mut other = seen.clone();
    other[1].public_key = [8; 32];
    assert_eq!(adopt(other), Err(Error::Taken(Taken::LogKey)));
    assert_eq!(adopt(seen), Ok(()));
    assert_eq!(shown(&store, facility), (KeysShown::Newest, Ok(2)));
}
