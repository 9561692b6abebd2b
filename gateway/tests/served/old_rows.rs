//! What version 0.1 sealed says nothing for its row: it counts only beside the leaf that
//! commits to both.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    format_1::{Leaves, to_format_1},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::Value;

on_both! {
    an_old_version_counts_only_beside_its_leaf,
    an_old_audit_record_counts_only_beside_its_leaf,
    an_old_version_is_followed_by_one_of_now,
}

/// A patient with two observations, the first of two versions, all as version 0.1 sealed
/// them.
async fn old(kind: Kind) -> (House, Caller, String, [String; 2]) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("p")).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let record = records::observation(&patient);
        ids.push(system.create("Observation", record).await);
    }
    let record = records::with_id(records::observation(&patient), &ids[0]);
    let place = format!("Observation/{}", ids[0]);
    system.put(&place, record).await.expect(200);
    let mut leaves = Leaves::default();
    for place in [
        format!("Patient/{patient}/_history/1"),
        format!("{place}/_history/1"),
        format!("{place}/_history/2"),
        format!("Observation/{}/_history/1", ids[1]),
    ] {
        leaves.add(&system, &place).await;
    }
    let auditor = house.caller(&DemoUser::Auditor);
    let events = format!("AuditEvent?patient={patient}&_count=100");
    let page = auditor.get(&events).await.expect(200).json();
    for id in found(&page).0 {
        leaves.add(&auditor, &format!("AuditEvent/{id}")).await;
    }
    to_format_1(&house, kind, &leaves);
    let ids = [ids[0].clone(), ids[1].clone()];
    (house, system, patient, ids)
}

/// The ids that a search finds, and the number of its warnings.
fn found(page: &Value) -> (Vec<&str>, usize) {
    let entries = page["entry"].as_array().unwrap().iter();
    let (warnings, matches): (Vec<_>, Vec<_>) =
        entries.partition(|entry| entry["search"]["mode"] == "outcome");
    let ids = matches.iter().map(|entry| entry.pointer("/resource/id"));
    (
        ids.flatten().filter_map(Value::as_str).collect(),
        warnings.len(),
    )
}

/// The first observation is refused wherever it is met; the other is found.
async fn is_refused(system: &Caller, [edited, other]: &[String; 2], change: &str) {
    let place = format!("Observation/{edited}");
    for path in [
        place.clone(),
        format!("{place}/_history/2"),
        format!("{place}/_history/2/$proof"),
    ] {
        assert_eq!(system.get(&path).await.status, 500, "{path}: {change}");
    }
    assert_eq!(system.delete(&place).await.status, 500, "{change}");
    let page = system.get("Observation").await.expect(200).json();
    assert_eq!(found(&page), (vec![other.as_str()], 1), "{change}");
}

async fn an_old_version_counts_only_beside_its_leaf(kind: Kind) {
    let (house, system, _, ids) = old(kind).await;
    let place = format!("Observation/{}", ids[0]);
    system.get(&place).await.expect(200);
    system.get(&format!("{place}/_history/1")).await.expect(200);
    let page = system.get("Observation").await.expect(200).json();
    assert_eq!((found(&page).0.len(), found(&page).1), (2, 0));
    for (change, back) in [
        ("interaction = 'create'", "interaction = 'update'"),
        ("time_ms = time_ms + 1", "time_ms = time_ms - 1"),
        (
            "policy_number = policy_number + 1",
            "policy_number = policy_number - 1",
        ),
        (
            "padded_size = padded_size + 256",
            "padded_size = padded_size - 256",
        ),
    ] {
        let newest = "WHERE version = 2";
        house.sql(&format!("UPDATE version SET {change} {newest}"));
        is_refused(&system, &ids, change).await;
        house.sql(&format!("UPDATE version SET {back} {newest}"));
        system.get(&place).await.expect(200);
    }
    // A leaf of something else under its name, and then none.
    house.sql(
        "CREATE TABLE kept AS SELECT * FROM pending_leaf WHERE version = 2;
         UPDATE pending_leaf SET commitment =
             (SELECT o.commitment FROM pending_leaf o WHERE o.id =
                 (SELECT min(f.id) FROM pending_leaf f))
         WHERE version = 2",
    );
    is_refused(&system, &ids, "another leaf").await;
    house.sql("DELETE FROM pending_leaf WHERE version = 2");
    is_refused(&system, &ids, "no leaf").await;
    house.sql("INSERT INTO pending_leaf SELECT * FROM kept; DROP TABLE kept");
    system.get(&place).await.expect(200);
}

async fn an_old_audit_record_counts_only_beside_its_leaf(kind: Kind) {
    let (house, _, patient, _) = old(kind).await;
    let auditor = house.caller(&DemoUser::Auditor);
    let path = format!("AuditEvent?patient={patient}&_count=100");
    let count = |page: &Value| (found(page).0.len(), found(page).1);
    let (before, warnings) = count(&auditor.get(&path).await.expect(200).json());
    assert!(before >= 4, "{before}");
    assert_eq!(warnings, 0);
    let newest = "WHERE id = (SELECT max(id) FROM audit WHERE interaction = 'update')";
    for (change, back) in [
        ("interaction = 'delete' ", "interaction = 'update' "),
        ("time_ms = time_ms + 1", "time_ms = time_ms - 1"),
        (
            "policy_number = policy_number + 1",
            "policy_number = policy_number - 1",
        ),
        (
            "padded_size = padded_size + 256",
            "padded_size = padded_size - 256",
        ),
    ] {
        house.sql(&format!(
            "CREATE TABLE at AS SELECT id FROM audit {newest};
            UPDATE audit SET {change} WHERE id IN (SELECT id FROM at)"
        ));
        let page = auditor.get(&path).await.expect(200).json();
        assert_eq!(count(&page), (before - 1, 1), "{change}");
        house.sql(&format!(
            "UPDATE audit SET {back} WHERE id IN (SELECT id FROM at); DROP TABLE at"
        ));
        let page = auditor.get(&path).await.expect(200).json();
        assert_eq!(count(&page), (before, 0), "{change}");
    }
    // What stands in no leaf is not told by it; the events say what was sealed all the same.
    let before_edit = auditor.get(&path).await.expect(200).json();
    house.sql(&format!(
        "UPDATE audit SET outcome = 8, purpose = 'BTG', client_tag = NULL {newest}"
    ));
    let edited = auditor.get(&path).await.expect(200).json();
    assert_eq!(edited["entry"], before_edit["entry"], "unseen");
    house.sql(&format!(
        "DELETE FROM pending_leaf WHERE record_tag IN (SELECT record_tag FROM audit {newest})"
    ));
    let page = auditor.get(&path).await.expect(200).json();
    assert_eq!(count(&page), (before - 1, 1), "no leaf");
}

async fn an_old_version_is_followed_by_one_of_now(kind: Kind) {
    let (house, system, patient, ids) = old(kind).await;
    let place = format!("Observation/{}", ids[0]);
    let record = records::with_id(records::observation(&patient), &ids[0]);
    let put = system.put(&place, record).await.expect(200).json();
    assert_eq!(put["meta"]["versionId"], "3");
    // The new one needs no leaf to be read; the old ones do.
    house.sql("DELETE FROM pending_leaf WHERE version IN (2, 3)");
    system.get(&place).await.expect(200);
    assert_eq!(system.get(&format!("{place}/_history/2")).await.status, 500);
}
