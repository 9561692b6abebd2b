//! The sweep as a job of a process: taken, left, gone on with, and not stopped by rows that
//! nobody sealed.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    records,
    sweep::{HERE, LOG, site, whole, whole_of},
};
use devkit::issuer::DemoUser;
use gateway::work::{
    jobs::Turn,
    sweep::{FaultKind, Pass, SweepState, Sweeper, SweptTable},
};
use std::time::Duration;

on_both! {
    a_fault_is_shown_until_a_later_sweep_is_clean,
    a_sweep_goes_on_where_it_was,
    one_of_two_processes_sweeps,
    a_row_that_nobody_sealed_stops_no_sweep,
    an_earlier_row_takes_no_fault_away,
    a_deleted_row_makes_no_sweep_younger,
    a_leaf_renamed_between_the_passes_is_named,
    a_log_that_cannot_be_read_holds_up_nobody,
    sweeps_follow_each_other,
    steps_follow_faster_when_the_configured_time_runs_out,
}

/// A process at the sweep of a house.
fn sweeper(house: &House) -> Sweeper {
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    Sweeper::new(&house.app, &facility, Duration::ZERO).unwrap()
}

fn status(house: &House) -> SweepState {
    let facility = house.app.facility(&HOME.parse().unwrap());
    facility.unwrap().sweep.read()
}

/// Turns until the sweep is whole; gives how many there were.
async fn to_the_end(sweeper: &mut Sweeper) -> usize {
    for turns in 0..100 {
        match sweeper.turn().await.unwrap() {
            Turn::Worked => {}
            Turn::Rested(_) => return turns,
            Turn::StoodBy => panic!("another has it"),
        }
    }
    panic!("the sweep does not end");
}

const CUT: &str = "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)";

async fn a_fault_is_shown_until_a_later_sweep_is_clean(kind: Kind) {
    let house = site(kind).await;
    let faults = || status(&house).faults(FaultKind::NoRow);
    house.sql(&format!("CREATE TABLE kept AS SELECT * FROM audit; {CUT}"));
    let mut first = sweeper(&house);
    to_the_end(&mut first).await;
    assert_eq!(faults(), 1);
    house.sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept");
    house.clock.set(1);
    let mut second = sweeper(&house);
    for _ in 0..3 {
        second.turn().await.unwrap();
        assert_eq!(faults(), 1, "until the end");
    }
    to_the_end(&mut second).await;
    assert_eq!(faults(), 0);
}

async fn a_sweep_goes_on_where_it_was(kind: Kind) {
    let house = site(kind).await;
    let mut first = sweeper(&house);
    for _ in 0..4 {
        assert_eq!(first.turn().await.unwrap(), Turn::Worked);
    }
    let before = status(&house).running.unwrap();
    assert!(before.rows > 0);
    // Cut off, its lease runs out.
    drop(first);
    house.clock.set(61);
    let mut second = sweeper(&house);
    assert_eq!(second.turn().await.unwrap(), Turn::Worked);
    let after = status(&house).running.unwrap();
    assert_eq!(after.started, before.started);
    assert!(after.rows >= before.rows);
    assert_ne!(after.pass, before.pass);
    to_the_end(&mut second).await;
    let last = status(&house).last.unwrap();
    assert_eq!(last.rows, whole(&house).await.rows, "nothing is left out");
}

async fn one_of_two_processes_sweeps(kind: Kind) {
    let house = site(kind).await;
    let (mut first, mut second) = (sweeper(&house), sweeper(&house));
    assert_eq!(first.turn().await.unwrap(), Turn::Worked);
    assert_eq!(second.turn().await.unwrap(), Turn::StoodBy);
    assert_eq!(first.turn().await.unwrap(), Turn::Worked);
    let started = status(&house).running.unwrap().started;
    first.release().await;
    assert_eq!(second.turn().await.unwrap(), Turn::Worked);
    assert_eq!(status(&house).running.unwrap().started, started);
    assert_eq!(first.turn().await.unwrap(), Turn::StoodBy);
    to_the_end(&mut second).await;
    // What the other has swept need not be swept again.
    assert!(matches!(first.turn().await.unwrap(), Turn::Rested(_)));
}

async fn a_row_that_nobody_sealed_stops_no_sweep(kind: Kind) {
    let house = site(kind).await;
    let mut first = sweeper(&house);
    first.turn().await.unwrap();
    house.sql("CREATE TABLE early AS SELECT * FROM job");
    to_the_end(&mut first).await;
    let ended = status(&house).last.unwrap();
    let forever = i64::MAX;
    let early = "DELETE FROM job; INSERT INTO job SELECT * FROM early; UPDATE job SET until_ms = 0";
    let forgeries = [
        // A lease that never ends, of nobody.
        (format!("UPDATE job SET until_ms = {forever}"), true),
        (
            format!("UPDATE job SET until_ms = {forever}, holder = envelope"),
            true,
        ),
        ("UPDATE job SET time_ms = time_ms + 1".to_owned(), false),
        ("UPDATE job SET envelope = holder".to_owned(), false),
        ("UPDATE job SET data_key_id = envelope".to_owned(), false),
        ("UPDATE job SET kind = 'other'".to_owned(), true),
        (early.to_owned(), true),
    ];
    for (second, (forged, opens)) in (1..).zip(forgeries) {
        house.clock.set(second);
        house.sql(&forged);
        house.sql(CUT);
        let mut next = sweeper(&house);
        assert_eq!(next.turn().await.unwrap(), Turn::Worked, "{forged}");
        to_the_end(&mut next).await;
        let last = status(&house).last.unwrap();
        assert!(last.started >= ended.started, "{forged}");
        assert!(last.faults.count(FaultKind::NoRow) > 0, "{forged}");
        let told = last.faults.count(FaultKind::Progress) > 0;
        assert_eq!(told, !opens, "{forged}");
    }
}

