//! The search for AuditEvents counts events, and reads its parameters as the search of
//! every type does.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use std::{collections::BTreeSet, time::Duration};

on_both! {
    count_is_a_number_of_events_and_pages_go_on_inside_a_record,
    a_page_of_one_patient_holds_all_its_events,
    totals_count_events,
    parameters_are_read_as_on_every_type,
    a_next_link_stays_short_however_many_patients_are_asked_for,
    who_was_refused_a_patients_record_is_found_by_the_patient,
    a_refused_write_names_eight_patients_at_most,
}

fn ids(page: &Reply) -> Vec<String> {
    let resources = page.resources();
    let events = resources
        .iter()
        .filter(|resource| resource["resourceType"] == "AuditEvent");
    let id = |event: &serde_json::Value| event["id"].as_str().unwrap().to_owned();
    events.map(id).collect()
}

/// The ids on all pages of a search, of at most `most` each.
async fn paged(auditor: &Caller, query: &str, most: usize) -> Vec<String> {
    let mut page = auditor
        .get(&format!("AuditEvent?{query}"))
        .await
        .expect(200);
    let mut found = Vec::new();
    loop {
        let on_page = ids(&page);
        assert!(on_page.len() <= most, "{} on a page", on_page.len());
        found.extend(on_page);
        let Some(next) = page.next() else { break found };
        page = auditor.get(&next).await.expect(200);
    }
}

/// Three transactions of several patients each.
async fn three_records(system: &Caller) {
    for round in 0..3 {
        let patient = |n: u32| {
            let record = records::patient(&format!("{round}-{n}"));
            ("POST", "Patient", Some(record))
        };
        let entries: Vec<_> = (0..10).map(patient).collect();
        let bundle = records::bundle("transaction", &entries);
        system.post("", &bundle).await.expect(200);
    }
}

async fn count_is_a_number_of_events_and_pages_go_on_inside_a_record(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    three_records(&system).await;
    let first = auditor.get("AuditEvent?_count=1000").await.expect(200);
    let all = ids(&first);
    assert_eq!(all.len(), 30);
    for count in [1, 3, 7, 10, 29] {
        // Those of the searches since are newer, and leave out.
        let end = &first.resources()[0]["recorded"];
        let until = format!("_lastUpdated=le{}", end.as_str().unwrap());
        let found = paged(&auditor, &format!("{until}&_count={count}"), count).await;
        assert_eq!(found, all, "_count={count}");
    }
    let one = auditor.get("AuditEvent?_count=5").await.expect(200);
    assert_eq!(one.resources().len(), 5);
}

async fn a_page_of_one_patient_holds_all_its_events(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let a = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{a}");
    let changed = records::with_id(records::patient("b"), &a);
    let entries = [
        ("GET", path.as_str(), None),
        ("PUT", &path, Some(changed)),
        ("GET", "Patient?identifier=b", None),
        ("POST", "Observation", Some(records::observation(&a))),
    ];
    for _ in 0..3 {
        let bundle = records::bundle("batch", &entries);
        system.post("", &bundle).await.expect(200);
    }
    let query = format!("patient={a}");
    let all = paged(&auditor, &query, 50).await;
    // The first create, then read, update, search and create each time.
    assert_eq!(all.len(), 1 + 3 * 4);
    for count in [1, 2, 5] {
        let found = paged(&auditor, &format!("{query}&_count={count}"), count).await;
        assert_eq!(found, all, "_count={count}");
    }
}

