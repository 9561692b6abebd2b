//! What is given an index and what is not: rows that someone without the keys adds to the
//! waiting leaves, edits, or puts there once more.

use crate::{
    rows::{insert, number, pending, tag, version},
    sequence::{add_log, sequence},
    world::{World, on_both},
};
use model::{Digest, LogId, Tag, VersionNumber};
use store::{FacilityId, LeafClaims, LeafFault, LeafName, NewLog, PendingLeaf, RefusedLeaf, Store};

on_both! {
    a_genuine_leaf_is_good_and_what_was_forged_is_refused,
    a_leaf_that_the_log_has_is_refused,
    many_leaves_that_the_log_has_hold_up_no_new_one,
    many_forged_leaves_hold_up_no_genuine_one,
    a_leaf_without_a_mac_waits_until_it_is_shown,
    a_row_can_have_its_leaf_again_once,
    a_key_counts_as_long_as_it_is_held,
    the_newest_leaves_of_a_log_can_wait_again,
    what_stands_beyond_the_end_of_a_log_is_no_leaf_of_it,
}

/// What is found when all that waits is looked at; what is refused is taken away.
fn claims(store: &Store, facility: FacilityId) -> LeafClaims {
    let look = store.run_tx_blocking("claims", &[], move |tx| {
        let claims = tx.leaves().claims(facility, 1_000)?;
        for (leaf, fault) in &claims.refused {
            assert!(tx.leaves().refuse(facility, leaf, *fault)?);
        }
        Ok(claims)
    });
    look.expect("a look")
}

/// Put back once more, with the macs that they had.
const AGAIN: &str = "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)
    SELECT facility_id, commitment, record_tag, version, mac";

/// One turn of a sequencer over all that waits, in one transaction.
fn admit(store: &Store, facility: FacilityId) -> LeafClaims {
    let turn = store.run_tx_blocking("admit", &[], move |tx| {
        let log = tx.logs().find(facility)?.expect("a log");
        tx.leaves().admit(&log, 1_000)
    });
    turn.expect("a turn")
}

fn names(leaves: &[PendingLeaf]) -> Vec<(Tag, VersionNumber)> {
    let name = |leaf: &PendingLeaf| (leaf.record, leaf.version);
    leaves.iter().map(name).collect()
}

/// The names in the newest log of a facility, by index; its size is their number.
fn logged(store: &Store, facility: FacilityId) -> Vec<(Tag, VersionNumber)> {
    let all = store.read_blocking("logged", |reader| {
        let log = reader.logs().find(facility)?.expect("a log");
        let leaves = reader.leaves().range(log.id, 0, 1_000)?;
        assert_eq!(log.size, leaves.len() as u64);
        Ok(leaves)
    });
    let name = |leaf: &store::Leaf| (leaf.record, leaf.version);
    all.expect("a read").iter().map(name).collect()
}

fn add_second_log(store: &Store, facility: FacilityId) {
    let new = NewLog {
        facility,
        epoch: 2,
        origin: "log.example.org/log/north/2".to_owned(),
        log_id: LogId::new([2; 32]),
        public_key: [4; 32],
    };
    store
        .run_tx_blocking("log", &[], move |tx| tx.logs().insert(&new))
        .expect("a new log");
}

fn refused(store: &Store, facility: FacilityId) -> Vec<RefusedLeaf> {
    store
        .read_blocking("refused", |reader| {
            let all = reader.leaves().refused(facility, None, 1_000)?;
            assert_eq!(
                reader.leaves().refused_count(facility)?,
                all.len() as u64,
                "the count is theirs"
            );
            Ok(all)
        })
        .expect("a read")
}

fn faults(claims: &LeafClaims) -> Vec<LeafFault> {
    claims.refused.iter().map(|(_, fault)| *fault).collect()
}

/// As either database spells 32 bytes and 16 bytes of this hex digit pair.
fn bytes(world: &World, pair: &str, count: usize) -> String {
    let digits = pair.repeat(count);
    if world.is_postgres() {
        format!("'\\x{digits}'::bytea")
    } else {
        format!("X'{digits}'")
    }
}

