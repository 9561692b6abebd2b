//! Someone changes rows of a log past the service: what a check finds, by place.

mod faults;

use super::{ChainPart, CheckedLog, FindingKind, LogCheck};
use crate::{
    keys::signed::SignedFile,
    ledger::{Extension, FinalityRule, memory::FINAL_DEPTH},
    simulation::World,
};
use model::Clock as _;
use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use store::Database;

/// Runs each of the named functions as a test on each kind of database.
macro_rules! on_both {
    ($($name:ident,)*) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $name() {
                super::$name(super::Site::new(None).await).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test]
            async fn $name() {
                super::$name(super::Site::new(Some(super::Server::new())).await).await;
            }
        )*}
    };
}

mod ended;
mod unreadable;

on_both! {
    a_log_that_fits_has_no_findings,
    every_fault_is_named_where_it_is,
    what_the_chain_knows_better_is_named,
    what_its_keys_signed_last_is_held_against_it,
    a_check_is_made_once_and_kept,
    old_anchors_are_thinned_and_every_leaf_keeps_one,
    a_checkpoint_that_is_neither_an_anchors_nor_the_newest_is_cut_unseen,
}

/// A database of PostgreSQL, gone with this value.
pub(crate) struct Server {
    url: String,
    name: String,
}

impl Server {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("CHARTSEAL_TEST_POSTGRES").expect(
            "CHARTSEAL_TEST_POSTGRES must hold the URL of a PostgreSQL database on this \
             machine; `cargo xtask test` starts one",
        );
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("log_check_{}_{count}", std::process::id());
        psql(&url, &format!("CREATE DATABASE {name}"));
        Self { url, name }
    }

    pub(crate) fn database(&self) -> String {
        let (server, _) = self.url.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        psql(&self.url, &drop);
    }
}

fn psql(url: &str, statements: &str) {
    let options = ["--quiet", "--no-psqlrc", "--dbname", url, "--command"];
    let status = Command::new("psql").args(options).arg(statements).status();
    assert!(status.expect("`psql`").success(), "{statements}");
}

const RUN: &str = "
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=30) as database:
    database.executescript('BEGIN IMMEDIATE;' + sys.argv[2] + ';COMMIT')
";

/// A log of 700 leaves, anchored at 300 and at its end, and a heartbeat.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) server: Option<Server>,
}

impl Site {
    async fn new(server: Option<Server>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match &server {
            Some(server) => Database::Postgres {
                url: server.database().into(),
            },
            None => Database::Sqlite {
                path: folder.path().join("db"),
            },
        };
        let mut world = World::over(&database, folder, 60).await;
        for count in [300, 400] {
            world.plant(0, count).await;
            world.settle().await;
        }
        assert!(world.ledger.history(world.logs[0]).len() > 2);
        Self { world, server }
    }

    /// Someone writes past the service.
    pub(crate) fn sql(&self, statements: &str) {
        match &self.server {
            Some(server) => psql(&server.database(), statements),
            None => {
                let python = std::env::var_os("CHARTSEAL_PYTHON");
                let status = Command::new(python.unwrap_or_else(|| "python3".into()))
                    .args(["-c", RUN])
                    .arg(self.world.folder.path().join("db"))
                    .arg(statements)
                    .status();
                assert!(status.expect("Python 3").success(), "{statements}");
            }
        }
    }

    /// This number of bytes of a value, as SQL.
    fn bytes(&self, byte: u8, count: usize) -> String {
        let digits = hex::encode(vec![byte; count]);
        match self.server {
            Some(_) => format!("'\\x{digits}'::bytea"),
            None => format!("x'{digits}'"),
        }
    }

    fn check_with(&self) -> LogCheck<crate::ledger::memory::MemoryLedger> {
        let world = &self.world;
        let signed = SignedFile::new(world.folder.path().join("signed.json"));
        LogCheck::new(world.store.clone(), world.clock.clone())
            .with_signed(Arc::new(signed))
            .with_chain(
                Arc::new(world.ledger.clone()),
                FinalityRule::Depth(FINAL_DEPTH as u64),
            )
    }

    async fn check(&self) -> Vec<CheckedLog> {
        let name = &self.world.facilities[0].name;
        self.check_with().check(Some(name)).await.unwrap()
    }

    /// What is found, as `kind place`.
    async fn found(&self) -> Vec<String> {
        let logs = self.check().await;
        let named = logs.iter().flat_map(|log| &log.findings.named);
        named
            .map(|finding| format!("{} {}", finding.kind, finding.place))
            .collect()
    }
}

