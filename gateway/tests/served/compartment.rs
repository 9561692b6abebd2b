//! Searches of a patient's compartment, of one type and of all: who is in it goes by R4's
//! patient compartment, pages go to the end, and nothing hidden shows.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    any_parameter_of_the_compartment_makes_a_member,
    a_type_is_searched_by_all_its_parameters,
    all_types_come_in_pages_to_the_end,
    what_is_hidden_answers_as_what_is_absent,
    entries_of_bundles_search_compartments,
    cards_that_were_cut_or_edited_are_missed,
    a_compartment_of_too_many_records_is_too_costly,
    cards_of_a_compartment_are_paid_for,
    other_paths_and_parameters_are_refused,
}

/// The records that a searchset shows as matches, as `Type/id`, in their order.
pub fn matches(reply: &Reply) -> Vec<String> {
    shown(reply, "match")
}

/// The records of a searchset of one mode.
pub fn shown(reply: &Reply, mode: &str) -> Vec<String> {
    let body = reply.json();
    let entries = body["entry"].as_array().cloned().unwrap_or_default();
    let of_mode = entries
        .iter()
        .filter(|entry| entry["search"]["mode"] == mode);
    let name = |entry: &Value| {
        let text = |name: &str| {
            entry["resource"][name]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        format!("{}/{}", text("resourceType"), text("id"))
    };
    of_mode.map(name).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// All pages of a search; no page has more than it may.
pub async fn pages(caller: &Caller, path: &str, most: usize) -> Vec<String> {
    let mut page = caller.get(path).await.expect(200);
    let mut all = matches(&page);
    while let Some(next) = page.next() {
        assert!(matches(&page).len() <= most);
        let next = next.rsplit_once("/fhir/").unwrap().1.to_owned();
        page = caller.get(&next).await.expect(200);
        all.extend(matches(&page));
    }
    all
}

/// The codes of an allergy's status.
const ALLERGY_STATUS: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";

struct Site {
    house: House,
    system: Caller,
}

fn reference(to: &str) -> Value {
    json!({"reference": to})
}

fn observation(subject: &str, performer: &str, code: &str, date: &str) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "s", "code": code}]},
        "effectiveDateTime": date,
        "subject": reference(subject),
        "performer": [reference(performer)],
    })
}

/// The records beside the patients.
fn around() -> [(&'static str, &'static str, Value); 9] {
    [
        (
            "Observation",
            "one",
            observation("Patient/a", "Practitioner/p", "x", "2020"),
        ),
        (
            "Observation",
            "two",
            observation("Patient/a", "Practitioner/p", "y", "2021"),
        ),
        (
            "Observation",
            "both",
            observation("Patient/a", "Patient/b", "x", "2022"),
        ),
        (
            "Observation",
            "other",
            observation("Patient/b", "Patient/b", "x", "2020"),
        ),
        (
            "AllergyIntolerance",
            "recorded",
            json!({
                "resourceType": "AllergyIntolerance",
                "clinicalStatus": {"coding": [{"system": ALLERGY_STATUS, "code": "active"}]},
                "patient": reference("Patient/b"), "recorder": reference("Patient/a"),
            }),
        ),
        (
            "Schedule",
            "acts",
            json!({
                "resourceType": "Schedule", "actor": [reference("Patient/a")],
            }),
        ),
        (
            "Schedule",
            "elsewhere",
            json!({
                "resourceType": "Schedule", "actor": [reference("Practitioner/p")],
            }),
        ),
        (
            "Binary",
            "file",
            json!({
                "resourceType": "Binary", "contentType": "text/plain", "data": "eA==",
                "securityContext": reference("Patient/a"),
            }),
        ),
        ("Practitioner", "p", records::practitioner()),
    ]
}

impl Site {
    /// Patient `a` with records of several types, one of them also of `b`.
    async fn on(kind: Kind) -> Self {
        Self::with(kind, |_| {}).await
    }