fn a_genuine_leaf_is_good_and_what_was_forged_is_refused(world: &World) {
    let (store, facility) = world.with_facility();
    let other = crate::world::add_facility(&store, "south");
    insert(&store, facility, version(10, 1));
    let genuine = pending(&store, facility);
    let (commitment, record) = (bytes(world, "ee", 32), bytes(world, "dd", 16));
    let (short, mac) = (bytes(world, "cc", 3), bytes(world, "bb", 16));
    let here = "facility_id, commitment, record_tag, version";
    let copied = format!("INSERT INTO pending_leaf ({here}, mac) SELECT");
    // Made up; the mac of another row; one thing of it edited; no form at all.
    world.sql(&format!(
        "INSERT INTO pending_leaf ({here}, mac)
            SELECT id, {commitment}, {record}, 1, {mac} FROM facility WHERE name = 'north';
         {copied} facility_id, {commitment}, record_tag, 2, mac FROM pending_leaf WHERE id = 1;
         {copied} facility_id, {commitment}, record_tag, version, mac FROM pending_leaf
            WHERE id = 1;
         {copied} facility_id, commitment, {record}, version, mac FROM pending_leaf WHERE id = 1;
         {copied} facility_id, commitment, record_tag, 2, mac FROM pending_leaf WHERE id = 1;
         {copied} facility_id + 1, commitment, record_tag, version, mac FROM pending_leaf
            WHERE id = 1;
         {copied} facility_id, {short}, {short}, -7, mac FROM pending_leaf WHERE id = 1;
         {copied} facility_id, commitment, record_tag, version, {short} FROM pending_leaf
            WHERE id = 1;"
    ));
    let found = claims(&store, facility);
    assert_eq!(found.good, genuine);
    assert_eq!(faults(&found), [LeafFault::Mac; 7]);
    assert!(!found.more);
    let found = claims(&store, other);
    assert_eq!(
        (found.good.len(), faults(&found)),
        (0, vec![LeafFault::Mac])
    );
    // Nothing of it is lost, and nothing is met again.
    let kept = refused(&store, facility);
    assert_eq!(kept.len(), 7);
    assert!(kept.iter().all(|leaf| leaf.fault == Some(LeafFault::Mac)));
    assert_eq!((kept[5].name.version, kept[5].name.record.len()), (-7, 3));
    assert_eq!(claims(&store, facility).refused, []);
}

fn a_leaf_that_the_log_has_is_refused(world: &World) {
    let (store, facility) = world.with_facility();
    add_log(&store, facility, "log.example.org/log/north");
    for record in 10..13 {
        insert(&store, facility, version(record, 1));
    }
    world.sql("CREATE TABLE kept AS SELECT * FROM pending_leaf WHERE id < 3");
    // Once more while it waits: the first counts.
    world.sql(
        "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)
            SELECT facility_id, commitment, record_tag, version, mac FROM pending_leaf
            WHERE id = 1",
    );
    let found = admit(&store, facility);
    assert_eq!(faults(&found), [LeafFault::Twice]);
    assert_eq!(found.good.len(), 3);
    // Put back after it has its index, between two that are new.
    insert(&store, facility, version(13, 1));
    world.sql(&format!("{AGAIN} FROM kept"));
    insert(&store, facility, version(13, 2));
    let found = admit(&store, facility);
    assert_eq!(faults(&found), [LeafFault::Twice; 2]);
    let good = [(tag(13), number(1)), (tag(13), number(2))];
    assert_eq!(names(&found.good), good);
    assert_eq!(logged(&store, facility)[3..], good);
    assert_eq!(refused(&store, facility).len(), 3);
    // The next log of the facility takes no name of the one before it.
    add_second_log(&store, facility);
    world.sql(&format!("{AGAIN} FROM kept; DROP TABLE kept"));
    insert(&store, facility, version(14, 1));
    let found = admit(&store, facility);
    assert_eq!(faults(&found), [LeafFault::Twice; 2]);
    assert_eq!(logged(&store, facility), [(tag(14), number(1))]);
    assert_eq!(pending(&store, facility), []);
}

