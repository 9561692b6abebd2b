//! Rows of logs that someone changes who can write to the database and holds no key.

use crate::simulation::{STEPS, Step, World};
use crate::{
    Alarm, StepError, Unshown,
    log::journal::Journal,
    log_check::tests::{Server, Site},
};
use store::Database;
use tlog::notes::checkpoint::{self, Origin};

/// Runs each of the named functions as a test on each kind of database.
macro_rules! on_both {
    ($($name:ident,)*) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $name() {
                super::$name(super::site(None).await).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $name() {
                let server = crate::log_check::tests::Server::new();
                super::$name(super::site(Some(server)).await).await;
            }
        )*}
    };
}

on_both! {
    a_log_that_was_signed_and_has_no_row_halts_before_anything_grows,
    leaves_of_one_facility_are_not_put_into_the_log_of_another,
    a_log_whose_name_is_not_that_of_its_facility_stops_alone,
    a_log_that_nobody_began_takes_no_leaf,
    a_checkpoint_that_no_key_signed_is_passed_over_and_holds_up_nothing,
    leaves_under_a_checkpoint_that_no_key_signed_are_not_anchored,
    what_was_signed_last_is_found_behind_many_others,
    transactions_that_somebody_added_are_given_up_and_the_anchors_posted,
    a_transaction_that_is_final_can_be_cut_unseen,
    a_transaction_cut_under_way_leaves_its_leaves_to_the_next_one,
}

/// Two logs, of which the first has leaves that are signed and anchored.
async fn site(server: Option<Server>) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let database = match &server {
        Some(server) => Database::Postgres {
            url: server.database().into(),
        },
        None => Database::Sqlite {
            path: folder.path().join("db"),
        },
    };
    let mut world = World::over(&database, folder, 0).await;
    world.plant(0, 3).await;
    world.settle().await;
    Site { world, server }
}

impl Site {
    /// These bytes, as SQL.
    fn blob(&self, bytes: &[u8]) -> String {
        let digits = hex::encode(bytes);
        match self.server {
            Some(_) => format!("'\\x{digits}'::bytea"),
            None => format!("x'{digits}'"),
        }
    }

    /// Leaves of the facilities' logs.
    async fn sizes(&self) -> [u64; 2] {
        [self.row(0).await.size, self.row(1).await.size]
    }

    async fn row(&self, facility: usize) -> store::Log {
        let id = self.world.facilities[facility].id;
        let find = move |reader: &mut store::Reader| reader.logs().find(id);
        let found = self.world.store.read("log", find).await;
        found.unwrap().unwrap()
    }

    /// The statement that gives a facility's log another name, under which its key is that
    /// of such a log.
    async fn renamed(&self, facility: usize, origin: &str) -> String {
        let log = self.row(facility).await;
        let name: Origin = origin.parse().unwrap();
        let id = checkpoint::log_id(&log.public_key, &name);
        let (id, number) = (self.blob(id.as_bytes()), facility + 1);
        format!("UPDATE log SET origin = '{origin}', log_id = {id} WHERE facility_id = {number}")
    }
}

/// Deletes what says what was signed.
const FORGET: &str = "DELETE FROM anchor; DELETE FROM checkpoint";

async fn a_log_that_was_signed_and_has_no_row_halts_before_anything_grows(mut site: Site) {
    let renamed = site.renamed(0, "gw.test/log/a/2").await;
    let old = site.row(0).await;
    site.world.plant(0, 2).await;
    let missing = |outcome: &Result<u64, StepError>| match outcome {
        Err(StepError::Alarm(Alarm::NoRow { origin, .. })) => {
            assert_eq!(origin.as_str(), "gw.test/log/a");
        }
        other => panic!("{other:?}"),
    };
    site.sql(&format!("{FORGET}; {renamed}"));
    // A service that runs, and one that starts.
    let running = site.world.step(Step::Sequence).await;
    missing(&running);
    for step in [Step::Checkpoint, Step::Sequence] {
        let halted = site.world.step(step).await;
        missing(&halted);
        assert!(site.world.service.check().await.is_err());
    }
    let said = running.unwrap_err().to_string();
    assert!(said.contains("`gw.test/log/a`"), "{said}");
    let log = site.row(0).await;
    assert_eq!(log.size, old.size, "nothing has an index since");

    // As it was, and then without the row.
    let id = site.blob(old.log_id.as_bytes());
    site.sql(&format!(
        "UPDATE log SET origin = '{}', log_id = {id} WHERE facility_id = 1",
        old.origin
    ));
    site.world.restart();
    assert!(site.world.step(Step::Sequence).await.is_ok());
    site.sql("DELETE FROM leaf; DELETE FROM tile; DELETE FROM checkpoint; DELETE FROM anchor; DELETE FROM log WHERE facility_id = 1");
    missing(&site.world.step(Step::Sequence).await);
    site.world.ledger.faults.witness.judge();
}

