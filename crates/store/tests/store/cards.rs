//! Cards follow the current versions, and heads the cards, whoever writes at once.

use crate::{
    rows::{number, observation, tag, version},
    world::{World, at, on_both},
};
use model::{DataKeyId, Tag};
use std::{sync::Arc, thread};
use store::{
    Card, Error, FacilityId, HeadChange, HeadMember, KeepsHead, NewCard, PatientCards, Store,
    StoredHead, Tx,
};

on_both! {
    a_card_is_replaced_and_goes_with_its_record,
    a_card_that_changes_its_patient_leaves_the_head_of_the_one_before,
    a_transaction_that_fails_leaves_card_and_head,
    writers_of_one_patient_follow_each_other,
    a_card_is_made_for_the_current_version_alone,
    current_versions_without_a_card_are_found,
}

/// A head in clear: the number of its members, and the sum of their versions.
struct Clear(Tag);

impl Clear {
    fn of(patient: u32) -> Arc<dyn KeepsHead> {
        Arc::new(Self(tag(patient)))
    }
}

fn sum(members: &[HeadMember]) -> i64 {
    let versions = members.iter().map(|member| i64::from(member.number.get()));
    versions.map(|version| 1_000 + version).sum()
}

impl KeepsHead for Clear {
    fn patient(&self) -> Tag {
        self.0
    }

    fn changed(
        &self,
        sealed: Option<&[u8]>,
        change: &HeadChange,
    ) -> Result<Option<StoredHead>, Error> {
        let before = sealed.map_or(0, |head| {
            i64::from_be_bytes(head.try_into().expect("8 bytes"))
        });
        let after = before + sum(&change.added) - sum(&change.removed);
        Ok(Some(StoredHead {
            data_key: DataKeyId::new([5; 16]),
            sealed: after.to_be_bytes().to_vec(),
        }))
    }
}

fn card(record: u32, version: u32, patient: Option<u32>) -> NewCard {
    NewCard {
        record: tag(record),
        card: Some(Card {
            resource_type: observation(),
            record: tag(record),
            number: number(version),
            index_epoch: 2,
            time: at(i64::from(version)),
            subject: patient.map(tag),
            data_key: DataKeyId::new([9; 16]),
            sealed: vec![1, 2, 3],
        }),
        heads: patient.map(Clear::of).into_iter().collect(),
    }
}

fn put(store: &Store, facility: FacilityId, cards: Vec<NewCard>) {
    let put = move |tx: &mut Tx| tx.cards().put_many(facility, &cards);
    store.run_tx_blocking("cards", &[], put).expect("cards");
}

fn write(store: &Store, facility: FacilityId, record: u32, of: u32, cards: Vec<NewCard>) {
    let write = move |tx: &mut Tx| {
        tx.versions().insert(facility, &version(record, of))?;
        tx.cards().put_many(facility, &cards)
    };
    store
        .run_tx_blocking("write", &[], write)
        .expect("a version");
}

fn of_patient(store: &Store, facility: FacilityId, patient: u32) -> PatientCards {
    let read = move |reader: &mut store::Reader| {
        let kind = observation();
        reader
            .cards()
            .of_patient(facility, tag(patient), &kind, 100)
    };
    store.read_blocking("cards", read).expect("a read")
}

/// What the head of a patient adds up to; it must be what the cards do.
fn head(store: &Store, facility: FacilityId, patient: u32) -> i64 {
    let found = of_patient(store, facility, patient);
    let head = found.head.expect("a head").sealed;
    let head = i64::from_be_bytes(head.try_into().expect("8 bytes"));
    assert_eq!(head, sum(&found.members));
    head
}

fn a_card_is_replaced_and_goes_with_its_record(world: &World) {
    let (store, facility) = world.with_facility();
    put(
        &store,
        facility,
        vec![card(1, 1, Some(7)), card(2, 1, Some(7)), card(3, 1, None)],
    );
    assert_eq!(head(&store, facility, 7), 2_002);
    let found = of_patient(&store, facility, 7);
    assert_eq!(
        found.own,
        [1, 2].map(|record| card(record, 1, Some(7)).card.expect("a card"))
    );
    put(&store, facility, vec![card(1, 2, Some(7))]);
    assert_eq!(head(&store, facility, 7), 2_003);
    let gone = NewCard {
        card: None,
        ..card(2, 2, Some(7))
    };
    put(&store, facility, vec![gone]);
    assert_eq!(head(&store, facility, 7), 1_002);
    assert_eq!(of_patient(&store, facility, 8), PatientCards::default());
}

