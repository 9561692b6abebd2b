//! Signed checkpoints that hosts share, in a database of their own.

use crate::world::World;
use std::thread;
use store::{Database, Error, NoteSwap, OpenError, SignedNotes};

fn notes(world: &World) -> Result<SignedNotes, OpenError> {
    match &world.database {
        Database::Postgres { url } => SignedNotes::open(url.clone()),
        Database::Sqlite { .. } => Err(OpenError::Url),
    }
}

fn swap<'a>(origin: &'a str, before: Option<&'a str>, after: &'a str) -> NoteSwap<'a> {
    NoteSwap {
        origin,
        before,
        after,
    }
}

fn kept(notes: &SignedNotes) -> Vec<(String, String)> {
    notes.read().expect("the notes")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(origin, note): &(&str, &str)| ((*origin).to_owned(), (*note).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn a_note_gives_way_to_who_knew_it_alone() {
    let world = World::postgres();
    let (one, two) = (notes(&world).expect("a table"), notes(&world).expect("it"));
    assert_eq!(kept(&one), []);
    let first = [swap("a", None, "a 1"), swap("b", None, "b 1")];
    assert_eq!(one.swap(&first), Ok(true));
    assert_eq!(kept(&two), pairs(&[("a", "a 1"), ("b", "b 1")]));
    // All of them or none.
    for stale in [
        [swap("a", Some("a 1"), "a 2"), swap("b", None, "b 2")],
        [swap("a", Some("a 1"), "a 2"), swap("b", Some("b 0"), "b 2")],
        [swap("a", Some("a 1"), "a 2"), swap("c", Some("c 1"), "c 2")],
    ] {
        assert_eq!(two.swap(&stale), Ok(false));
        assert_eq!(kept(&one), pairs(&[("a", "a 1"), ("b", "b 1")]));
    }
    let next = [swap("a", Some("a 1"), "a 2"), swap("c", None, "c 1")];
    assert_eq!(two.swap(&next), Ok(true));
    let all = pairs(&[("a", "a 2"), ("b", "b 1"), ("c", "c 1")]);
    assert_eq!(kept(&one), all);
}

#[test]
fn of_those_that_swap_at_once_one_succeeds() {
    let world = World::postgres();
    let hosts: Vec<SignedNotes> = (0..4).map(|_| notes(&world).expect("a table")).collect();
    for round in 0..20_u32 {
        let before = round.checked_sub(1).map(|round| round.to_string());
        let after = round.to_string();
        let made: usize = thread::scope(|threads| {
            let swaps = [
                swap("a", before.as_deref(), &after),
                swap("b", before.as_deref(), &after),
            ];
            let at_once: Vec<_> = hosts
                .iter()
                .map(|host| threads.spawn(move || host.swap(&swaps)))
                .collect();
            at_once
                .into_iter()
                .map(|one| usize::from(one.join().expect("a thread") == Ok(true)))
                .sum()
        });
        assert_eq!(made, 1, "round {round}");
    }
}

#[test]
fn a_connection_that_was_lost_is_made_anew() {
    let world = World::postgres();
    let notes = notes(&world).expect("a table");
    assert_eq!(notes.swap(&[swap("a", None, "a 1")]), Ok(true));
    world.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let broken = notes.read();
    assert_eq!(
        broken,
        Err(Error::Unavailable),
        "and none of the server's words"
    );
    assert_eq!(kept(&notes), pairs(&[("a", "a 1")]));
}

#[test]
fn a_user_who_may_make_no_table_uses_the_one_there_is() {
    let world = World::postgres();
    drop(notes(&world).expect("a table"));
    let Database::Postgres { url } = &world.database else {
        return;
    };
    let (_, name) = url.rsplit_once('/').expect("a database");
    let user = format!("signs_{name}");
    world.sql(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD '{user}'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
         GRANT SELECT, INSERT, UPDATE ON signed_state TO {user}"
    ));
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (_, place) = rest.rsplit_once('@').expect("a user");
    let notes = SignedNotes::open(format!("{scheme}://{user}:{user}@{place}").into());
    let notes = notes.expect("no table is made");
    assert_eq!(notes.swap(&[swap("a", None, "a 1")]), Ok(true));
    assert_eq!(kept(&notes), pairs(&[("a", "a 1")]));
    world.sql(&format!("DROP OWNED BY {user}; DROP ROLE {user}"));
}

/// A restore of the records would take them back too.
#[test]
fn they_are_not_kept_beside_the_records() {
    let world = World::postgres();
    drop(world.open());
    assert!(matches!(notes(&world), Err(OpenError::HoldsRecords)));
    world.sql("CREATE SCHEMA elsewhere; ALTER TABLE pending_leaf SET SCHEMA elsewhere");
    assert!(matches!(notes(&world), Err(OpenError::HoldsRecords)));
}