    async fn with(kind: Kind, change: impl FnOnce(&mut gateway::Limits)) -> Self {
        let house = House::start_with(kind, |settings| change(&mut settings.limits)).await;
        let system = house.caller(&DemoUser::System);
        let site = Self { house, system };
        for id in ["a", "b"] {
            site.put("Patient", id, records::patient(id)).await;
        }
        for (kind, id, body) in around() {
            site.put(kind, id, body).await;
        }
        site.house.index().await;
        site
    }

    async fn put(&self, kind: &str, id: &str, mut body: Value) {
        body["id"] = id.into();
        let reply = self.system.put(&format!("{kind}/{id}"), body).await;
        reply.expect(201);
    }

    async fn found(&self, path: &str) -> Vec<String> {
        sorted(matches(&self.system.get(path).await.expect(200)))
    }
}

async fn any_parameter_of_the_compartment_makes_a_member(kind: Kind) {
    let site = Site::on(kind).await;
    for (path, expected) in [
        ("Patient/a/Observation", vec!["both", "one", "two"]),
        ("Patient/b/Observation", vec!["both", "other"]),
        ("Patient/a/AllergyIntolerance", vec!["recorded"]),
        ("Patient/b/AllergyIntolerance", vec!["recorded"]),
        ("Patient/a/Schedule", vec!["acts"]),
        ("Patient/b/Schedule", vec![]),
        ("Patient/a/Patient", vec!["a"]),
        ("Patient/nobody/Observation", vec![]),
    ] {
        let kind = path.rsplit_once('/').unwrap().1;
        let names: Vec<String> = expected.iter().map(|id| format!("{kind}/{id}")).collect();
        assert_eq!(site.found(path).await, names, "{path}");
    }
    let auditor = site.house.caller(&DemoUser::Auditor);
    let events = auditor.get("Patient/a/AuditEvent").await.expect(200);
    let link = events.link("self").unwrap();
    assert!(link.contains("AuditEvent?patient=a"), "{link}");
}

