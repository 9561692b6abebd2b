//! Facilities, policy sets, keys: rows that are inserted once.

use crate::{
    sequence::add_log,
    world::{World, add_facility, at, on_both},
};
use model::{DataKeyId, Scope, Tag};
use store::{Error, PolicySet, Store, StoredKek, StoredKey, Taken};

on_both! {
    what_was_answered_is_there_after_reopening,
    a_facility_name_is_taken_once,
    facilities_without_a_log_are_found_in_turn,
    a_meta_value_is_set_once,
    the_newest_policy_set_is_in_force,
    a_scope_has_one_key,
    keys_are_found_by_scope_and_by_id,
}

fn what_was_answered_is_there_after_reopening(world: &World) {
    let id = add_facility(&world.open(), "north");
    let store = world.open();
    let found = store
        .read_blocking("find", |reader| reader.facilities().list())
        .expect("facilities");
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].id, found[0].name.as_str(), found[0].created),
        (id, "north", at(0))
    );
}

fn facilities_without_a_log_are_found_in_turn(world: &World) {
    let store = world.open();
    let names = ["a", "b", "c", "d"];
    let ids = names.map(|name| add_facility(&store, name));
    drop(add_log(&store, ids[1], "log.example.org/log/b"));
    world.sql("UPDATE facility SET name = 'No Name' WHERE name = 'c'");
    let page = |after, limit| {
        let found = store.read_blocking("without", move |reader| {
            reader.facilities().without_log(after, limit)
        });
        let found = found.expect("a read");
        let readable = found.iter().filter(|(_, row)| row.is_ok()).count();
        let ids: Vec<_> = found.into_iter().map(|(id, _)| id).collect();
        (ids, readable)
    };
    assert_eq!(page(None, 9), (vec![ids[0], ids[2], ids[3]], 2));
    assert_eq!(page(None, 1), (vec![ids[0]], 1));
    assert_eq!(page(Some(ids[0]), 1), (vec![ids[2]], 0));
    assert_eq!(page(Some(ids[2]), 2), (vec![ids[3]], 1));
    for (limit, count) in [(9, 3), (2, 2)] {
        let counted = store.read_blocking("count", move |reader| {
            reader.facilities().count_without_log(limit)
        });
        assert_eq!(counted, Ok(count));
    }
}

fn a_facility_name_is_taken_once(world: &World) {
    let (store, id) = world.with_facility();
    let again = store.run_tx_blocking("again", &[], |tx| {
        tx.facilities()
            .insert(&"north".parse().expect("a name"), at(9))
    });
    assert_eq!(again, Err(Error::Taken(Taken::FacilityName)));
    let name = "north".parse().expect("a name");
    let found = store.read_blocking("find", |reader| reader.facilities().find(&name));
    assert_eq!(found.expect("a read").expect("the first").id, id);
    let other = "south".parse().expect("a name");
    let none = store.read_blocking("find", |reader| reader.facilities().find(&other));
    assert_eq!(none, Ok(None));
}

fn a_meta_value_is_set_once(world: &World) {
    let store = world.open();
    let set = |value: &'static str| {
        store.run_tx_blocking("set", &[], move |tx| tx.meta().insert("log_host", value))
    };
    assert_eq!(set("log.example.org"), Ok(()));
    assert_eq!(
        set("other.example.org"),
        Err(Error::Taken(Taken::MetaValue))
    );
    let found = store.read_blocking("find", |reader| reader.meta().find("log_host"));
    assert_eq!(found, Ok(Some("log.example.org".to_owned())));
}

fn policy_set(number: u32) -> PolicySet {
    PolicySet {
        number,
        data_key: DataKeyId::new([4; 16]),
        envelope: vec![u8::try_from(number).expect("small"); 400],
        created: at(i64::from(number)),
    }
}

