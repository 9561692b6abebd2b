//! The rows of `meta` that decide something, and who put them there.

use crate::{
    sequence::add_log,
    world::{World, on_both},
};
use store::{
    Error, FormerRegistry, KeysShown, LogRowId, Noted, Registry, RegistrySet, Store, Taken,
};

on_both! {
    registries_that_somebody_else_wrote_are_given_to_nobody,
    a_registry_that_was_put_there_or_taken_away_is_known,
    rows_of_before_a_move_are_known_by_their_own_mac_alone,
    a_registry_outlives_its_leaf_key_by_another,
    registries_of_before_the_macs_are_adopted_as_they_were_seen,
    a_host_that_somebody_else_wrote_is_known,
}

const fn registry(byte: u8) -> Registry {
    Registry {
        chain_id: 20_261,
        address: [byte; 20],
    }
}

/// Two logs that moved from one registry to another, which only the first was anchored at.
fn moved(world: &World) -> (Store, LogRowId) {
    let (store, facility) = world.with_facility();
    let first = add_log(&store, facility, "log.example.org/log/north").id;
    store
        .run_tx_blocking("note", &[], |tx| tx.registries().insert(registry(5)))
        .expect("the first");
    store
        .run_tx_blocking("move", &[], move |tx| {
            tx.registries()
                .replace(registry(5), registry(6), &[(first, 9)])
        })
        .expect("the second");
    (store, first)
}

fn find(store: &Store) -> RegistrySet {
    let found = store.read_blocking("registries", |reader| reader.registries().find());
    found.expect("a read")
}

fn keep(world: &World) {
    world.sql(
        "CREATE TABLE kept_meta AS SELECT * FROM meta;
         CREATE TABLE kept_former AS SELECT * FROM former_registry",
    );
}

fn put_back(world: &World) {
    world.sql(
        "DELETE FROM meta; INSERT INTO meta SELECT * FROM kept_meta;
         DELETE FROM former_registry; INSERT INTO former_registry SELECT * FROM kept_former",
    );
}

fn registries_that_somebody_else_wrote_are_given_to_nobody(world: &World) {
    let (store, log) = moved(world);
    let found = find(&store).shown().expect("ours");
    assert_eq!(found.now, Some(registry(6)));
    let former = FormerRegistry {
        last_seq: 9,
        registry: registry(5),
    };
    assert_eq!(found.former, [(log, former)]);
    assert_eq!(found.last_seq(log), 9);
    keep(world);
    let address = world.bytes("09", 20);
    let edits = [
        "UPDATE meta SET value = '20261:0x0909090909090909090909090909090909090909'
             WHERE name = 'registry'",
        "UPDATE meta SET value = '1:0x0606060606060606060606060606060606060606'
             WHERE name = 'registry'",
        "UPDATE meta SET value = 'nothing' WHERE name = 'registry'",
        &format!("UPDATE meta SET mac = {}", world.bytes("01", 16)),
        &format!("UPDATE meta SET mac = {}", world.bytes("01", 0)),
        "DELETE FROM meta WHERE name = 'registry'",
        "DELETE FROM former_registry",
        "UPDATE former_registry SET last_seq = 8",
        "UPDATE former_registry SET last_seq = -8",
        "UPDATE former_registry SET chain_id = 1",
        &format!("UPDATE former_registry SET address = {address}"),
        &format!(
            "UPDATE former_registry SET address = {}",
            world.bytes("05", 5)
        ),
        &format!(
            "INSERT INTO former_registry SELECT log_id, 7, chain_id, {address} FROM former_registry"
        ),
    ];
    for edit in edits {
        world.sql(edit);
        let found = find(&store);
        assert_eq!(found.by(), KeysShown::Wrong, "{edit}");
        assert_eq!(found.shown(), Err(Error::Registry), "{edit}");
        // Nor is the next change of them a way to a mac.
        let noted = store.run_tx_blocking("note", &[], |tx| tx.registries().insert(registry(9)));
        assert_eq!(noted, Err(Error::Registry), "{edit}");
        let moved = store.run_tx_blocking("move", &[], |tx| {
            tx.registries().replace(registry(6), registry(9), &[])
        });
        assert_eq!(moved, Err(Error::Registry), "{edit}");
        put_back(world);
        assert_eq!(find(&store).by(), KeysShown::Newest, "{edit}");
    }
    world.sql("UPDATE meta SET mac = NULL");
    assert_eq!(find(&store).by(), KeysShown::Never);
    assert_eq!(find(&store).shown(), Err(Error::Registry));
}

fn a_registry_that_was_put_there_or_taken_away_is_known(world: &World) {
    let (store, _) = world.with_facility();
    let none = find(&store).shown().expect("none yet");
    assert_eq!((none.now, none.former), (None, Vec::new()));
    world.sql(
        "INSERT INTO meta (name, value)
         VALUES ('registry', '20261:0x0909090909090909090909090909090909090909')",
    );
    assert_eq!(find(&store).by(), KeysShown::Never);
    // Nor with the mac of another row.
    store
        .run_tx_blocking("host", &[], |tx| tx.meta().note("log_host", "gw.example"))
        .expect("a host");
    world.sql(
        "UPDATE meta SET mac = (SELECT mac FROM meta WHERE name = 'log_host')
         WHERE name = 'registry'",
    );
    assert_eq!(find(&store).by(), KeysShown::Wrong);
    world.sql("DELETE FROM meta WHERE name = 'registry'");
    let twice = [5, 6].map(|byte| {
        store.run_tx_blocking("note", &[], move |tx| {
            tx.registries().insert(registry(byte))
        })
    });
    assert_eq!(twice, [Ok(()), Err(Error::Taken(Taken::MetaValue))]);
    assert_eq!(find(&store).now, Some(registry(5)));
}

