//! The rows of long jobs.

use crate::world::{World, add_facility, on_both};
use store::{Error, FacilityId, Store, StoredJob, Taken};

on_both! {
    a_job_is_swapped_by_who_knows_it_and_by_nobody_else,
    a_row_of_any_form_is_read_and_replaced,
}

fn job(holder: u8, until_ms: i64) -> StoredJob {
    StoredJob {
        holder: vec![holder; 16],
        until_ms,
        time_ms: 5,
        data_key_id: vec![8; 16],
        envelope: vec![9; 400],
    }
}

fn swap(
    store: &Store,
    facility: FacilityId,
    before: Option<&StoredJob>,
    after: &StoredJob,
) -> Result<(), Error> {
    let (before, after) = (before.cloned(), after.clone());
    store.run_tx_blocking("job", &[], move |tx| {
        tx.jobs().swap(facility, "sweep", before.as_ref(), &after)
    })
}

fn find(store: &Store, facility: FacilityId) -> Result<Option<StoredJob>, Error> {
    store.read_blocking("job", move |reader| reader.jobs().find(facility, "sweep"))
}

fn a_job_is_swapped_by_who_knows_it_and_by_nobody_else(world: &World) {
    let (store, facility) = world.with_facility();
    let other = add_facility(&store, "south");
    let taken = Err(Error::Taken(Taken::Job));
    assert_eq!(find(&store, facility), Ok(None));
    assert_eq!(
        swap(&store, facility, Some(&job(1, 10)), &job(1, 20)),
        taken
    );
    assert_eq!(swap(&store, facility, None, &job(1, 10)), Ok(()));
    assert_eq!(swap(&store, facility, None, &job(2, 10)), taken);
    assert_eq!(
        swap(&store, facility, Some(&job(1, 10)), &job(1, 20)),
        Ok(())
    );
    let resealed = StoredJob {
        envelope: vec![7; 400],
        ..job(1, 20)
    };
    let later = StoredJob {
        time_ms: 6,
        ..job(1, 20)
    };
    for stale in [job(1, 10), job(2, 20), resealed, later] {
        assert_eq!(swap(&store, facility, Some(&stale), &job(2, 30)), taken);
    }
    assert_eq!(find(&store, facility), Ok(Some(job(1, 20))));
    assert_eq!(find(&store, other), Ok(None));
}

/// Whoever writes past the store must not stop a job by a row that cannot be read.
fn a_row_of_any_form_is_read_and_replaced(world: &World) {
    let (store, facility) = world.with_facility();
    assert_eq!(swap(&store, facility, None, &job(1, 10)), Ok(()));
    world.sql(
        "UPDATE job SET holder = envelope, data_key_id = envelope, until_ms = -1,
            time_ms = 9223372036854775807",
    );
    let found = find(&store, facility).expect("a row").expect("a row");
    assert_eq!((found.holder.len(), found.until_ms), (400, -1));
    assert_eq!(swap(&store, facility, Some(&found), &job(2, 30)), Ok(()));
    assert_eq!(find(&store, facility), Ok(Some(job(2, 30))));
}