/// Lets the facilities' logs change places.
const SWAP: &str = "UPDATE log SET epoch = 11 WHERE facility_id = 1;
    UPDATE log SET facility_id = 1 WHERE facility_id = 2;
    UPDATE log SET facility_id = 2, epoch = 1 WHERE epoch = 11";

async fn leaves_of_one_facility_are_not_put_into_the_log_of_another(mut site: Site) {
    for facility in [0, 1] {
        site.world.plant(facility, 2).await;
    }
    site.sql(SWAP);
    for step in [Step::Sequence, Step::Checkpoint, Step::Sequence] {
        let refused = site.world.step(step).await;
        let named = matches!(refused, Err(StepError::OtherName { .. }));
        assert!(named, "{step:?}: {refused:?}");
    }
    site.sql(SWAP);
    assert_eq!(site.sizes().await, [3, 0]);
    // Between two looks.
    let journal = Journal::new(site.world.store.clone());
    let log = journal.current_logs().await.unwrap().remove(0);
    site.sql(SWAP);
    assert!(matches!(journal.sequence(&log, None, 9).await, Ok(None)));
    site.sql(SWAP);
    site.world.settle().await;
    site.world.judge().await;
}

async fn a_log_whose_name_is_not_that_of_its_facility_stops_alone(mut site: Site) {
    site.world.plant(0, 2).await;
    site.world.plant(1, 2).await;
    let refused = |outcome: Result<u64, StepError>, name: &str| match outcome {
        Err(StepError::OtherName { origin, .. }) => assert_eq!(origin.as_str(), name),
        other => panic!("{other:?}"),
    };
    // Nothing of it was signed, and the others' host is another.
    site.sql(&site.renamed(1, "other.test/log/b").await);
    refused(site.world.step(Step::Sequence).await, "other.test/log/b");
    assert_eq!(site.sizes().await, [5, 0]);
    site.sql(&site.renamed(1, "gw.test/log/b").await);
    site.world.plant(0, 1).await;

    site.sql("UPDATE facility SET name = 'z' WHERE id = 1");
    for step in [Step::Sequence, Step::Checkpoint] {
        refused(site.world.step(step).await, "gw.test/log/a");
    }
    assert_eq!(site.sizes().await, [5, 2], "the other goes on");
    site.sql("UPDATE facility SET name = 'a' WHERE id = 1");
    site.world.settle().await;
    site.world.judge().await;
}

async fn a_log_that_nobody_began_takes_no_leaf(mut site: Site) {
    site.world.plant(0, 2).await;
    site.world.plant(1, 2).await;
    let (key, id) = (site.blob(&[7; 32]), site.blob(&[8; 32]));
    site.sql(&format!(
        "INSERT INTO log (facility_id, epoch, origin, log_id, public_key, size)
            VALUES (1, 2, 'gw.test/log/a/2', {id}, {key}, 0);
         INSERT INTO log_key (log_id, number, public_key, created_ms, retired_ms)
            SELECT id, 1, {key}, 1, 2 FROM log WHERE epoch = 2"
    ));
    for step in [Step::Sequence, Step::Checkpoint, Step::Sequence] {
        let refused = site.world.step(step).await;
        let named = matches!(
            &refused,
            Err(StepError::NotBegun { origin, .. }) if origin.as_str() == "gw.test/log/a/2"
        );
        assert!(named, "{step:?}: {refused:?}");
    }
    let checked = site.world.service.check().await;
    assert!(matches!(checked, Err(StepError::NotBegun { .. })));
    assert_eq!(site.sizes().await, [0, 2], "the other goes on");
    site.sql("DELETE FROM log_key; DELETE FROM log WHERE epoch = 2");
    site.world.settle().await;
    site.world.judge().await;
}

impl Site {
    /// Puts a checkpoint of the first facility's log there.
    fn forge(&self, size: u64, root: &[u8; 32], note: &str) {
        let root = self.blob(root);
        self.sql(&format!(
            "INSERT INTO checkpoint (log_id, size, root, time_ms, note)
                SELECT id, {size}, {root}, 0, '{note}' FROM log WHERE facility_id = 1"
        ));
    }

    /// The note of the newest checkpoint that is genuine.
    async fn note(&self) -> String {
        let id = self.row(0).await.id;
        let read = move |reader: &mut store::Reader| reader.logs().checkpoint(id, 3);
        let found = self.world.store.read("checkpoint", read).await;
        found.unwrap().unwrap().note
    }
}

