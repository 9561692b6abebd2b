//! Registrations: the newest number of a tag counts; changes are decided once.

use crate::{
    rows::tag,
    world::{World, add_facility, at, on_both},
};
use model::DataKeyId;
use store::{
    Change, ChangeDecision, Decided, Error, FacilityId, Registration, RegistrationKind, Store,
    Taken,
};

on_both! {
    the_newest_of_each_tag_counts,
    a_number_is_taken_once,
    a_change_is_decided_once,
    the_newest_changes_come_first,
    what_was_proposed_since_is_counted,
}

fn registration(kind: RegistrationKind, of: u32, number: u32, active: bool) -> Registration {
    Registration {
        kind,
        tag: tag(of),
        number,
        active,
        data_key: DataKeyId::new([4; 16]),
        envelope: vec![u8::try_from(number).expect("small"); 400],
        created: at(i64::from(number)),
    }
}

fn insert(store: &Store, facility: FacilityId, new: Registration) -> Result<(), Error> {
    store.run_tx_blocking("registration", &[], move |tx| {
        tx.registrations().insert(facility, &new)
    })
}

fn newest(store: &Store, facility: FacilityId) -> Vec<Registration> {
    store
        .read_blocking("registrations", |reader| {
            reader.registrations().newest(facility)
        })
        .expect("a read")
        .into_iter()
        .map(|row| row.expect("a row that can be read"))
        .collect()
}

fn the_newest_of_each_tag_counts(world: &World) {
    use RegistrationKind::{Administrator, Client};
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    for (kind, of, number, active) in [
        (Client, 1, 1, true),
        (Client, 1, 2, false),
        (Client, 1, 3, true),
        (Client, 2, 1, true),
        (Client, 2, 2, false),
        // The same tag as a client's, of another kind.
        (Administrator, 1, 1, true),
    ] {
        insert(&store, facility, registration(kind, of, number, active)).expect("a free number");
    }
    insert(&store, other, registration(Client, 1, 1, true)).expect("a number of its own");
    let mut found = newest(&store, facility);
    found.sort_by_key(|registration| (registration.kind, registration.tag));
    let mut expected = vec![
        registration(Client, 1, 3, true),
        registration(Client, 2, 2, false),
        registration(Administrator, 1, 1, true),
    ];
    expected.sort_by_key(|registration| (registration.kind, registration.tag));
    assert_eq!(found, expected);
    assert_eq!(newest(&store, other), [registration(Client, 1, 1, true)]);
}

fn a_number_is_taken_once(world: &World) {
    let (store, facility) = world.with_facility();
    let first = registration(RegistrationKind::Client, 1, 1, true);
    insert(&store, facility, first.clone()).expect("a free number");
    let again = registration(RegistrationKind::Client, 1, 1, false);
    assert_eq!(
        insert(&store, facility, again),
        Err(Error::Taken(Taken::Registration))
    );
    assert_eq!(newest(&store, facility), [first]);
}

fn change(id: u32, millis: i64) -> Change {
    Change {
        id: tag(id),
        name: "client-register".to_owned(),
        proposer: tag(100),
        created: at(millis),
        data_key: DataKeyId::new([4; 16]),
        envelope: vec![7; 400],
    }
}

fn propose(store: &Store, facility: FacilityId, new: Change) -> Result<(), Error> {
    store.run_tx_blocking("change", &[], move |tx| tx.changes().insert(facility, &new))
}

fn decide(store: &Store, facility: FacilityId, change: u32, decided: Decided) -> Result<(), Error> {
    let decision = ChangeDecision {
        change: tag(change),
        decided,
        decider: tag(101),
        created: at(9),
        sealed: None,
    };
    store.run_tx_blocking("decision", &[], move |tx| {
        tx.changes().decide(facility, &decision)
    })
}

fn a_change_is_decided_once(world: &World) {
    let (store, facility) = world.with_facility();
    propose(&store, facility, change(1, 1)).expect("a free id");
    assert_eq!(
        propose(&store, facility, change(1, 2)),
        Err(Error::Taken(Taken::Change))
    );
    let find = || {
        store
            .read_blocking("change", |reader| reader.changes().find(facility, tag(1)))
            .expect("a read")
    };
    assert_eq!(find(), Some((change(1, 1), None)));
    for round in 2..12 {
        propose(&store, facility, change(round, 1)).expect("a free id");
        let outcomes: Vec<Result<(), Error>> = std::thread::scope(|scope| {
            let deciders = [Decided::Approved, Decided::Rejected].map(|decided| {
                let store = &store;
                scope.spawn(move || decide(store, facility, round, decided))
            });
            deciders
                .map(|decider| decider.join().expect("no panic"))
                .into()
        });
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "{outcomes:?}");
        assert!(outcomes.contains(&Err(Error::Taken(Taken::Decision))));
    }
    decide(&store, facility, 1, Decided::Withdrawn).expect("not decided yet");
    let (_, decision) = find().expect("it is there");
    assert_eq!(
        decision.map(|decision| decision.decided),
        Some(Decided::Withdrawn)
    );
}

fn the_newest_changes_come_first(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    for id in 1..=4 {
        propose(&store, facility, change(id, i64::from(id))).expect("a free id");
    }
    propose(&store, other, change(9, 9)).expect("a free id");
    decide(&store, facility, 3, Decided::Approved).expect("not decided yet");
    // Two of one moment follow each other by id.
    propose(&store, facility, change(5, 2)).expect("a free id");
    let seen = |before, limit| -> Vec<_> {
        let read = |reader: &mut store::Reader| reader.changes().newest(facility, before, limit);
        let found = store.read_blocking("changes", read).expect("a read");
        let seen = |(change, decision): (Change, Option<ChangeDecision>)| {
            ((change.created, change.id), decision.is_some())
        };
        found.into_iter().map(seen).collect()
    };
    let place = |id, millis| (at(millis), tag(id));
    let all = [
        (place(4, 4), false),
        (place(3, 3), true),
        (place(5, 2), false),
        (place(2, 2), false),
        (place(1, 1), false),
    ];
    assert_eq!(seen(None, 9), all);
    assert_eq!(seen(None, 3), all[..3]);
    assert_eq!(seen(Some(place(3, 3)), 9), all[2..]);
    assert_eq!(seen(Some(place(5, 2)), 9), all[3..]);
    assert_eq!(seen(Some(place(1, 1)), 9), []);
}

fn what_was_proposed_since_is_counted(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    let by = |id, millis, proposer| Change {
        proposer: tag(proposer),
        ..change(id, millis)
    };
    for (id, millis, proposer) in [(1, 1, 7), (2, 2, 7), (3, 3, 7), (4, 3, 8), (5, 4, 7)] {
        propose(&store, facility, by(id, millis, proposer)).expect("a free id");
    }
    propose(&store, other, by(9, 9, 7)).expect("a free id");
    for id in [1, 3] {
        decide(&store, facility, id, Decided::Withdrawn).expect("not decided yet");
    }
    let since = |proposer, millis| {
        let read = |reader: &mut store::Reader| {
            let mut changes = reader.changes();
            changes.proposed_since(facility, tag(proposer), at(millis))
        };
        let found = store.read_blocking("changes", read).expect("a read");
        (found.open, found.by_one, found.open_by_one)
    };
    assert_eq!(since(7, 0), (3, 4, 2));
    assert_eq!(since(7, 2), (2, 2, 1));
    assert_eq!(since(8, 0), (3, 1, 1));
    assert_eq!(since(7, 4), (0, 0, 0));
}
