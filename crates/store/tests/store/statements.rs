//! Statements: numbered for each kind, each with a leaf that waits.

use crate::{
    rows::tag,
    world::{World, add_facility, at, on_both},
};
use model::{Commitment, DataKeyId, VersionNumber};
use store::{Error, FacilityId, LeafOfRow, NewStatement, Statement, StatementKind, Store, Taken};

on_both! {
    a_statement_and_its_leaf_are_written_together,
    numbers_are_counted_for_each_kind,
    the_age_of_the_oldest_leaf_may_be_a_statements,
}

fn statement(kind: StatementKind, number: u32) -> NewStatement {
    let all = StatementKind::ALL;
    let place = all.iter().position(|known| *known == kind).expect("a kind");
    let of = number + 100 * u32::try_from(place).expect("small");
    NewStatement {
        statement: Statement {
            kind,
            number,
            record: tag(of),
            data_key: DataKeyId::new([4; 16]),
            envelope: vec![u8::try_from(number).expect("small"); 400],
            created: at(i64::from(number)),
        },
        commitment: Commitment::new([u8::try_from(of % 256).expect("small"); 32]),
    }
}

fn insert(store: &Store, facility: FacilityId, new: NewStatement) -> Result<(), Error> {
    store.run_tx_blocking("statement", &[], move |tx| {
        tx.statements().insert(facility, &new)
    })
}

fn a_statement_and_its_leaf_are_written_together(world: &World) {
    let (store, facility) = world.with_facility();
    let new = statement(StatementKind::Policy, 1);
    insert(&store, facility, new.clone()).expect("a free number");
    let taken = insert(&store, facility, new.clone());
    assert_eq!(taken, Err(Error::Taken(Taken::Statement)));
    let record = new.statement.record;
    let (found, leaves, next) = store
        .read_blocking("read", |reader| {
            Ok((
                reader.statements().find(facility, record)?,
                reader
                    .leaves()
                    .of_row(facility, record, VersionNumber::FIRST)?,
                reader
                    .leaves()
                    .of_row(facility, tag(2), VersionNumber::FIRST)?,
            ))
        })
        .expect("a read");
    assert_eq!(found, Some(new.statement));
    let waiting = LeafOfRow {
        place: None,
        commitment: new.commitment,
    };
    assert_eq!(leaves, [waiting]);
    assert_eq!(next, []);
}

fn numbers_are_counted_for_each_kind(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    for (facility, kind, number) in [
        (facility, StatementKind::Policy, 1),
        (facility, StatementKind::Registration, 1),
        (facility, StatementKind::Registration, 2),
        (facility, StatementKind::Registration, 4),
        (other, StatementKind::Registration, 3),
    ] {
        insert(&store, facility, statement(kind, number)).expect("a free number");
    }
    let kind = StatementKind::Registration;
    let (count, after) = store
        .read_blocking("read", |reader| {
            let count = reader.statements().count_to(facility, kind, 3)?;
            Ok((count, reader.statements().after(facility, kind, 1)?))
        })
        .expect("a read");
    let after: Vec<Statement> = after.into_iter().map(|row| row.expect("a row")).collect();
    assert_eq!(count, 2);
    let numbers: Vec<u32> = after.iter().map(|statement| statement.number).collect();
    assert_eq!(numbers, [2, 4]);
    assert!(after.iter().all(|statement| statement.kind == kind));
}

fn the_age_of_the_oldest_leaf_may_be_a_statements(world: &World) {
    let (store, facility) = world.with_facility();
    insert(&store, facility, statement(StatementKind::Change, 5)).expect("a free number");
    let since = store.read_blocking("age", |reader| reader.leaves().oldest_since(facility));
    assert_eq!(since, Ok(Some(at(5))));
}
