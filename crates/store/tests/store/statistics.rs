//! SQLite's statistics are there soon after rows are, without anybody's doing.

use crate::{rows, world::World};
use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::Text,
};
use std::{thread, time::Duration};
use store::Database;

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    idx: String,
}

/// The indexes of which there are statistics; an error while there are of none.
fn known(path: &str) -> Vec<String> {
    let mut conn = SqliteConnection::establish(path).expect("the file");
    let found = sql_query("SELECT idx FROM sqlite_stat1 WHERE idx IS NOT NULL").load(&mut conn);
    let found: Vec<Index> = found.unwrap_or_default();
    found.into_iter().map(|index| index.idx).collect()
}

#[test]
fn statistics_are_made_while_the_writer_rests() {
    let world = World::sqlite();
    let (store, facility) = world.with_facility();
    for record in 0..20 {
        rows::insert(&store, facility, rows::version(record, 1));
    }
    let Database::Sqlite { path } = &world.database else {
        panic!("a file")
    };
    let path = path.to_str().expect("a UTF-8 path");
    let wanted = ["link_search", "link_time", "token_search"];
    let all = (0..600).any(|_| {
        thread::sleep(Duration::from_millis(100));
        let known = known(path);
        wanted
            .iter()
            .all(|name| known.iter().any(|index| index == name))
    });
    assert!(all, "no statistics of {wanted:?}");
}
