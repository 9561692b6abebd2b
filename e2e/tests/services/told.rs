//! What `/metrics` and the log of `chartseal serve` say of rows that somebody without the
//! keys has changed.

use crate::{
    installation::{HOME, metric},
    one_process::OneProcess,
};

/// A series of the facility, with these labels before its name.
fn of_home(watch: u16, name: &str, labels: &str) -> f64 {
    metric(watch, &format!("{name}{{{labels}facility=\"{HOME}\"}}"))
}

#[track_caller]
fn assert_is(value: f64, expected: f64) {
    assert!((value - expected).abs() < f64::EPSILON, "{value}");
}

#[test]
fn damaged_rows_and_refused_rules_are_in_the_metrics_and_the_log() {
    let one = OneProcess::go_live("");
    let service = one.start();
    let system = one.system();
    let version = system.create_patient("Quintessa");
    let damaged = |damage: &str| {
        let labels = format!("damage=\"{damage}\",");
        of_home(one.watch, "chartseal_damaged_rows_total", &labels)
    };
    let number = || of_home(one.watch, "chartseal_policy_set_number", "");
    let refused = || of_home(one.watch, "chartseal_rules_refused", "");
    for damage in ["unreadable", "missing", "leaf"] {
        assert_is(damaged(damage), 0.0);
    }
    assert_is(number(), 1.0);
    assert_is(refused(), 0.0);

    one.house
        .sql("UPDATE version SET padded_size = padded_size + 256");
    drop(system.at.get(&version).expect(500, "a damaged row"));
    assert_is(damaged("unreadable"), 1.0);
    one.house
        .sql("UPDATE version SET padded_size = padded_size - 256");
    drop(system.at.get(&version).expect(200, "as it was"));

    // The set opens no more, and the moved epoch has it read at the next request.
    one.house.sql(&format!(
        "UPDATE policy_set SET envelope = zeroblob(512);
         INSERT OR REPLACE INTO epoch (facility_id, scope_tag, number)
            SELECT id, zeroblob(16), 1000 FROM facility WHERE name = '{HOME}'"
    ));
    drop(system.at.get(&version).expect(403, "nobody is known"));
    assert_is(number(), 0.0);
    assert_is(refused(), 1.0);
    assert!(of_home(one.watch, "chartseal_rules_refused_total", "") >= 1.0);

    let logged = service.logged();
    assert!(service.stop().success());
    for told in ["a stored row was refused", "what decides was changed"] {
        assert!(logged.contains(told), "{told}: {logged}");
    }
    let id = version.split('/').nth(1).unwrap();
    assert!(
        !logged.contains("Quintessa") && !logged.contains(id),
        "{logged}"
    );
}