async fn an_earlier_row_takes_no_fault_away(kind: Kind) {
    let house = site(kind).await;
    let faults = || status(&house).faults(FaultKind::NoRow);
    let mut first = sweeper(&house);
    first.turn().await.unwrap();
    house.sql(&format!("CREATE TABLE early AS SELECT * FROM job; {CUT}"));
    to_the_end(&mut first).await;
    assert_eq!(faults(), 1);
    // Of the same sweep, and held by nobody.
    house.sql(
        "DELETE FROM job; INSERT INTO job SELECT * FROM early; UPDATE job SET holder = envelope",
    );
    let mut second = sweeper(&house);
    assert_eq!(second.turn().await.unwrap(), Turn::StoodBy);
    assert_eq!(faults(), 1);
    house.sql("DELETE FROM job");
    assert_eq!(second.turn().await.unwrap(), Turn::Worked);
    assert_eq!(faults(), 1);
}

async fn a_deleted_row_makes_no_sweep_younger(kind: Kind) {
    let house = site(kind).await;
    sweeper(&house).turn().await.unwrap();
    let since = status(&house).since().unwrap();
    house.clock.set(100);
    house.sql("DELETE FROM job");
    let mut second = sweeper(&house);
    assert_eq!(second.turn().await.unwrap(), Turn::Worked);
    assert_eq!(status(&house).since(), Some(since), "it is late from then");
    to_the_end(&mut second).await;
    assert!(status(&house).since().unwrap() > since);
}

async fn a_leaf_renamed_between_the_passes_is_named(kind: Kind) {
    let house = site(kind).await;
    house.sql(&format!("DELETE FROM version WHERE {HERE} AND version = 3"));
    let mut only = sweeper(&house);
    let rows_are_next = || {
        let pass = status(&house).running.map(|running| running.pass);
        matches!(
            pass,
            None | Some(
                Pass::Rules
                    | Pass::Statements { .. }
                    | Pass::Versions { .. }
                    | Pass::Cards { .. }
                    | Pass::Heads { .. }
                    | Pass::Uncarded { .. }
                    | Pass::Audits { .. }
            )
        )
    };
    while rows_are_next() {
        assert_eq!(only.turn().await.unwrap(), Turn::Worked);
    }
    // The version before it, whose leaf was looked at with it.
    house.sql(&format!(
        "UPDATE leaf SET version = 2 WHERE {LOG} AND version = 3"
    ));
    to_the_end(&mut only).await;
    let last = status(&house).last.unwrap();
    assert_eq!(last.faults.count(FaultKind::ManyLeaves), 2);
    let named = last.faults.named.iter();
    let leaves = named.filter(|fault| fault.table == SweptTable::Leaf && fault.index.is_some());
    assert_eq!(leaves.count(), 2, "{:?}", last.faults.named);
}

async fn a_log_that_cannot_be_read_holds_up_nobody(kind: Kind) {
    let house = site(kind).await;
    let short = match kind {
        Kind::Sqlite => "x'07'",
        Kind::Postgres => "decode('07', 'hex')",
    };
    house.sql(&format!(
        "INSERT INTO log (facility_id, epoch, origin, log_id, public_key, size)
            SELECT id, 1, 'example.org/log/{OTHER}', {short}, {short}, 0 FROM facility
            WHERE name = '{OTHER}'"
    ));
    assert_eq!(whole(&house).await.faults.named, Vec::new());
    to_the_end(&mut sweeper(&house)).await;
    let other = whole_of(&house, OTHER).await;
    let of_log = other.faults.count(FaultKind::Log);
    assert_eq!((of_log, other.faults.total()), (1, 1));
}

async fn sweeps_follow_each_other(kind: Kind) {
    let house = site(kind).await;
    let mut only = sweeper(&house);
    to_the_end(&mut only).await;
    let first = status(&house).last.unwrap();
    let Turn::Rested(until) = only.turn().await.unwrap() else {
        panic!("it is done");
    };
    let rest = until.as_millis() - first.started.as_millis();
    assert_eq!(rest, 3_600_000, "a small database once an hour");
    house.clock.set(3_601);
    assert_eq!(only.turn().await.unwrap(), Turn::Worked);
    to_the_end(&mut only).await;
    let second = status(&house).last.unwrap();
    assert!(second.started > first.started);
    // A process that starts does not wait for it.
    assert_eq!(sweeper(&house).turn().await.unwrap(), Turn::Worked);
}

async fn steps_follow_faster_when_the_configured_time_runs_out(kind: Kind) {
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    for (within, late_after) in [(2, 3_601), (24, 43_201)] {
        let house = House::start_with(kind, |settings| settings.sweep_within = hours(within)).await;
        let system = house.caller(&DemoUser::System);
        for value in ["a", "b"] {
            system.create("Patient", records::patient(value)).await;
        }
        let mut only = sweeper(&house);
        let done = || status(&house).running.map_or(0, |job| job.millionths());
        while done() == 0 {
            assert_eq!(only.turn().await.unwrap(), Turn::Worked);
        }
        assert!(!only.is_late(), "it has just begun");
        // Half of the time is for the sweep.
        house.clock.set(late_after);
        assert!(only.is_late(), "{within} hours");
    }
}
