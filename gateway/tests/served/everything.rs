//! `$everything` of a patient: what is in it and what beside it, in pages to the end, decided
//! record by record.

use crate::{
    caller::{Caller, Reply},
    compartment::{matches, pages, shown},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    everything_of_a_patient_comes_in_pages_to_the_end,
    parameters_narrow_it_in_url_and_body,
    what_is_hidden_is_left_out_without_a_trace,
    it_is_audited_as_an_operation,
    what_it_does_not_read_is_refused,
}

struct Site {
    house: House,
    system: Caller,
}

fn reference(to: &str) -> Value {
    json!({"reference": to})
}

impl Site {
    async fn on(kind: Kind) -> Self {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let site = Self { house, system };
        let organization = json!({"resourceType": "Organization", "name": records::NAME});
        let medication = json!({"resourceType": "Medication", "code": {"text": "m"}});
        let mut patient = records::patient("a");
        patient["managingOrganization"] = reference("Organization/o");
        let encounter = json!({
            "resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
            "subject": reference("Patient/a"), "period": {"start": "2019-05-01", "end": "2019-05-03"},
            "participant": [{"individual": reference("Practitioner/p")}],
            "serviceProvider": reference("Organization/o"),
        });
        let request = json!({
            "resourceType": "MedicationRequest", "status": "active", "intent": "order",
            "subject": reference("Patient/a"), "authoredOn": "2021-02-03",
            "medicationReference": reference("Medication/m"),
            "requester": reference("Practitioner/absent"),
        });
        let mut both = records::observation("a");
        both["performer"] = json!([reference("Patient/b"), reference("Practitioner/q")]);
        let binary = json!({
            "resourceType": "Binary", "contentType": "text/plain", "data": "eA==",
            "securityContext": reference("Patient/a"),
        });
        let records = [
            ("Organization", "o", organization),
            ("Practitioner", "p", records::practitioner()),
            ("Practitioner", "q", records::practitioner()),
            ("Medication", "m", medication),
            ("Patient", "a", patient),
            ("Patient", "b", records::patient("b")),
            ("Encounter", "e", encounter),
            ("MedicationRequest", "r", request),
            ("Observation", "both", both),
            ("Observation", "other", records::observation("b")),
            ("Binary", "file", binary),
        ];
        for (kind, id, body) in records {
            let body = records::with_id(body, id);
            site.system
                .put(&format!("{kind}/{id}"), body)
                .await
                .expect(201);
        }
        site.house.index().await;
        site
    }

    async fn matches(&self, query: &str) -> Vec<String> {
        let path = format!("Patient/a/$everything{query}");
        let mut all = matches(&self.system.get(&path).await.expect(200));
        all.sort();
        all
    }
}

fn included(reply: &Reply) -> Vec<String> {
    let mut all = shown(reply, "include");
    all.sort();
    all
}

const ALL: [&str; 5] = [
    "Binary/file",
    "Encounter/e",
    "MedicationRequest/r",
    "Observation/both",
    "Patient/a",
];
const BESIDE: [&str; 4] = [
    "Medication/m",
    "Organization/o",
    "Practitioner/p",
    "Practitioner/q",
];

async fn everything_of_a_patient_comes_in_pages_to_the_end(kind: Kind) {
    let site = Site::on(kind).await;
    assert_eq!(site.matches("").await, ALL);
    let whole = site.system.get("Patient/a/$everything").await.expect(200);
    assert_eq!(matches(&whole)[0], "Patient/a");
    assert_eq!(included(&whole), BESIDE);
    assert_eq!(whole.json()["type"], "searchset");
    for count in [1, 2, 4] {
        let path = format!("Patient/a/$everything?_count={count}");
        let mut all = pages(&site.system, &path, count).await;
        assert_eq!(all[0], "Patient/a");
        all.sort();
        assert_eq!(all, ALL, "{count}");
    }
    // What is referred to stands on the page of whatever refers to it.
    let first = site
        .system
        .get("Patient/a/$everything?_count=1")
        .await
        .expect(200);
    assert_eq!(included(&first), ["Organization/o"]);
    assert!(
        first
            .next()
            .unwrap()
            .contains("/Patient/a/$everything?_count=1&_cursor=")
    );
}