async fn totals_count_events(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    three_records(&system).await;
    let patient = auditor.get("AuditEvent?_count=1").await.expect(200);
    let entities = patient.resources()[0]["entity"].clone();
    let patient = entities[0]["what"]["reference"].as_str().unwrap();
    let mut before = 31;
    for query in ["_count=0", "_summary=count", "_summary=count&_count=5"] {
        let counted = auditor
            .get(&format!("AuditEvent?{query}"))
            .await
            .expect(200);
        assert_eq!(counted.json()["total"], before, "{query}");
        assert_eq!(counted.json()["type"], "searchset");
        assert!(counted.resources().is_empty(), "{query}");
        assert!(counted.next().is_none(), "{query}");
        before += 1;
    }
    let some = auditor
        .get("AuditEvent?_total=accurate&_count=4")
        .await
        .expect(200);
    assert_eq!(some.json()["total"], before);
    assert_eq!(some.resources().len(), 4);
    let next = auditor.get(&some.next().unwrap()).await.expect(200);
    assert!(next.json()["total"].is_null(), "on the first page only");
    let own = format!("AuditEvent?patient={patient}&_summary=count");
    assert_eq!(auditor.get(&own).await.expect(200).json()["total"], 1);
    house
        .caller(&DemoUser::Admin)
        .get("AuditEvent?_summary=count")
        .await
        .expect(403);
}

async fn parameters_are_read_as_on_every_type(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let a = system.create("Patient", records::patient("a")).await;
    let b = system.create("Patient", records::patient("b")).await;
    let found = async |query: String| -> BTreeSet<String> {
        paged(&auditor, &query, 50).await.into_iter().collect()
    };
    let of_a = found(format!("patient={a}")).await;
    let of_b = found(format!("patient={b}")).await;
    assert_eq!((of_a.len(), of_b.len()), (1, 1));
    let both: BTreeSet<String> = of_a.union(&of_b).cloned().collect();

    // A list is OR; a parameter given twice is AND, and no event is of two patients.
    assert_eq!(found(format!("patient={a},{b}")).await, both);
    assert_eq!(found(format!("patient={a}&patient={b}")).await, [].into());
    assert_eq!(found(format!("patient={a}&patient={b},{a}")).await, of_a);
    // Every spelling of a patient of this facility.
    let urls = [
        format!("Patient/{a}"),
        format!("{}/Patient/{a}", auditor.base()),
    ];
    for one in urls {
        assert_eq!(found(format!("patient={one}")).await, of_a, "{one}");
    }
    let id = of_a.first().unwrap();
    assert_eq!(found(format!("_id={id}")).await, of_a);
    assert_eq!(found(format!("_id={id},absent.0,{id}")).await, of_a);
    assert_eq!(found(format!("_id={id}&patient={b}")).await, [].into());
    assert_eq!(
        found(format!("_id={id}&_id={}", of_b.first().unwrap())).await,
        [].into()
    );
    assert_eq!(found("_id=absent.0".to_owned()).await, [].into());
    assert_eq!(found("_id=absent".to_owned()).await, [].into());

    for refused in [
        "foo=bar",
        "patient=https://elsewhere.example/fhir/Patient/1",
        "_sort=_lastUpdated",
        "_sort=date",
        "_count=x",
        "_total=some",
        // Neither the first nor the last value is taken silently.
        "_count=1&_count=3",
        "_total=none&_total=accurate",
        "_summary=false&_summary=count",
    ] {
        let reply = auditor.get(&format!("AuditEvent?{refused}")).await;
        reply.expect(400);
    }
    // Records of one millisecond are in no order, and refusals are quick.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let lenient = [("prefer", "handling=lenient")];
    let asked = format!("AuditEvent?foo=bar&patient={a}");
    let reply = auditor
        .send("GET", &asked, &lenient, None)
        .await
        .expect(200);
    assert_eq!(ids(&reply), std::slice::from_ref(id));
    let own = reply.json()["link"][0]["url"].as_str().unwrap().to_owned();
    assert!(!own.contains("foo") && own.contains("patient="), "{own}");
    // What the auditor asked is audited too.
    assert_eq!(house.audits(HOME).await[0].queries.len(), 1);
}