/// A mac cannot tell rows from their own copy of before.
fn rows_of_before_a_move_are_known_by_their_own_mac_alone(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north").id;
    store
        .run_tx_blocking("note", &[], |tx| tx.registries().insert(registry(5)))
        .expect("the first");
    keep(world);
    store
        .run_tx_blocking("move", &[], move |tx| {
            let from = registry(7);
            assert_eq!(
                tx.registries().replace(from, registry(6), &[]),
                Err(Error::Taken(Taken::Registry))
            );
            tx.registries()
                .replace(registry(5), registry(6), &[(log, 9)])
        })
        .expect("the second");
    world.sql("UPDATE meta SET value = (SELECT value FROM kept_meta WHERE name = 'registry') WHERE name = 'registry'");
    assert_eq!(find(&store).by(), KeysShown::Wrong, "the value alone");
    world.sql("UPDATE meta SET mac = (SELECT mac FROM kept_meta WHERE name = 'registry') WHERE name = 'registry'");
    assert_eq!(find(&store).by(), KeysShown::Wrong, "the row alone");
    put_back(world);
    assert_eq!(find(&store).by(), KeysShown::Newest, "all of it");
}

fn a_registry_outlives_its_leaf_key_by_another(world: &World) {
    let (store, _) = moved(world);
    let (old, new) = ([1; 32], [2; 32]);
    store.leaf_keys().set([&new, &old]);
    let seen = find(&store);
    assert_eq!(seen.by(), KeysShown::Older);
    store
        .run_tx_blocking("renew", &[], move |tx| tx.registries().adopt(&seen))
        .expect("renewed");
    store.leaf_keys().set([&new]);
    assert_eq!(find(&store).by(), KeysShown::Newest);
    store.leaf_keys().set([&old]);
    assert_eq!(find(&store).by(), KeysShown::Wrong);
    store.leaf_keys().set([]);
    assert_eq!(find(&store).shown(), Err(Error::NoLeafKey));
}

fn registries_of_before_the_macs_are_adopted_as_they_were_seen(world: &World) {
    let (store, log) = moved(world);
    world.sql("UPDATE meta SET mac = NULL");
    let seen = find(&store);
    let adopt = |seen: RegistrySet| {
        store.run_tx_blocking("adopt", &[], move |tx| tx.registries().adopt(&seen))
    };
    let (mut other, mut without) = (seen.clone(), seen.clone());
    other.now = Some(registry(9));
    without.former.clear();
    for changed in [other, without] {
        assert_eq!(adopt(changed), Err(Error::Taken(Taken::Registry)));
    }
    assert_eq!(adopt(seen), Ok(()));
    let found = find(&store).shown().expect("ours");
    assert_eq!((found.now, found.last_seq(log)), (Some(registry(6)), 9));
}

fn a_host_that_somebody_else_wrote_is_known(world: &World) {
    let (store, _) = world.with_facility();
    let noted = || {
        let noted = store.read_blocking("host", |reader| reader.meta().noted("log_host"));
        noted.expect("a read")
    };
    let note = |host: &'static str| {
        let note = store.run_tx_blocking("note", &[], move |tx| tx.meta().note("log_host", host));
        note.expect("a host");
    };
    let of = |value: &str, by| {
        Some(Noted {
            value: value.to_owned(),
            by,
        })
    };
    assert_eq!(noted(), None);
    world.sql("INSERT INTO meta (name, value) VALUES ('log_host', 'other.example')");
    assert_eq!(noted(), of("other.example", KeysShown::Never));
    note("gw.example");
    assert_eq!(noted(), of("gw.example", KeysShown::Newest));
    keep(world);
    for (edit, value) in [
        (
            "UPDATE meta SET value = 'other.example' WHERE name = 'log_host'",
            "other.example",
        ),
        ("UPDATE meta SET value = '' WHERE name = 'log_host'", ""),
        (
            "UPDATE meta SET name = 'kept' WHERE name = 'log_host';
             INSERT INTO meta SELECT 'log_host', 'kept', mac FROM meta WHERE name = 'kept'",
            "kept",
        ),
    ] {
        world.sql(edit);
        assert_eq!(noted(), of(value, KeysShown::Wrong), "{edit}");
        put_back(world);
    }
    // One of before is known by its own mac: the host is fixed for good, so there is none.
    assert_eq!(noted(), of("gw.example", KeysShown::Newest));
    store.leaf_keys().set([]);
    assert_eq!(noted(), of("gw.example", KeysShown::Unknown));
    let refused = store.run_tx_blocking("note", &[], move |tx| {
        tx.meta().note("log_host", "gw.example")
    });
    assert_eq!(refused, Err(Error::NoLeafKey));
}