fn the_newest_policy_set_is_in_force(world: &World) {
    let (store, facility) = world.with_facility();
    let newest = || store.read_blocking("newest", |reader| reader.policies().newest(facility));
    assert_eq!(newest(), Ok(None));
    for number in [1, 2, 3] {
        let insert = store.run_tx_blocking("set", &[], move |tx| {
            tx.policies().insert(facility, &policy_set(number))
        });
        assert_eq!(insert, Ok(()));
        assert_eq!(newest(), Ok(Some(Ok(policy_set(number)))));
    }
    let taken = store.run_tx_blocking("set", &[], move |tx| {
        tx.policies().insert(facility, &policy_set(2))
    });
    assert_eq!(taken, Err(Error::Taken(Taken::PolicySet)));
    let second = store.read_blocking("find", |reader| reader.policies().find(facility, 2));
    assert_eq!(second, Ok(Some(policy_set(2))));
}

fn key(id: u8, scope: Scope) -> StoredKey {
    StoredKey {
        id: DataKeyId::new([id; 16]),
        scope,
        generation: 1,
        wrapped: vec![id; 60],
        created: at(0),
    }
}

fn a_scope_has_one_key(world: &World) {
    let (store, facility) = world.with_facility();
    let scope = Scope::Patient(Tag::new([4; 16]));
    let first = store.run_tx_blocking("key", &[], move |tx| {
        tx.keys().insert(facility, &key(1, scope))
    });
    assert_eq!(first, Ok(()));
    let second = store.run_tx_blocking("key", &[], move |tx| {
        tx.keys().insert(facility, &key(2, scope))
    });
    assert_eq!(second, Err(Error::KeyTaken));
    // Who meets a taken key goes on with it, in the same transaction.
    let third = store.run_tx_blocking("key", &[], move |tx| {
        match tx.keys().insert(facility, &key(3, scope)) {
            Err(Error::KeyTaken) => {}
            other => return Err(other.err().unwrap_or(Error::Corrupt("test"))),
        }
        tx.keys().insert(facility, &key(4, Scope::Facility))?;
        tx.keys().find(facility, scope)
    });
    assert_eq!(third, Ok(Some(key(1, scope))));
    assert_eq!(
        find(&store, facility, Scope::Facility),
        Some(key(4, Scope::Facility))
    );
}

fn find(store: &Store, facility: store::FacilityId, scope: Scope) -> Option<StoredKey> {
    store
        .read_blocking("find", |reader| reader.keys().find(facility, scope))
        .expect("a read")
}

fn keys_are_found_by_scope_and_by_id(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    let scopes = [
        Scope::Facility,
        Scope::Audit,
        Scope::IndexRoot(2),
        Scope::QueryText {
            year: 2027,
            month: 3,
        },
    ];
    let kek = StoredKek {
        generation: 1,
        wrapped: vec![1; 61],
        created: at(1),
    };
    let stored = kek.clone();
    store
        .run_tx_blocking("keys", &[], move |tx| {
            tx.keys().insert_kek(facility, &stored)?;
            for (id, scope) in (10..).zip(scopes) {
                tx.keys().insert(facility, &key(id, scope))?;
            }
            Ok(())
        })
        .expect("new keys");
    for (id, scope) in (10..).zip(scopes) {
        assert_eq!(find(&store, facility, scope), Some(key(id, scope)));
        assert_eq!(find(&store, other, scope), None);
    }
    let id = |id: u8| DataKeyId::new([id; 16]);
    let (keks, many, one, none) = store
        .read_blocking("find", |reader| {
            let mut keys = reader.keys();
            Ok((
                keys.list_keks(facility)?,
                keys.find_many(facility, &[id(10), id(99), id(12)])?,
                keys.find_by_id(facility, id(11))?,
                keys.find_by_id(other, id(11))?,
            ))
        })
        .expect("a read");
    assert_eq!(keks, [kek]);
    assert_eq!(many.len(), 2);
    assert_eq!(one, Some(key(11, Scope::Audit)));
    assert_eq!(none, None);
    // One that somebody made unreadable takes no other along.
    world.sql("UPDATE data_key SET scope_kind = 9 WHERE scope_kind = 3");
    let left = store.read_blocking("find", |reader| {
        reader.keys().find_many(facility, &[id(10), id(11)])
    });
    assert_eq!(left, Ok(vec![key(10, Scope::Facility)]));
}