fn many_leaves_that_the_log_has_hold_up_no_new_one(world: &World) {
    let (store, facility) = world.with_facility();
    add_log(&store, facility, "log.example.org/log/north");
    for number in 1..=300 {
        insert(&store, facility, version(10, number));
    }
    world.sql("CREATE TABLE kept AS SELECT * FROM pending_leaf");
    assert_eq!(admit(&store, facility).good.len(), 300);
    insert(&store, facility, version(11, 1));
    world.sql(&format!("{AGAIN} FROM kept ORDER BY id; DROP TABLE kept"));
    insert(&store, facility, version(11, 2));
    let mut rounds = Vec::new();
    loop {
        let found = admit(&store, facility);
        rounds.push((found.refused.len(), found.good.len()));
        if !found.more {
            break;
        }
    }
    assert_eq!(rounds, [(256, 1), (44, 1)]);
    let new = [(tag(11), number(1)), (tag(11), number(2))];
    assert_eq!(logged(&store, facility)[300..], new);
    assert_eq!(refused(&store, facility).len(), 300);
}

fn many_forged_leaves_hold_up_no_genuine_one(world: &World) {
    let (store, facility) = world.with_facility();
    let (commitment, mac) = (bytes(world, "ee", 32), bytes(world, "bb", 16));
    world.sql(&format!(
        "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
         SELECT f.id, {commitment}, {mac}, n.i, {mac} FROM n, facility f"
    ));
    insert(&store, facility, version(10, 1));
    let mut rounds = Vec::new();
    loop {
        let found = claims(&store, facility);
        rounds.push((found.refused.len(), found.good.len()));
        if !found.more {
            break;
        }
    }
    assert_eq!(rounds, [(256, 0), (256, 0), (88, 1)]);
    assert_eq!(refused(&store, facility).len(), 600);
}

fn a_leaf_without_a_mac_waits_until_it_is_shown(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, version(10, 1));
    insert(&store, facility, version(11, 1));
    world.sql("UPDATE pending_leaf SET mac = NULL");
    let waits = |store: &Store| {
        store
            .read_blocking("waits", |reader| {
                let leaves = reader.leaves().without_mac(facility, None, 10)?;
                Ok((leaves, reader.leaves().is_awaited(facility)?))
            })
            .expect("a read")
    };
    let (leaves, is_awaited) = waits(&store);
    assert_eq!((leaves.len(), is_awaited), (2, false));
    assert_eq!(claims(&store, facility), LeafClaims::default());
    let [first, second] = &leaves[..] else {
        panic!("two leaves");
    };
    let show = |leaf: store::WaitingLeaf| {
        store.run_tx_blocking("show", &[], move |tx| tx.leaves().show(facility, &leaf))
    };
    assert_eq!(show(first.clone()), Ok(true));
    assert_eq!(show(first.clone()), Ok(false), "it has one");
    let mut other = second.clone();
    other.commitment = first.commitment.clone();
    assert_eq!(show(other), Ok(false), "it waits with another commitment");
    let (leaves, is_awaited) = waits(&store);
    assert_eq!(
        (leaves.as_slice(), is_awaited),
        (&[second.clone()][..], true)
    );
    assert_eq!(claims(&store, facility).good.len(), 1);
}

fn a_row_can_have_its_leaf_again_once(world: &World) {
    let (store, facility) = world.with_facility();
    let new = version(10, 1);
    let commitment = new.commitment;
    insert(&store, facility, new);
    let name = LeafName {
        facility,
        record: tag(10),
        version: number(1),
    };
    let put = || {
        store.run_tx_blocking("put", &[], move |tx| {
            tx.leaves().put_again(&name, &commitment)
        })
    };
    assert_eq!(put(), Ok(false), "it waits");
    world.sql("DELETE FROM pending_leaf");
    assert_eq!(put(), Ok(true));
    assert_eq!(put(), Ok(false));
    assert_eq!(claims(&store, facility).good.len(), 1);
}

fn a_key_counts_as_long_as_it_is_held(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, version(10, 1));
    // The new key counts before it makes macs, and the old one after.
    store.leaf_keys().set([&[1; 32], &[2; 32]]);
    assert_eq!(claims(&store, facility).good.len(), 1);
    store.leaf_keys().set([&[2; 32], &[1; 32]]);
    insert(&store, facility, version(11, 1));
    assert_eq!(claims(&store, facility).good.len(), 2);
    store.leaf_keys().set([&[2; 32]]);
    let found = claims(&store, facility);
    assert_eq!(
        (found.good.len(), faults(&found)),
        (1, vec![LeafFault::Mac])
    );
    store.leaf_keys().set([]);
    let none = store.run_tx_blocking("no key", &[], move |tx| {
        tx.versions().insert(facility, &version(12, 1))
    });
    assert_eq!(none, Err(store::Error::NoLeafKey));
}