async fn a_type_is_searched_by_all_its_parameters(kind: Kind) {
    let site = Site::on(kind).await;
    let reply = site
        .system
        .get("Patient/a/Observation?code=s|x&_sort=-date")
        .await;
    let reply = reply.expect(200);
    assert_eq!(matches(&reply), ["Observation/both", "Observation/one"]);
    let link = reply.link("self").unwrap();
    assert!(link.contains("/Patient/a/Observation?code="), "{link}");
    let all = pages(&site.system, "Patient/a/Observation?_sort=date&_count=1", 1).await;
    assert_eq!(
        all,
        ["Observation/one", "Observation/two", "Observation/both"]
    );
    for (query, expected) in [
        ("subject=Patient/b", 0),
        ("performer=Patient/b", 1),
        ("_id=one,other", 1),
        ("code:not=s|x", 1),
        ("_summary=count&code=s|x", 2),
    ] {
        let path = format!("Patient/a/Observation?{query}&_total=accurate");
        let total = site.system.get(&path).await.expect(200).json()["total"].clone();
        assert_eq!(total, expected, "{query}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = Some("code=s|y".to_owned());
    let path = "Patient/a/Observation/_search?_count=5";
    let posted = site
        .system
        .send("POST", path, &form, body)
        .await
        .expect(200);
    assert_eq!(matches(&posted), ["Observation/two"]);
}

async fn all_types_come_in_pages_to_the_end(kind: Kind) {
    let site = Site::on(kind).await;
    let expected = [
        "AllergyIntolerance/recorded",
        "Observation/both",
        "Observation/one",
        "Observation/two",
        "Patient/a",
        "Schedule/acts",
    ];
    assert_eq!(site.found("Patient/a/*").await, expected);
    for query in ["_count=1", "_count=4", "_count=1&_sort=-_lastUpdated"] {
        let path = format!("Patient/a/*?{query}");
        let all = pages(&site.system, &path, 4).await;
        assert_eq!(sorted(all), expected, "{query}");
    }
    for (query, expected) in [
        ("_type=Schedule,Flag", vec!["Schedule/acts"]),
        (
            "_id=one,acts,elsewhere",
            vec!["Observation/one", "Schedule/acts"],
        ),
        ("_lastUpdated=lt2020", vec![]),
        ("_tag=none", vec![]),
    ] {
        assert_eq!(site.found(&format!("Patient/a/*?{query}")).await, expected);
    }
    let counted = site
        .system
        .get("Patient/a/*?_summary=count")
        .await
        .expect(200);
    assert_eq!(counted.json()["total"], 6);
}

async fn what_is_hidden_answers_as_what_is_absent(kind: Kind) {
    let site = Site::on(kind).await;
    let id = "c".parse().unwrap();
    let stranger = site.house.caller(&DemoUser::Patient { id });
    for form in [
        "*",
        "*?_total=accurate",
        "Observation",
        "Observation?_summary=count",
        "Schedule?_total=accurate",
    ] {
        let told = |patient: &str, reply: &Reply| {
            let text = reply.text.replace(&format!("Patient/{patient}/"), "");
            (reply.status, text)
        };
        let mut answers = Vec::new();
        for patient in ["a", "nobody"] {
            let reply = stranger.get(&format!("Patient/{patient}/{form}")).await;
            assert!(!reply.text.contains(records::NAME));
            answers.push(told(patient, &reply));
        }
        assert_eq!(answers[0], answers[1], "{form}");
        assert_eq!(answers[0].0, 200, "{form}");
    }
    let own = site.house.caller(&DemoUser::Patient {
        id: "a".parse().unwrap(),
    });
    let seen = sorted(matches(
        &own.get("Patient/a/*?_total=accurate").await.expect(200),
    ));
    // What names another patient too is not shown.
    assert_eq!(
        seen,
        [
            "Observation/one",
            "Observation/two",
            "Patient/a",
            "Schedule/acts"
        ]
    );
    let narrow = site.house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "system/Schedule.rs".into();
    });
    assert_eq!(
        matches(&narrow.get("Patient/a/*").await.expect(200)),
        ["Schedule/acts"]
    );
    narrow.get("Patient/a/*?_type=Flag").await.expect(403);
    narrow.get("Patient/a/Observation").await.expect(403);
}

async fn entries_of_bundles_search_compartments(kind: Kind) {
    let site = Site::on(kind).await;
    let new = observation("Patient/a", "Patient/b", "z", "2023");
    let entries = [
        ("PUT", "Observation/new", Some(records::with_id(new, "new"))),
        ("DELETE", "Observation/one", None),
        ("GET", "Patient/b/Observation?code=z", None),
        ("GET", "/Patient/a/*?_type=Observation", None),
    ];
    let bundle = records::bundle("transaction", &entries);
    let reply = site.system.post("", bundle).await.expect(200).json();
    let found = |at: usize| {
        let entries = reply["entry"][at]["resource"]["entry"].as_array().unwrap();
        let ids = entries
            .iter()
            .map(|entry| entry["resource"]["id"].to_string());
        sorted(ids.collect()).join(" ").replace('"', "")
    };
    assert_eq!(found(2), "new");
    assert_eq!(found(3), "both new two");
    assert_eq!(
        site.found("Patient/b/Observation?code=z").await,
        ["Observation/new"]
    );
}

async fn cards_that_were_cut_or_edited_are_missed(kind: Kind) {
    let site = Site::on(kind).await;
    site.house.sql("CREATE TABLE kept AS SELECT * FROM card");
    for (attack, path) in [
        (
            "DELETE FROM card WHERE resource_type = 'Schedule'",
            "Patient/a/Observation",
        ),
        (
            "DELETE FROM card WHERE resource_type = 'Observation'",
            "Patient/a/*",
        ),
        ("DELETE FROM card; DELETE FROM patient_head", "Patient/a/*"),
        (
            "UPDATE card SET resource_type = 'Flag' WHERE resource_type = 'Observation'",
            "Patient/a/*",
        ),
    ] {
        site.house
            .sql("CREATE TABLE heads AS SELECT * FROM patient_head");
        site.house.sql(attack);
        site.system.get(path).await.expect(500);
        site.house.sql(
            "DELETE FROM card; INSERT INTO card SELECT * FROM kept; DELETE FROM patient_head;
            INSERT INTO patient_head SELECT * FROM heads; DROP TABLE heads",
        );
        site.system.get(path).await.expect(200);
    }
}