async fn a_log_that_fits_has_no_findings(mut site: Site) {
    let logs = site.check_with().check(None).await.unwrap();
    assert_eq!(logs.len(), 2);
    let log = &logs[0];
    assert_eq!(
        (log.leaves, log.checkpoints, log.findings.total()),
        (700, 2, 0),
        "{log:?}"
    );
    // The newest heartbeat is not final yet.
    let history = site.world.ledger.history(site.world.logs[0]).len() as u64;
    assert_eq!(log.anchors, history);
    let compared =
        matches!(log.chain, ChainPart::Compared { events, uncompared: 0 } if events + 1 >= history);
    assert!(compared, "{log:?}");
    assert_eq!((logs[1].leaves, logs[1].findings.total()), (0, 0));
    // Leaves that no checkpoint covers yet, and more than one step.
    site.world.plant(0, 66_000).await;
    site.world.service.step_sequence().await.unwrap();
    assert_eq!(site.found().await, Vec::<String>::new());
    site.world.settle().await;
    assert_eq!(site.found().await, Vec::<String>::new());
}

async fn every_fault_is_named_where_it_is(mut site: Site) {
    for table in ["log", "leaf", "tile", "checkpoint", "anchor"] {
        site.sql(&format!(
            "CREATE TABLE kept_{table} AS SELECT * FROM {table}"
        ));
    }
    for change in faults::all(&site) {
        site.sql(&change.sql);
        let named = site.found().await;
        for one in change.found {
            let is_named = named.iter().any(|name| name.starts_with(one));
            assert!(is_named, "{}: {one} in {named:?}", change.sql);
        }
        // Nothing else is accused.
        let expected = |name: &String| change.found.iter().any(|one| name.starts_with(one));
        assert!(named.iter().all(expected), "{}: {named:?}", change.sql);
        site.sql(&change.undone());
        assert_eq!(site.found().await, Vec::<String>::new(), "{}", change.sql);
    }
    let (one, log) = (site.bytes(7, 32), faults::LOG);
    // Nothing tells a leaf without checkpoint from its tile.
    site.world.plant(0, 3).await;
    site.world.service.step_sequence().await.unwrap();
    site.sql(&format!(
        "UPDATE leaf SET commitment = {one} WHERE idx = 702 AND {log}"
    ));
    assert_eq!(site.found().await, ["entry-or-tile 702"]);
    // More than are named.
    site.sql(&format!("DELETE FROM leaf WHERE idx < 300 AND {log}"));
    let logs = site.check().await;
    assert_eq!(logs[0].findings.count(FindingKind::NoEntry), 300);
    assert_eq!(logs[0].findings.named.len(), 100);
}

async fn what_the_chain_knows_better_is_named(site: Site) {
    let world = &site.world;
    let (log_id, head) = (
        world.logs[0],
        *world.ledger.history(world.logs[0]).last().unwrap(),
    );
    let strange = Extension {
        log_id,
        seq: head.seq + 1,
        size: head.size,
        root: head.root,
        consistency: Vec::new(),
    };
    world.ledger.intrude(vec![strange], world.clock.now());
    assert_eq!(site.found().await, Vec::<String>::new(), "not final yet");
    for _ in 0..FINAL_DEPTH {
        world.mine();
    }
    assert_eq!(site.found().await, [format!("no-anchor {}", head.seq + 1)]);
    world.ledger.faults.set_away(true);
    let logs = site.check().await;
    assert!(matches!(&logs[0].chain, ChainPart::Failed(problem) if problem.contains("simulated")));
    assert_eq!(logs[0].findings.total(), 0);
}

async fn what_its_keys_signed_last_is_held_against_it(site: Site) {
    let file = site.world.folder.path().join("signed.json");
    let states = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(site.found().await, ["signed-state 0"]);
    let text = String::from_utf8(states.clone()).unwrap();
    fs::write(&file, text.replace("\\n700\\n", "\\n900\\n")).unwrap();
    assert_eq!(site.found().await, ["size 700", "no-checkpoint 900"]);
    fs::write(&file, text.replace("\\n700\\n", "\\n600\\n")).unwrap();
    assert_eq!(site.found().await, ["signed-state 600", "signed-state 600"]);
    // A log that the database has lost whole.
    let origin = site.check().await[0].origin.clone();
    let (host, _) = origin.split_once("/log/").unwrap();
    let gone = format!("{host}/log/gone/2");
    fs::write(&file, text.replace(&origin, &gone)).unwrap();
    assert_eq!(site.found().await, ["signed-state 0"], "of this facility");
    let logs = site.check_with().check(None).await.unwrap();
    let missing = logs.last().unwrap();
    assert_eq!(
        (missing.facility.as_str(), &missing.origin),
        ("gone", &gone)
    );
    assert_eq!(missing.findings.count(FindingKind::NoLog), 1);
    let named: Vec<_> = missing.findings.named.iter().collect();
    assert!(named.len() == 1 && named[0].place == gone, "{named:?}");
    fs::write(&file, states).unwrap();
    assert_eq!(site.found().await, Vec::<String>::new());
}

