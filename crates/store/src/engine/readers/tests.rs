//! What ends a read, whatever it is for. The times of the store's own readers are too long
//! to be waited out.

use super::*;
use crate::test_database::TestDatabase;

/// Never waited out.
const LONG: Duration = Duration::from_secs(600);

fn readers(database: &TestDatabase, purpose: Purpose, time: Duration) -> Readers {
    let leaf_keys = LeafKeys::default();
    let one = Connections { count: 1, more: 0 };
    Readers::new(&database.database, &leaf_keys, purpose, one, time)
}

fn find(reader: &mut Reader) -> Result<(), Error> {
    reader.meta().find("product").map(drop)
}

fn ends_after_its_time(database: &TestDatabase) {
    for (purpose, late) in [
        (Purpose::Key, Error::Unavailable),
        (Purpose::Ready, Error::Unavailable),
        (Purpose::Search, Error::TooCostly),
    ] {
        let readers = readers(database, purpose, Duration::ZERO);
        let (caller, mut begun) = (Arc::new(()), false);
        let read = readers.read("late", Arc::downgrade(&caller), |reader| {
            begun = true;
            find(reader)
        });
        assert!(begun, "{purpose:?}: no connection");
        assert_eq!(read, Err(late), "{purpose:?}");
    }
}

fn ends_when_nobody_waits(database: &TestDatabase) {
    for purpose in [Purpose::Key, Purpose::Ready, Purpose::Search] {
        let readers = readers(database, purpose, LONG);
        let caller = Arc::new(());
        let waits = Arc::downgrade(&caller);
        let read = readers.read("abandoned", waits, move |reader| {
            assert_eq!(find(reader), Ok(()), "{purpose:?}");
            drop(caller);
            find(reader)
        });
        assert_eq!(read, Err(Error::Unavailable), "{purpose:?}");
        // The connection is free again, and bounded by the next caller alone.
        let next = Arc::new(());
        let read = readers.read("next", Arc::downgrade(&next), find);
        assert_eq!(read, Ok(()), "{purpose:?}");
    }
}

#[test]
fn a_read_ends_after_its_time_on_sqlite() {
    ends_after_its_time(&TestDatabase::sqlite());
}

#[test]
fn a_read_ends_after_its_time_on_postgres() {
    ends_after_its_time(&TestDatabase::postgres());
}

#[test]
fn a_read_ends_when_nobody_waits_on_sqlite() {
    ends_when_nobody_waits(&TestDatabase::sqlite());
}

#[test]
fn a_read_ends_when_nobody_waits_on_postgres() {
    ends_when_nobody_waits(&TestDatabase::postgres());
}