async fn parameters_narrow_it_in_url_and_body(kind: Kind) {
    let site = Site::on(kind).await;
    for (query, expected) in [
        (
            "?_type=Encounter,Observation",
            vec!["Encounter/e", "Observation/both"],
        ),
        (
            "?_type=Encounter&_type=Patient",
            vec!["Encounter/e", "Patient/a"],
        ),
        ("?_since=2100-01-01T00:00:00Z", vec![]),
        (
            "?_since=2020-01-01T00:00:00Z&_type=Patient",
            vec!["Patient/a"],
        ),
        (
            "?start=2019-05-03&end=2019-05-03&_type=Encounter,MedicationRequest",
            vec!["Encounter/e"],
        ),
        (
            "?start=2020&_type=Encounter,MedicationRequest",
            vec!["MedicationRequest/r"],
        ),
        (
            "?end=2019-04&_type=Encounter,MedicationRequest,Patient",
            vec!["Patient/a"],
        ),
    ] {
        assert_eq!(site.matches(query).await, expected, "{query}");
    }
    let narrow = site
        .system
        .get("Patient/a/$everything?_type=Encounter,Practitioner")
        .await;
    let narrow = narrow.expect(200);
    assert_eq!(
        (matches(&narrow), included(&narrow)),
        (
            vec!["Encounter/e".to_owned()],
            vec!["Practitioner/p".to_owned()]
        )
    );
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "_type", "valueCode": "Encounter"}, {"name": "_count", "valueInteger": 7},
        {"name": "start", "valueDate": "2019"},
    ]});
    let posted = site
        .system
        .post("Patient/a/$everything", body)
        .await
        .expect(200);
    assert_eq!(matches(&posted), ["Encounter/e"]);
    let empty = site
        .system
        .send("POST", "Patient/a/$everything", &[], None)
        .await
        .expect(200);
    assert_eq!(matches(&empty).len(), ALL.len());
}

async fn what_is_hidden_is_left_out_without_a_trace(kind: Kind) {
    let site = Site::on(kind).await;
    let own = site.house.caller(&DemoUser::Patient {
        id: "a".parse().unwrap(),
    });
    let reply = own.get("Patient/a/$everything").await.expect(200);
    let mut seen = matches(&reply);
    seen.sort();
    // The record that names another patient too is not the own alone.
    assert_eq!(
        seen,
        [
            "Binary/file",
            "Encounter/e",
            "MedicationRequest/r",
            "Patient/a"
        ]
    );
    assert_eq!(
        included(&reply),
        ["Medication/m", "Organization/o", "Practitioner/p"]
    );
    assert!(!reply.text.contains("Patient/b"));
    for path in ["Patient/b/$everything", "Patient/nobody/$everything"] {
        assert_eq!(
            own.get(path).await.expect(404).issue(),
            "not-found",
            "{path}"
        );
    }
    let narrow = site.house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "system/Patient.rs system/Encounter.rs system/Organization.r".into();
    });
    let reply = narrow.get("Patient/a/$everything").await.expect(200);
    assert_eq!(matches(&reply), ["Patient/a", "Encounter/e"]);
    assert_eq!(included(&reply), Vec::<String>::new());
    let reader = site.house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "system/*.r".into();
    });
    reader.get("Patient/a/$everything").await.expect(403);
    site.system.delete("Patient/a").await.expect(204);
    site.system.get("Patient/a/$everything").await.expect(410);
}

async fn it_is_audited_as_an_operation(kind: Kind) {
    let site = Site::on(kind).await;
    site.system.get("Patient/a/$everything").await.expect(200);
    let audits = site.house.audits(HOME).await;
    assert_eq!(audits[0].interaction.as_str(), "operation:everything");
    let auditor = site.house.caller(&DemoUser::Auditor);
    let events = auditor
        .get("AuditEvent?patient=a&_count=100")
        .await
        .expect(200);
    let of_it = events
        .resources()
        .into_iter()
        .find(|event| event["subtype"][1]["code"] == "$everything");
    let entities = of_it.unwrap()["entity"].to_string();
    for name in ["Patient/a", "Encounter/e", "Observation/both"] {
        assert!(entities.contains(name), "{name}: {entities}");
    }
    assert_eq!(
        entities.matches("Patient/a/_history/1").count(),
        1,
        "{entities}"
    );
    site.system
        .get("Patient/nobody/$everything")
        .await
        .expect(404);
    assert_eq!(site.house.audits(HOME).await[0].outcome, 4);
}

async fn what_it_does_not_read_is_refused(kind: Kind) {
    let site = Site::on(kind).await;
    for (path, code) in [
        ("Patient/a/$everything?code=x", "not-supported"),
        ("Patient/a/$everything?_type=Zebra", "value"),
        ("Patient/a/$everything?_type=AuditEvent", "value"),
        ("Patient/a/$everything?start=soon", "value"),
        ("Patient/a/$everything?start=2020&start=2020", "invalid"),
        ("Patient/a/$everything?_since=soon", "value"),
        ("Patient/a/$everything?_count=0", "value"),
        ("Patient/a/$everything?_cursor=x", "value"),
    ] {
        let refused = site.system.get(path).await.expect(400);
        assert_eq!(refused.issue(), code, "{path}");
    }
    for path in ["Encounter/e/$everything", "Patient/$everything"] {
        assert_eq!(
            site.system.get(path).await.expect(404).issue(),
            "not-supported"
        );
    }
    for body in [
        json!({"resourceType": "Patient"}),
        json!({"resourceType": "Parameters", "parameter": [{"name": "x"}]}),
    ] {
        site.system
            .post("Patient/a/$everything", body)
            .await
            .expect(400);
    }
}
