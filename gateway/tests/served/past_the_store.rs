//! Someone who can write to the database and holds no key changes rows of records and
//! of the audit. What that does not bring about unseen, is refused.

use crate::{
    caller::{Caller, Reply},
    database::{IN_CIPHERTEXT, Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    a_newest_version_that_was_cut_is_refused_everywhere,
    a_record_without_rows_is_not_absent,
    a_version_cut_from_between_is_refused,
    what_a_row_says_in_clear_is_not_changed,
    envelopes_do_not_change_places,
    one_unreadable_record_leaves_the_others,
    one_unreadable_version_leaves_the_others,
    what_an_audit_row_says_in_clear_is_not_changed,
    an_audit_record_without_its_query_text_leaves_the_others,
    a_proof_is_of_the_leaf_that_commits_to_the_version,
    a_leaf_that_was_given_another_name_is_found_by_the_documented_query,
}

/// Two observations of one patient: the first with three versions, the second with one.
struct Site {
    house: House,
    system: Caller,
    patient: String,
    edited: String,
    other: String,
}

impl Site {
    async fn on(kind: Kind) -> Self {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let patient = system.create("Patient", records::patient("p")).await;
        let edited = system
            .create("Observation", records::observation(&patient))
            .await;
        let other = system
            .create("Observation", records::observation(&patient))
            .await;
        let site = Self {
            house,
            system,
            patient,
            edited,
            other,
        };
        for _ in 0..2 {
            site.put_edited().await.expect(200);
        }
        site
    }

    fn place(&self) -> String {
        format!("Observation/{}", self.edited)
    }

    async fn put_edited(&self) -> Reply {
        let record = records::with_id(records::observation(&self.patient), &self.edited);
        self.system.put(&self.place(), record).await
    }

    fn own_patient(&self) -> Caller {
        self.house.caller(&DemoUser::Patient {
            id: self.patient.parse().unwrap(),
        })
    }

    /// The edited record is refused wherever it is met, its number not given out, and
    /// everything else answered.
    async fn is_refused(&self) {
        let place = self.place();
        for path in [
            place.clone(),
            format!("{place}/_history/1"),
            format!("{place}/_history/3"),
            format!("{place}/_history"),
            format!("{place}/$proof"),
        ] {
            assert_eq!(self.system.get(&path).await.status, 500, "{path}");
        }
        assert_eq!(self.put_edited().await.status, 500);
        assert_eq!(self.system.delete(&place).await.status, 500);
        let entries = [("GET", place.as_str(), None)];
        let transaction = records::bundle("transaction", &entries);
        assert_eq!(self.system.post("", transaction).await.status, 500);
        self.others_are_found().await;
    }

    async fn others_are_found(&self) {
        let place = format!("Observation/{}", self.other);
        self.system.get(&place).await.expect(200);
        for query in ["Observation", "Observation?_sort=-_lastUpdated"] {
            let (ids, outcomes) = searched(&self.system, query).await;
            assert_eq!(ids, [self.other.as_str()], "{query}");
            is_warned(&outcomes);
        }
        let clinician = self.house.caller(&DemoUser::Clinician);
        let query = format!("Observation?patient={}&_total=accurate", self.patient);
        let (ids, outcomes) = searched(&clinician, &query).await;
        assert_eq!(ids, [self.other.as_str()]);
        is_warned(&outcomes);
        // Others might learn of a record that is hidden from them.
        let (ids, outcomes) = searched(&self.own_patient(), "Observation").await;
        assert_eq!(ids, [self.other.as_str()]);
        assert_eq!(outcomes, Vec::<Value>::new());
        let edited = self.place();
        let entries = [
            ("GET", edited.as_str(), None),
            ("GET", place.as_str(), None),
        ];
        let batch = self.system.post("", records::bundle("batch", &entries));
        let answers = batch.await.expect(200).json();
        let status = |entry: usize| answers["entry"][entry]["response"]["status"].clone();
        assert_eq!(status(0), "500 Internal Server Error");
        assert_eq!(status(1), "200 OK");
    }
}

/// The ids and the outcomes of a search.
pub async fn searched(caller: &Caller, query: &str) -> (Vec<String>, Vec<Value>) {
    let (mut ids, mut outcomes) = (Vec::new(), Vec::new());
    let page = caller.get(query).await.expect(200).json();
    for entry in page["entry"].as_array().unwrap_or(&Vec::new()) {
        if entry["search"]["mode"] == "outcome" {
            assert!(entry.get("fullUrl").is_none(), "{entry}");
            outcomes.push(entry["resource"].clone());
        } else {
            ids.push(entry["resource"]["id"].as_str().unwrap().to_owned());
        }
    }
    ids.sort();
    (ids, outcomes)
}

#[track_caller]
pub fn is_warned(outcomes: &[Value]) {
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    let issue = &outcomes[0]["issue"][0];
    assert_eq!(issue["severity"], "warning", "{issue}");
    assert_eq!(issue["code"], "incomplete", "{issue}");
}

async fn a_newest_version_that_was_cut_is_refused_everywhere(kind: Kind) {
    let site = Site::on(kind).await;
    site.house.sql("DELETE FROM version WHERE version = 3");
    site.is_refused().await;
    site.house.sql(
        "UPDATE link SET version = 2 WHERE version = 3;
         UPDATE token SET version = 2 WHERE version = 3",
    );
    site.is_refused().await;
    let another = site.house.caller(&DemoUser::System);
    assert_eq!(another.get(&site.place()).await.status, 500);
}

/// The leaf of a row that was cut has another name: no request notices, and the sweep does
/// (`sweep.rs`). The query of docs/threat-model.md finds the leaf, and nothing else.
async fn a_leaf_that_was_given_another_name_is_found_by_the_documented_query(kind: Kind) {
    let document = include_str!("../../../docs/threat-model.md");
    let (_, rest) = document.split_once("```sql\n").unwrap();
    let (query, _) = rest.split_once("```").unwrap();
    let site = Site::on(kind).await;
    let finds = |count: usize| {
        site.house.sql(&format!(
            "CREATE TABLE found_{count} (leaves INTEGER CHECK (leaves = {count}));
             INSERT INTO found_{count} SELECT count(*) FROM ({query}) AS found"
        ));
    };
    site.house.sql(
        "INSERT INTO leaf (log_id, idx, commitment, record_tag, version)
            SELECT 1, id, commitment, record_tag, version FROM pending_leaf;
         DELETE FROM pending_leaf",
    );
    finds(0);
    let name = kind.zeros(16);
    site.house.sql(&format!(
        "UPDATE leaf SET record_tag = {name} WHERE version = 3;
         DELETE FROM version WHERE version = 3;
         UPDATE link SET version = 2 WHERE version = 3;
         UPDATE token SET version = 2 WHERE version = 3"
    ));
    let read = site.system.get(&site.place()).await.expect(200);
    assert_eq!(read.json()["meta"]["versionId"], "2", "unseen");
    finds(1);
}

async fn a_record_without_rows_is_not_absent(kind: Kind) {
    let site = Site::on(kind).await;
    site.house.sql(
        "DELETE FROM version WHERE record_tag IN
            (SELECT record_tag FROM version WHERE version = 3);
         DELETE FROM link WHERE version = 3;
         DELETE FROM token WHERE version = 3",
    );
    let place = site.place();
    assert_eq!(site.system.get(&place).await.status, 500);
    assert_eq!(site.put_edited().await.status, 500, "a create by PUT");
    assert_eq!(site.system.delete(&place).await.status, 500);
    let history = site.system.get(&format!("{place}/_history")).await;
    assert_eq!(history.status, 500);
    // What never was is absent as before.
    site.system.get("Observation/never").await.expect(404);
}

async fn a_version_cut_from_between_is_refused(kind: Kind) {
    let site = Site::on(kind).await;
    site.house.sql("DELETE FROM version WHERE version = 2");
    let place = site.place();
    site.system.get(&place).await.expect(200);
    let vread = site.system.get(&format!("{place}/_history/2")).await;
    assert_eq!(vread.status, 500);
    let history = site.system.get(&format!("{place}/_history")).await;
    assert_eq!(history.status, 500);
    let never = site.system.get(&format!("{place}/_history/4")).await;
    never.expect(404);
}

async fn what_a_row_says_in_clear_is_not_changed(kind: Kind) {
    let site = Site::on(kind).await;
    for (change, back) in [
        ("interaction = 'delete'", "interaction = 'update'"),
        ("interaction = 'create'", "interaction = 'update'"),
        ("time_ms = time_ms - 1", "time_ms = time_ms + 1"),
        (
            "policy_number = policy_number + 1",
            "policy_number = policy_number - 1",
        ),
        (
            "subject_tag = record_tag",
            "subject_tag = (SELECT subject_tag FROM version o WHERE o.version = 2)",
        ),
        (
            "padded_size = padded_size + 256",
            "padded_size = padded_size - 256",
        ),
    ] {
        let newest = "WHERE version = 3";
        site.house
            .sql(&format!("UPDATE version SET {change} {newest}"));
        let place = site.place();
        assert_eq!(site.system.get(&place).await.status, 500, "{change}");
        assert_eq!(site.put_edited().await.status, 500, "{change}");
        site.others_are_found().await;
        site.house
            .sql(&format!("UPDATE version SET {back} {newest}"));
        site.system.get(&place).await.expect(200);
    }
}

async fn envelopes_do_not_change_places(kind: Kind) {
    let site = Site::on(kind).await;
    let older = "(SELECT envelope FROM version o WHERE o.version = 2)";
    site.house.sql(&format!(
        "UPDATE version SET envelope = {older} WHERE version = 3"
    ));
    assert_eq!(site.system.get(&site.place()).await.status, 500);
    site.others_are_found().await;
    let vread = format!("{}/_history/2", site.place());
    site.system.get(&vread).await.expect(200);
}

async fn one_unreadable_record_leaves_the_others(kind: Kind) {
    let site = Site::on(kind).await;
    let flip = kind.flipped("envelope", IN_CIPHERTEXT);
    site.house
        .sql(&format!("UPDATE version SET {flip} WHERE version = 3"));
    assert_eq!(site.system.get(&site.place()).await.status, 500);
    site.others_are_found().await;
}

async fn one_unreadable_version_leaves_the_others(kind: Kind) {
    let site = Site::on(kind).await;
    let flip = kind.flipped("envelope", IN_CIPHERTEXT);
    site.house
        .sql(&format!("UPDATE version SET {flip} WHERE version = 2"));
    let place = format!("{}/_history", site.place());
    let history = site.system.get(&place).await.expect(200).json();
    let entries = history["entry"].as_array().unwrap();
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap().to_owned();
    let found: Vec<_> = entries.iter().map(status).collect();
    assert_eq!(
        found,
        ["200 OK", "500 Internal Server Error", "201 Created"]
    );
    assert!(entries[1].get("resource").is_none());
    assert_eq!(
        entries[1]["response"]["outcome"]["resourceType"],
        "OperationOutcome"
    );
    let own = site.own_patient().get(&place).await.expect(200).json();
    let found: Vec<_> = own["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(status)
        .collect();
    assert_eq!(found, ["200 OK", "201 Created"]);
    site.system.get(&site.place()).await.expect(200);
}

async fn an_audit_record_without_its_query_text_leaves_the_others(kind: Kind) {
    let site = Site::on(kind).await;
    let auditor = site.house.caller(&DemoUser::Auditor);
    let search = format!("Observation?patient={}", site.patient);
    site.system.get(&search).await.expect(200);
    site.system.get(&site.place()).await.expect(200);
    let path = format!("AuditEvent?patient={}&_count=100", site.patient);
    let warnings = async || {
        let page = auditor.get(&path).await.expect(200).json();
        let entries = page["entry"].as_array().cloned().unwrap_or_default();
        let mode = |entry: &&Value| entry["search"]["mode"] == "outcome";
        let warnings = entries.iter().filter(mode).count();
        (entries.len() - warnings, warnings)
    };
    let (before, none) = warnings().await;
    assert_eq!(none, 0);
    site.house.sql("DELETE FROM audit_query");
    let (after, one) = warnings().await;
    assert_eq!(one, 1);
    assert!(after < before && after >= 4, "{after} of {before}");
}

async fn what_an_audit_row_says_in_clear_is_not_changed(kind: Kind) {
    let site = Site::on(kind).await;
    let auditor = site.house.caller(&DemoUser::Auditor);
    let all = |page: Value| {
        let entries = page["entry"].as_array().cloned().unwrap_or_default();
        let mode = |entry: &Value| entry["search"]["mode"] == "outcome";
        let warnings = entries.iter().filter(|entry| mode(entry)).count();
        (entries.len() - warnings, warnings)
    };
    let path = format!("AuditEvent?patient={}&_count=100", site.patient);
    let (before, warnings) = all(auditor.get(&path).await.expect(200).json());
    assert!(before >= 4, "{before}");
    assert_eq!(warnings, 0);
    for change in [
        "outcome = 8",
        "interaction = 'read'",
        "purpose = 'BTG'",
        "user_tag = record_tag",
        "client_tag = NULL",
        "policy_number = 0",
        "padded_size = padded_size + 256",
    ] {
        let newest = "WHERE interaction IN ('update', 'read') AND id = \
            (SELECT max(id) FROM audit WHERE interaction = 'update')";
        site.house.sql(&format!(
            "CREATE TABLE kept AS SELECT * FROM audit;
             UPDATE audit SET {change} {newest}"
        ));
        let (shown, warnings) = all(auditor.get(&path).await.expect(200).json());
        assert_eq!((shown, warnings), (before - 1, 1), "{change}");
        for count in ["_summary=count", "_count=0"] {
            let path = format!("AuditEvent?patient={}&{count}", site.patient);
            let counted = auditor.get(&path).await.expect(200).json();
            assert_eq!(counted["total"], before - 1, "{change} {count}");
            assert_eq!(all(counted), (0, 1), "{change} {count}");
        }
        site.house.sql(
            "UPDATE audit SET
                outcome = (SELECT k.outcome FROM kept k WHERE k.id = audit.id),
                interaction = (SELECT k.interaction FROM kept k WHERE k.id = audit.id),
                purpose = (SELECT k.purpose FROM kept k WHERE k.id = audit.id),
                user_tag = (SELECT k.user_tag FROM kept k WHERE k.id = audit.id),
                client_tag = (SELECT k.client_tag FROM kept k WHERE k.id = audit.id),
                policy_number = (SELECT k.policy_number FROM kept k WHERE k.id = audit.id),
                padded_size = (SELECT k.padded_size FROM kept k WHERE k.id = audit.id)
             WHERE id IN (SELECT id FROM kept);
             DROP TABLE kept",
        );
        let (shown, warnings) = all(auditor.get(&path).await.expect(200).json());
        assert_eq!((shown, warnings), (before, 0), "{change}");
    }
}

async fn a_proof_is_of_the_leaf_that_commits_to_the_version(kind: Kind) {
    let site = Site::on(kind).await;
    let place = format!("{}/_history/3/$proof", site.place());
    let before = site.system.get(&place).await.expect(200).text;
    // A second leaf of the version: the proof goes on being of its own.
    let forged = "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version)
         SELECT facility_id, (SELECT commitment FROM pending_leaf o WHERE o.version = 2),
            record_tag, version FROM pending_leaf WHERE version = 3";
    site.house.sql(forged);
    assert_eq!(site.system.get(&place).await.expect(200).text, before);
    // And without its own there is none.
    site.house.sql(
        "DELETE FROM pending_leaf WHERE version = 3 AND commitment NOT IN
            (SELECT commitment FROM pending_leaf WHERE version = 2)",
    );
    assert_eq!(site.system.get(&place).await.status, 500);
    site.system.get(&site.place()).await.expect(200);
    let issue = site.system.get(&place).await;
    assert_eq!(issue.json()["resourceType"], json!("OperationOutcome"));
}
