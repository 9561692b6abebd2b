//! Audit records: stored once, found by patient, newest first.

use crate::{
    rows::{audit, insert_audit, pending, tag},
    world::{World, add_facility, at, on_both},
};
use model::{DataKeyId, Tag};
use store::{AuditPosition, Error, FacilityId, SealedQuery, Store};

on_both! {
    an_audit_record_is_read_as_it_was_written,
    an_audit_record_is_stored_once,
    the_events_of_a_patient_come_in_pages_newest_first,
    all_audit_records_come_in_pages_newest_first,
}

fn an_audit_record_is_read_as_it_was_written(world: &World) {
    let (store, facility) = world.with_facility();
    let mut new = audit(1, 5, &[tag(50), tag(51)]);
    new.audit.query = Some(SealedQuery {
        data_key: DataKeyId::new([6; 16]),
        envelope: vec![1, 2, 3],
    });
    new.audit.purpose = None;
    new.audit.user = None;
    new.audit.outcome = 12;
    insert_audit(&store, facility, new.clone());
    let other = add_facility(&store, "south");
    let (found, elsewhere) = store
        .read_blocking("find", |reader| {
            let found = reader.audits().find(facility, tag(1))?;
            Ok((found, reader.audits().find(other, tag(1))?))
        })
        .expect("a read");
    assert_eq!(found, Some(new.audit));
    assert_eq!(elsewhere, None);
    let leaves = pending(&store, facility);
    assert_eq!(leaves.len(), 1);
    assert_eq!((leaves[0].record, leaves[0].version.get()), (tag(1), 1));
    assert_eq!(leaves[0].commitment, new.commitment);
}

fn an_audit_record_is_stored_once(world: &World) {
    let (store, facility) = world.with_facility();
    insert_audit(&store, facility, audit(1, 5, &[tag(50)]));
    let again = store.run_tx_blocking("again", &[], move |tx| {
        tx.audits().insert(facility, &audit(1, 6, &[tag(51)]))
    });
    assert_eq!(again, Err(Error::Taken("audit record")));
    assert_eq!(page(&store, facility, Some(tag(51)), None), []);
    assert_eq!(pending(&store, facility).len(), 1);
}

/// Records and events of a page of three.
fn page(
    store: &Store,
    facility: FacilityId,
    patient: Option<Tag>,
    before: Option<(i64, u32)>,
) -> Vec<(Tag, Option<u32>)> {
    let before = before.map(|(millis, record)| AuditPosition {
        time: at(millis),
        record: tag(record),
    });
    store
        .read_blocking("page", |reader| {
            reader.audits().page(facility, patient, before, 3)
        })
        .expect("a read")
        .iter()
        .map(|found| (found.audit.record, found.event))
        .collect()
}

fn the_events_of_a_patient_come_in_pages_newest_first(world: &World) {
    let (store, facility) = world.with_facility();
    // Two of the same time, one with several patients, one of another patient.
    for new in [
        audit(1, 10, &[tag(50)]),
        audit(2, 20, &[tag(49), tag(50)]),
        audit(3, 20, &[tag(50)]),
        audit(4, 25, &[tag(51)]),
        audit(5, 30, &[tag(50)]),
        audit(6, 40, &[]),
    ] {
        insert_audit(&store, facility, new);
    }
    let patient = Some(tag(50));
    assert_eq!(
        page(&store, facility, patient, None),
        [(tag(5), Some(0)), (tag(3), Some(0)), (tag(2), Some(1))]
    );
    assert_eq!(
        page(&store, facility, patient, Some((20, 3))),
        [(tag(2), Some(1)), (tag(1), Some(0))]
    );
    assert_eq!(page(&store, facility, patient, Some((10, 1))), []);
    assert_eq!(
        page(&store, facility, Some(Tag::ZERO), None),
        [(tag(6), Some(0))]
    );
}

fn all_audit_records_come_in_pages_newest_first(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    for (record, millis) in [(1, 10), (2, 20), (3, 20), (4, 5), (5, 20)] {
        insert_audit(&store, facility, audit(record, millis, &[tag(50), tag(51)]));
    }
    insert_audit(&store, other, audit(9, 15, &[]));
    let records = |before| -> Vec<Tag> {
        page(&store, facility, None, before)
            .into_iter()
            .map(|(record, _)| record)
            .collect()
    };
    assert_eq!(records(None), [tag(5), tag(3), tag(2)]);
    assert_eq!(records(Some((20, 3))), [tag(2), tag(1), tag(4)]);
    assert_eq!(records(Some((20, 2))), [tag(1), tag(4)]);
    assert_eq!(records(Some((5, 4))), []);
}