async fn a_checkpoint_that_no_key_signed_is_passed_over_and_holds_up_nothing(mut site: Site) {
    let note = site.note().await;
    // Beyond all leaves, of the next size, and a genuine note in another's row.
    for (size, note) in [(1_000_000_000_000, "x"), (5, "x"), (6, note.as_str())] {
        site.forge(size, &[9; 32], note);
    }
    site.world.restart();
    for count in [2, 1] {
        site.world.plant(0, count).await;
        site.world.plant(1, count).await;
        site.world.settle().await;
    }
    site.world.judge().await;
    let status = site.world.service.status().read().await.unwrap();
    assert_eq!(status.logs[0].checkpoint_size, 6);
}

async fn leaves_under_a_checkpoint_that_no_key_signed_are_not_anchored(mut site: Site) {
    // A leaf of somebody's own in the tiles, and a checkpoint over it.
    super::forged::append(&site.world, 0, 1).await;
    let journal = Journal::new(site.world.store.clone());
    let log = journal.current_logs().await.unwrap().remove(0);
    let root = journal.root(&log, 4).await.unwrap();
    site.forge(4, root.as_bytes(), "x");
    for _ in 0..3 {
        assert_eq!(site.world.step(Step::Post).await, Ok(0));
        site.world.mine();
    }
    let history = site.world.ledger.history(site.world.logs[0]);
    assert_eq!(history.last().unwrap().size, 3);
}

async fn what_was_signed_last_is_found_behind_many_others(mut site: Site) {
    for size in 1_000..1_040 {
        site.forge(size, &[9; 32], "x");
    }
    // That of the newest size says something else too.
    site.sql("UPDATE checkpoint SET note = 'x' WHERE size = 3");
    site.world.restart();
    site.world.plant(0, 2).await;
    site.world.settle().await;
    site.world.judge().await;
}

async fn transactions_that_somebody_added_are_given_up_and_the_anchors_posted(mut site: Site) {
    let (address, hash) = (site.blob(&[9; 20]), site.blob(&[9; 32]));
    site.sql(&format!(
        "INSERT INTO post (chain_id, submitter, nonce, raw, tx_hash, state, created_ms)
             VALUES (1, {address}, 0, {hash}, {hash}, 'prepared', 0)"
    ));
    site.world.plant(0, 2).await;
    for step in [Step::Sequence, Step::Checkpoint] {
        assert!(site.world.step(step).await.is_ok());
    }
    // While it is looked after, nothing is posted.
    assert_eq!(site.world.step(Step::Post).await, Ok(0));
    site.world.settle().await;
    site.world.judge().await;
    assert_eq!(site.world.ledger.history(site.world.logs[0]).len(), 2);
}

impl Site {
    /// Cuts a transaction, past the key that refers to it.
    fn cut_post(&self, which: &str) {
        let unbound = match self.server {
            Some(_) => "ALTER TABLE anchor DROP CONSTRAINT anchor_post_id_fkey; ",
            None => "",
        };
        self.sql(&format!(
            "{unbound}DELETE FROM post WHERE id = (SELECT {which}(id) FROM post)"
        ));
    }
}

/// What is final is shown by the rows of the anchors.
async fn a_transaction_that_is_final_can_be_cut_unseen(mut site: Site) {
    site.world.plant(0, 2).await;
    site.world.settle().await;
    site.cut_post("min");
    assert_eq!(site.world.service.check().await, Ok(Unshown::default()));
    site.world.plant(0, 2).await;
    site.world.settle().await;
    site.world.judge().await;
}

/// Its own anchor does not become final in its block; the next one covers the same leaves.
async fn a_transaction_cut_under_way_leaves_its_leaves_to_the_next_one(mut site: Site) {
    site.world.plant(0, 2).await;
    let steps = [(Step::Sequence, 2), (Step::Checkpoint, 1), (Step::Post, 1)];
    for (step, done) in steps {
        assert_eq!(site.world.step(step).await, Ok(done), "{step:?}");
    }
    site.cut_post("max");
    site.world.mine();
    site.world.plant(0, 1).await;
    for _ in 0..12 {
        // Some fail: what was cut is named.
        for step in STEPS {
            drop(site.world.step(step).await);
        }
        site.world.mine();
        site.world.clock.advance_millis(20_000);
    }
    let history = site.world.ledger.history(site.world.logs[0]);
    assert_eq!(history.last().unwrap().size, 6);
    let id = site.row(0).await.id;
    let read = move |reader: &mut store::Reader| reader.anchors().newest_final(id);
    let newest = site.world.store.read("anchor", read).await;
    assert_eq!(newest.unwrap().unwrap().new.size, 6);
}
