//! Audit records: stored once, found by patient, newest first.

use crate::{
    rows::{audit, insert_audit, pending, tag},
    world::{World, add_facility, at, on_both},
};
use model::{DataKeyId, Tag};
use store::{AuditPosition, AuditRange, AuditsOf, Error, FacilityId, SealedQuery, Store, Taken};

on_both! {
    an_audit_record_is_read_as_it_was_written,
    an_audit_record_is_stored_once,
    the_events_of_a_patient_come_in_pages_newest_first,
    all_audit_records_come_in_pages_newest_first,
    records_of_several_patients_and_of_tags_come_newest_first,
    a_range_ends_at_its_earliest_time,
    a_query_text_that_is_missing_is_noticed,
}

fn an_audit_record_is_read_as_it_was_written(world: &World) {
    let (store, facility) = world.with_facility();
    let mut new = audit(1, 5, &[tag(50), tag(51)]);
    new.audit.queries = [7, 1, 9]
        .map(|byte| SealedQuery {
            data_key: DataKeyId::new([byte; 16]),
            envelope: vec![byte, 2, 3],
        })
        .into();
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
    assert_eq!(again, Err(Error::Taken(Taken::AuditRecord)));
    assert_eq!(page(&store, facility, &of_patient(51), None), []);
    assert_eq!(pending(&store, facility).len(), 1);
}

fn of_patient(patient: u32) -> AuditsOf {
    AuditsOf::Patients(vec![tag(patient)])
}

/// The records of a page of three.
fn page(store: &Store, facility: FacilityId, of: &AuditsOf, from: Option<(i64, u32)>) -> Vec<Tag> {
    let from = from.map(|(millis, record)| AuditPosition {
        time: at(millis),
        record: tag(record),
    });
    let (of, range) = (of.clone(), AuditRange { from, since: None });
    let found = store
        .read_blocking("page", |reader| {
            reader.audits().page(facility, &of, &range, 3)
        })
        .expect("a read");
    found.iter().map(|hit| hit.position.record).collect()
}

fn the_events_of_a_patient_come_in_pages_newest_first(world: &World) {
    let (store, facility) = world.with_facility();
    // Two of the same time, one with several patients, one of another patient; one with
    // two events of the patient.
    for new in [
        audit(1, 10, &[tag(50)]),
        audit(2, 20, &[tag(49), tag(50)]),
        audit(3, 20, &[tag(50), tag(50)]),
        audit(4, 25, &[tag(51)]),
        audit(5, 30, &[tag(50)]),
        audit(6, 40, &[]),
    ] {
        insert_audit(&store, facility, new);
    }
    let patient = of_patient(50);
    let first = [tag(5), tag(3), tag(2)];
    assert_eq!(page(&store, facility, &patient, None), first);
    let second = [tag(3), tag(2), tag(1)];
    assert_eq!(page(&store, facility, &patient, Some((20, 3))), second);
    let third = [tag(2), tag(1)];
    assert_eq!(page(&store, facility, &patient, Some((20, 2))), third);
    assert_eq!(page(&store, facility, &patient, Some((9, 1))), []);
    let nobody = AuditsOf::Patients(vec![Tag::ZERO]);
    assert_eq!(page(&store, facility, &nobody, None), [tag(6)]);
}

fn all_audit_records_come_in_pages_newest_first(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    for (record, millis) in [(1, 10), (2, 20), (3, 20), (4, 5), (5, 20)] {
        insert_audit(&store, facility, audit(record, millis, &[tag(50), tag(51)]));
    }
    insert_audit(&store, other, audit(9, 15, &[]));
    let records = |from| page(&store, facility, &AuditsOf::Facility, from);
    assert_eq!(records(None), [tag(5), tag(3), tag(2)]);
    assert_eq!(records(Some((20, 3))), [tag(3), tag(2), tag(1)]);
    assert_eq!(records(Some((20, 2))), [tag(2), tag(1), tag(4)]);
    assert_eq!(records(Some((20, 1))), [tag(1), tag(4)]);
    assert_eq!(records(Some((5, 4))), [tag(4)]);
    assert_eq!(records(Some((4, 9))), []);
}

fn records_of_several_patients_and_of_tags_come_newest_first(world: &World) {
    let (store, facility) = world.with_facility();
    for new in [
        audit(1, 10, &[tag(50)]),
        audit(2, 20, &[tag(51)]),
        audit(3, 30, &[tag(50), tag(51)]),
        audit(4, 40, &[tag(52)]),
        audit(5, 50, &[tag(51)]),
    ] {
        insert_audit(&store, facility, new);
    }
    let patients = AuditsOf::Patients(vec![tag(50), tag(51)]);
    assert_eq!(
        page(&store, facility, &patients, None),
        [tag(5), tag(3), tag(2)]
    );
    assert_eq!(
        page(&store, facility, &patients, Some((20, 2))),
        [tag(2), tag(1)]
    );
    let records = AuditsOf::Records(vec![tag(1), tag(4), tag(9), tag(1)]);
    assert_eq!(page(&store, facility, &records, None), [tag(4), tag(1)]);
    assert_eq!(page(&store, facility, &records, Some((39, 0))), [tag(1)]);
    let none = AuditsOf::Patients(Vec::new());
    assert_eq!(page(&store, facility, &none, None), []);
}

fn a_range_ends_at_its_earliest_time(world: &World) {
    let (store, facility) = world.with_facility();
    for (record, millis) in [(1, 10), (2, 20), (3, 30)] {
        insert_audit(&store, facility, audit(record, millis, &[tag(50)]));
    }
    let range = AuditRange {
        from: None,
        since: Some(at(20)),
    };
    let every = [
        AuditsOf::Facility,
        of_patient(50),
        AuditsOf::Records(vec![tag(1), tag(2), tag(3)]),
    ];
    for of in every {
        let (found, counted, few) = store
            .read_blocking("range", |reader| {
                let mut audits = reader.audits();
                let found = audits.page(facility, &of, &range, 9)?;
                let counted = audits.count(facility, &of, &range, 9)?;
                Ok((found, counted, audits.count(facility, &of, &range, 1)?))
            })
            .expect("a read");
        let records: Vec<Tag> = found.iter().map(|hit| hit.position.record).collect();
        assert_eq!(records, [tag(3), tag(2)], "{of:?}");
        assert_eq!((counted, few), (2, 1), "{of:?}");
    }
}

fn a_query_text_that_is_missing_is_noticed(world: &World) {
    let (store, facility) = world.with_facility();
    let mut new = audit(1, 5, &[tag(50)]);
    new.audit.queries = [1, 2]
        .map(|byte| SealedQuery {
            data_key: DataKeyId::new([byte; 16]),
            envelope: vec![byte],
        })
        .into();
    insert_audit(&store, facility, new);
    world.sql("DELETE FROM audit_query WHERE number = 1");
    let found = store.read_blocking("find", |reader| reader.audits().find(facility, tag(1)));
    let found = found.expect("a read").expect("a record");
    // It opens for nobody: the record is refused, and no other.
    let none = SealedQuery {
        data_key: DataKeyId::new([0; 16]),
        envelope: Vec::new(),
    };
    assert_eq!(found.queries, [none]);
}