fn a_card_that_changes_its_patient_leaves_the_head_of_the_one_before(world: &World) {
    let (store, facility) = world.with_facility();
    put(&store, facility, vec![card(1, 1, Some(7))]);
    let mut moved = card(1, 2, Some(8));
    moved.heads.push(Clear::of(7));
    put(&store, facility, vec![moved]);
    assert_eq!(
        [7, 8].map(|patient| head(&store, facility, patient)),
        [0, 1_002]
    );
    let mut to_none = card(1, 3, None);
    to_none.heads.push(Clear::of(8));
    put(&store, facility, vec![to_none]);
    assert_eq!(
        [7, 8].map(|patient| head(&store, facility, patient)),
        [0, 0]
    );
}

fn a_transaction_that_fails_leaves_card_and_head(world: &World) {
    let (store, facility) = world.with_facility();
    write(&store, facility, 1, 1, vec![card(1, 1, Some(7))]);
    let again = move |tx: &mut Tx| {
        tx.versions().insert(facility, &version(1, 1))?;
        tx.cards().put_many(facility, &[card(1, 5, Some(7))])
    };
    let refused = store.run_tx_blocking("write", &[], again);
    assert_eq!(refused, Err(Error::VersionTaken));
    assert_eq!(head(&store, facility, 7), 1_001);
}

fn writers_of_one_patient_follow_each_other(world: &World) {
    let (store, facility) = world.with_facility();
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        thread::spawn(move || {
            for step in 0..10 {
                let record = 100 + writer * 10 + step;
                write(&store, facility, record, 1, vec![card(record, 1, Some(7))]);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.join().expect("a writer");
    }
    assert_eq!(head(&store, facility, 7), 80 * 1_001);
}

fn add(store: &Store, facility: FacilityId, cards: Vec<NewCard>) -> usize {
    let add = move |tx: &mut Tx| tx.cards().add_missing(facility, &cards);
    store.run_tx_blocking("cards", &[], add).expect("cards")
}

fn a_card_is_made_for_the_current_version_alone(world: &World) {
    let (store, facility) = world.with_facility();
    write(&store, facility, 1, 1, Vec::new());
    write(&store, facility, 1, 2, Vec::new());
    assert_eq!(add(&store, facility, vec![card(1, 1, Some(7))]), 0);
    assert_eq!(add(&store, facility, vec![card(2, 1, Some(7))]), 0);
    assert_eq!(add(&store, facility, vec![card(1, 2, Some(7))]), 1);
    assert_eq!(add(&store, facility, vec![card(1, 2, Some(7))]), 0);
    assert_eq!(head(&store, facility, 7), 1_002);
}

fn current_versions_without_a_card_are_found(world: &World) {
    let (store, facility) = world.with_facility();
    for record in 1..=4 {
        write(&store, facility, record, 1, Vec::new());
    }
    put(&store, facility, vec![card(2, 1, None)]);
    let uncarded = |after, epoch, limit| {
        let read = move |reader: &mut store::Reader| {
            reader.cards().uncarded(facility, after, epoch, limit)
        };
        store.read_blocking("cards", read).expect("a read")
    };
    let all = uncarded(None, 2, 10);
    let records = |missing: &[HeadMember]| -> Vec<Tag> {
        missing.iter().map(|member| member.record).collect()
    };
    assert_eq!(
        (all.seen, records(&all.missing)),
        (4, vec![tag(1), tag(3), tag(4)])
    );
    let first = uncarded(None, 2, 2);
    assert_eq!(
        (first.last, records(&first.missing)),
        (Some(tag(2)), vec![tag(1)])
    );
    let rest = uncarded(first.last, 2, 2);
    assert_eq!(records(&rest.missing), [tag(3), tag(4)]);
    assert_eq!(uncarded(Some(tag(4)), 2, 2).last, None);
    // Cards of other definitions are none.
    assert_eq!(uncarded(None, 3, 10).missing.len(), 4);
}