async fn a_check_is_made_once_and_kept(mut site: Site) {
    let checks = site.world.service.status().checks().clone();
    assert_eq!((checks.ended(), checks.counts().len()), (None, 0));
    site.sql("DELETE FROM leaf WHERE idx = 3");
    assert_eq!(site.world.service.step_check().await, Ok(1));
    assert_eq!(checks.ended(), Some(site.world.clock.now()));
    let name = site.world.facilities[0].name.clone();
    assert_eq!(checks.counts()[&(name.clone(), FindingKind::NoEntry)], 1);
    assert_eq!(checks.counts()[&(name, FindingKind::Tile)], 0);
    assert_eq!(
        site.world.service.step_check().await,
        Ok(0),
        "not again before the night"
    );
    site.world.clock.advance_millis(86_400_000);
    assert_eq!(site.world.service.step_check().await, Ok(1));
}

async fn old_anchors_are_thinned_and_every_leaf_keeps_one(mut site: Site) {
    let world = &mut site.world;
    for _ in 0..12 {
        world.plant(0, 5).await;
        world.settle().await;
        world.clock.advance_millis(600_000);
    }
    let log = site.log().await;
    let before = site.counts(log).await;
    assert_eq!(site.world.service.step_check().await, Ok(0));
    assert_eq!(site.counts(log).await, before, "nothing is old");
    site.world.clock.advance_millis(8 * 86_400_000);
    assert_eq!(site.world.service.step_check().await, Ok(0));
    let after = site.counts(log).await;
    // Three hours and a newest heartbeat, with their checkpoints and transactions.
    assert!(
        after.0 < 8 && after.0 < before.0 / 4,
        "{before:?} {after:?}"
    );
    assert!(
        after.1 < before.1 && after.2 < before.2,
        "{before:?} {after:?}"
    );
    let covered = site.world.store.read("covered", move |r| {
        let size = r.logs().get(log)?.unwrap().size;
        for index in 0..size {
            let anchor = r.anchors().covering(log, index)?.unwrap();
            let checkpoint = r.logs().checkpoint(log, anchor.new.size)?.unwrap();
            assert_eq!(checkpoint.root, anchor.new.root, "leaf {index}");
            let first = r.anchors().final_anchors(log, u32::MAX)?;
            let first = first.iter().filter(|one| one.new.size == anchor.new.size);
            assert_eq!(first.map(|one| one.new.seq).min(), Some(anchor.new.seq));
        }
        Ok(size)
    });
    assert_eq!(covered.await.unwrap(), 760);
    // What went is no finding, and what was cut is.
    assert_eq!(site.found().await, Vec::<String>::new());
    let seqs = site
        .world
        .store
        .read("kept", move |r| r.anchors().final_anchors(log, 100));
    let oldest = seqs.await.unwrap().last().unwrap().new.seq;
    site.sql(&format!("DELETE FROM anchor WHERE seq = {oldest}"));
    assert_eq!(site.found().await, [format!("no-anchor {oldest}")]);
    // A log that does not fit is left as it is.
    site.sql("DELETE FROM leaf WHERE idx = 3");
    let before = site.counts(log).await;
    site.world.clock.advance_millis(86_400_000);
    assert_eq!(site.world.service.step_check().await, Ok(2));
    assert_eq!(site.counts(log).await, before);
    // The service goes on from there.
    site.world.plant(0, 5).await;
    site.world.settle().await;
}

impl Site {
    async fn log(&self) -> store::LogRowId {
        let facility = self.world.facilities[0].id;
        let found = self
            .world
            .store
            .read("log", move |r| r.logs().find(facility));
        found.await.unwrap().unwrap().id
    }

    /// Rows of anchors, of checkpoints, and of transactions.
    async fn counts(&self, log: store::LogRowId) -> (usize, usize, usize) {
        let count = move |r: &mut store::Reader| {
            let anchors = r.log_pages().anchors(log, i64::MIN, u32::MAX)?.len();
            let checkpoints = r.log_pages().checkpoints(log, i64::MIN, u32::MAX)?.len();
            let posts = r.posts().list(&[store::PostState::Final])?.len();
            Ok((anchors, checkpoints, posts))
        };
        self.world.store.read("counts", count).await.unwrap()
    }
}

/// No proof needs it.
async fn a_checkpoint_that_is_neither_an_anchors_nor_the_newest_is_cut_unseen(mut site: Site) {
    site.world.plant(0, 5).await;
    site.world.service.step_sequence().await.unwrap();
    assert_eq!(site.world.service.step_checkpoint().await, Ok(1));
    site.world.plant(0, 5).await;
    site.world.settle().await;
    let sizes = site.world.ledger.history(site.world.logs[0]);
    assert!(sizes.iter().all(|head| head.size != 705));
    let log = faults::LOG;
    site.sql(&format!(
        "DELETE FROM checkpoint WHERE size = 705 AND {log}"
    ));
    assert_eq!(site.found().await, Vec::<String>::new(), "unseen");
}