async fn a_compartment_of_too_many_records_is_too_costly(kind: Kind) {
    let site = Site::with(kind, |limits| limits.searched_cards = 3).await;
    // Two of the patient and one of two patients.
    let names = ["Observation/both", "Observation/one", "Observation/two"];
    for path in ["Patient/a/Observation", "Patient/a/*?_type=Observation"] {
        assert_eq!(site.found(path).await, names, "{path}");
    }
    let three = observation("Patient/a", "Practitioner/p", "z", "2023");
    site.put("Observation", "three", three).await;
    for path in [
        "Patient/a/Observation",
        "Patient/a/*?_type=Observation",
        "Patient/a/*",
        "Patient/a/$everything",
    ] {
        let refused = site.system.get(path).await.expect(422);
        assert_eq!(refused.issue(), "too-costly", "{path}");
        for hint in ["more than 3", "`_type`"] {
            assert!(refused.text.contains(hint), "{}", refused.text);
        }
    }
    assert_eq!(site.found("Patient/a/Schedule").await, ["Schedule/acts"]);
}

async fn cards_of_a_compartment_are_paid_for(kind: Kind) {
    let site = Site::with(kind, |limits| limits.opened_records = 3).await;
    for number in 0..60 {
        let one = observation("Patient/a", "Practitioner/p", "z", "2023");
        site.put("Observation", &format!("more-{number}"), one)
            .await;
    }
    // A request may read 48.
    for path in ["Patient/a/Observation?code=none", "Patient/a/*?_id=none"] {
        let refused = site.system.get(path).await.expect(422);
        assert_eq!(refused.issue(), "too-costly", "{path}");
        let hint = "16 index cards";
        assert!(refused.text.contains(hint), "{}", refused.text);
    }
    let path = "Patient/b/Observation?_id=other";
    assert_eq!(site.found(path).await, ["Observation/other"]);
}

async fn other_paths_and_parameters_are_refused(kind: Kind) {
    let site = Site::on(kind).await;
    for (path, status, code) in [
        ("Patient/a/Practitioner", 400, "not-supported"),
        ("Patient/a/Binary", 400, "not-supported"),
        ("Patient/a/Zebra", 404, "not-supported"),
        ("Patient/a/$match", 404, "not-supported"),
        ("Patient/a_b/Observation", 400, "value"),
        ("Observation/one/Observation", 404, "not-supported"),
        ("Patient/a/*?code=x", 400, "not-supported"),
        ("Patient/a/*?_id:missing=true", 400, "not-supported"),
        ("Patient/a/*?_type=Practitioner", 400, "value"),
        ("Patient/a/*?_type=Flag&_type=Flag", 400, "invalid"),
        ("Patient/a/*?_sort=code", 400, "not-supported"),
        ("Patient/a/*?_lastUpdated=yesterday", 400, "value"),
        ("Patient/a/Observation?nothing=1", 400, "not-supported"),
        ("Patient/a/Observation?_cursor=x", 400, "value"),
    ] {
        let refused = site.system.get(path).await.expect(status);
        assert_eq!(refused.issue(), code, "{path}: {}", refused.text);
    }
    // A cursor is that of its own path.
    let page = site
        .system
        .get("Patient/a/Observation?_count=1")
        .await
        .expect(200);
    let next = page.next().unwrap();
    let cursor = next.rsplit_once("_cursor=").unwrap().1;
    for path in ["Patient/b/Observation", "Observation", "Patient/a/*"] {
        site.system
            .get(&format!("{path}?_cursor={cursor}"))
            .await
            .expect(400);
    }
}