async fn a_next_link_stays_short_however_many_patients_are_asked_for(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let a = system.create("Patient", records::patient("a")).await;
    let b = system.create("Patient", records::patient("b")).await;
    let absent = (0..100).map(|n| format!("absent-absent-absent-absent-{n}"));
    let others: Vec<String> = absent.collect();
    let query = format!("patient={a},{b},{}&_count=1", others.join(","));
    let first = auditor
        .get(&format!("AuditEvent?{query}"))
        .await
        .expect(200);
    let next = first.next().unwrap();
    assert!(next.len() < 2_048, "{} bytes", next.len());
    assert_eq!(paged(&auditor, &query, 1).await.len(), 2);
    // Nothing stands beside a cursor.
    auditor.get(&format!("{next}&_count=5")).await.expect(400);
}

/// By R4 the patient of an event is also the one whose record was asked for
/// (AuditEvent's search parameter `patient`), and a refusal may be all there is of it.
async fn who_was_refused_a_patients_record_is_found_by_the_patient(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let own = system.create("Patient", records::patient("own")).await;
    let a = system.create("Patient", records::patient("a")).await;
    let about = records::observation(&a);
    let observation = system.create("Observation", about.clone()).await;
    let stranger = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });
    let refusals = async |patient: &str| {
        let asked = format!("AuditEvent?patient={patient}&_count=1000");
        let events = auditor.get(&asked).await.expect(200).resources();
        events
            .iter()
            .filter(|event| event["outcome"] == "4")
            .count()
    };
    let absent = "nobody-is-here";
    for patient in [a.as_str(), absent] {
        let changed = records::with_id(records::patient("x"), patient);
        let asked: [(&str, String, Option<String>); 6] = [
            ("GET", format!("Patient/{patient}"), None),
            ("GET", format!("Patient/{patient}/_history"), None),
            ("GET", format!("Patient/{patient}/_history/1"), None),
            ("GET", format!("Patient/{patient}/_history/1/$proof"), None),
            (
                "PUT",
                format!("Patient/{patient}"),
                Some(changed.to_string()),
            ),
            ("DELETE", format!("Patient/{patient}"), None),
        ];
        for (number, (method, path, body)) in asked.into_iter().enumerate() {
            let status = stranger.send(method, &path, &[], body).await.status;
            assert!([403, 404].contains(&status), "{method} {path}: {status}");
            assert_eq!(refusals(patient).await, number + 1, "{method} {path}");
        }
    }
    // What names the patient in its body.
    let before = refusals(&a).await;
    stranger
        .post("Observation", about.to_string())
        .await
        .expect(403);
    assert_eq!(refusals(&a).await, before + 1);
    for id in [observation.as_str(), absent] {
        let before = refusals(&a).await;
        let changed = records::with_id(about.clone(), id).to_string();
        let refused = stranger.put(&format!("Observation/{id}"), changed).await;
        refused.expect(403);
        assert_eq!(refusals(&a).await, before + 1, "{id}");
    }
}

/// Whoever has no right here chooses what a refused body says.
async fn a_refused_write_names_eight_patients_at_most(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let own = system.create("Patient", records::patient("own")).await;
    let stranger = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });
    let participants: Vec<_> = (100..900)
        .map(|number| {
            let actor = serde_json::json!({"reference": format!("Patient/p{number}")});
            serde_json::json!({"actor": actor, "status": "accepted"})
        })
        .collect();
    let body = serde_json::json!({
        "resourceType": "Appointment", "status": "proposed", "participant": participants,
    });
    let refusals = async |patient: &str| {
        let asked = format!("AuditEvent?patient={patient}&_count=1000");
        let events = auditor.get(&asked).await.expect(200).resources();
        events
            .iter()
            .filter(|event| event["outcome"] == "4")
            .count()
    };
    stranger
        .post("Appointment", body.to_string())
        .await
        .expect(403);
    let with_id = records::with_id(body, "absent").to_string();
    stranger
        .put("Appointment/absent", with_id)
        .await
        .expect(403);
    assert_eq!((refusals("p107").await, refusals("p108").await), (2, 0));
}