fn the_newest_leaves_of_a_log_can_wait_again(world: &World) {
    let (store, facility) = world.with_facility();
    add_log(&store, facility, "log.example.org/log/north");
    for record in 10..15 {
        insert(&store, facility, version(record, 1));
    }
    assert_eq!(sequence(&store, facility, 4), Ok(4));
    let root = Digest::new([4; 32]);
    let log = |store: &Store| {
        let find = store.read_blocking("log", |reader| reader.logs().find(facility));
        find.expect("a read").expect("a log")
    };
    let before = log(&store);
    assert!(!store.leaf_keys().show(&before, &root));
    let stale = before.clone();
    store
        .run_tx_blocking("show", &[], move |tx| {
            tx.logs().show_state(&stale, 4, &root)
        })
        .expect("shown");
    let shown = log(&store);
    assert!(store.leaf_keys().show(&shown, &root));
    assert!(!store.leaf_keys().show(&shown, &Digest::new([5; 32])));
    // Someone writes a size that the log has not.
    world.sql("UPDATE log SET size = 400");
    let longer = log(&store);
    assert!(!store.leaf_keys().show(&longer, &root));
    let back = store.run_tx_blocking("back", &[], move |tx| tx.leaves().take_back(&longer, 3));
    assert_eq!(back, Ok(1));
    assert_eq!(log(&store).size, 3);
    let late = store.run_tx_blocking("late", &[], move |tx| tx.leaves().take_back(&shown, 3));
    assert_eq!(late, Err(store::Error::Taken(store::Taken::LogSize)));
    let waiting = store.read_blocking("waiting", |reader| {
        reader.leaves().without_mac(facility, None, 10)
    });
    let waiting = waiting.expect("a read");
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].name.record, tag(13).as_bytes());
    assert_eq!(claims(&store, facility).good.len(), 1, "the fifth");
}

fn what_stands_beyond_the_end_of_a_log_is_no_leaf_of_it(world: &World) {
    let (store, facility) = world.with_facility();
    add_log(&store, facility, "log.example.org/log/north");
    insert(&store, facility, version(10, 1));
    assert_eq!(admit(&store, facility).good.len(), 1);
    add_second_log(&store, facility);
    insert(&store, facility, version(11, 1));
    insert(&store, facility, version(12, 1));
    // In the log that has ended, by the name of one that waits; in the other, where the next
    // leaf belongs and far behind.
    let far = 1_000_000_000_000_u64;
    world.sql(&format!(
        "INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
         SELECT g.id, {far} + p.id, p.commitment, p.record_tag, p.version
            FROM log g, pending_leaf p WHERE g.epoch = 1;
         INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
         SELECT g.id, {far} + 1, l.commitment, l.record_tag, 7
            FROM log g, leaf l WHERE g.epoch = 2 AND l.idx = 0;
         INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
         SELECT g.id, 0, l.commitment, l.record_tag, 8
            FROM log g, leaf l WHERE g.epoch = 2 AND l.idx = 0"
    ));
    let take_back = || {
        let back = store.run_tx_blocking("beyond", &[], move |tx| {
            let log = tx.logs().find(facility)?.expect("a log");
            tx.leaves().take_back_beyond(&log)
        });
        back.expect("a turn")
    };
    assert_eq!((take_back(), take_back()), (2, 0));
    let found = admit(&store, facility);
    assert_eq!((found.good.len(), faults(&found)), (2, vec![]));
    let both = [(tag(11), number(1)), (tag(12), number(1))];
    assert_eq!(logged(&store, facility), both);
    let waiting = store.read_blocking("waiting", |reader| {
        reader.leaves().without_mac(facility, None, 10)
    });
    let versions: Vec<_> = waiting
        .expect("a read")
        .iter()
        .map(|leaf| leaf.name.version)
        .collect();
    assert_eq!(versions, [8, 7], "they wait for a gateway to look at them");
}
