//! What the AuditEvents of a request say: one for each patient and interaction, with
//! outcome and query texts of its own, and the recipient of what leaves the facility.

use crate::{
    audit::newest_events,
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    a_bundle_leaves_an_event_for_each_patient_and_interaction,
    each_event_of_a_bundle_can_be_read_and_proved,
    a_disclosure_to_another_facility_names_it,
    every_query_text_of_a_bundle_is_kept_in_order,
    a_denied_search_is_audited_with_its_text,
    a_record_that_is_read_to_decide_over_another_is_named,
    a_record_that_leaves_a_patient_is_in_that_patients_audit,
}

/// Interaction, outcome, and whether a patient is concerned.
fn told(event: &Value) -> (String, String, bool) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entities = event["entity"].as_array().unwrap().iter();
    let patient = entities
        .filter(|entity| entity["role"]["code"] == "1")
        .count();
    assert!(patient <= 1, "{event}");
    (
        text(&event["subtype"][0]["code"]),
        text(&event["outcome"]),
        patient == 1,
    )
}

fn expected(events: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
    let own = |(code, outcome, patient): &(&str, &str, bool)| {
        ((*code).to_owned(), (*outcome).to_owned(), *patient)
    };
    events.iter().map(own).collect()
}

/// The `BALP` profile that an event claims.
fn profile(event: &Value) -> Option<&str> {
    let profile = event["meta"]["profile"][0].as_str()?;
    profile.strip_prefix("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.")
}

/// The agent that asks.
fn requestor(event: &Value) -> &Value {
    let agents = event["agent"].as_array().unwrap();
    let mut asking = agents.iter().filter(|agent| agent["requestor"] == true);
    let first = asking.next().unwrap();
    assert!(asking.next().is_none(), "{event}");
    first
}

async fn a_bundle_leaves_an_event_for_each_patient_and_interaction(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let a = system.create("Patient", records::patient("a")).await;
    let b = system.create("Patient", records::patient("b")).await;
    let of_a = system.create("Observation", records::observation(&a)).await;
    let changed = records::with_id(records::observation(&a), &of_a);
    let bundle = records::bundle(
        "batch",
        &[
            ("POST", "Observation", Some(records::observation(&a))),
            ("POST", "Observation", Some(records::observation(&b))),
            ("POST", "Practitioner", Some(records::practitioner())),
            ("PUT", &format!("Observation/{of_a}"), Some(changed)),
            ("GET", &format!("Patient/{a}"), None),
            ("GET", "Patient/absent", None),
            ("DELETE", &format!("Patient/{b}"), None),
            ("GET", "Observation?identifier=nothing", None),
            ("PATCH", &format!("Patient/{a}"), None),
        ],
    );
    system.post("", &bundle).await.expect(200);

    let events = newest_events(&auditor).await;
    let mut found: Vec<_> = events.iter().map(told).collect();
    // The patients come in the order of their tags, which is by chance.
    assert_eq!(
        found.drain(..3).collect::<Vec<_>>(),
        expected(&[
            // An entry that cannot be read is of no interaction of its own.
            ("batch", "4", false),
            ("create", "0", false),
            ("search-type", "0", false),
        ])
    );
    found.sort_unstable();
    assert_eq!(
        found,
        expected(&[
            ("create", "0", true),
            ("create", "0", true),
            ("delete", "0", true),
            ("read", "0", true),
            // Of the one who is not here.
            ("read", "4", true),
            ("update", "0", true),
        ])
    );
    for event in events.iter().skip(1) {
        assert_eq!(event["subtype"][1]["code"], "batch", "{event}");
    }
    let profiles: Vec<_> = events.iter().filter_map(profile).collect();
    assert!(profiles.contains(&"PatientCreate"), "{profiles:?}");
    assert!(profiles.contains(&"PatientUpdate"), "{profiles:?}");
    assert!(profiles.contains(&"PatientDelete"), "{profiles:?}");
    assert!(profiles.contains(&"Create"), "{profiles:?}");
    assert_eq!(house.audits(HOME).await[1].outcome, 4, "the worst of all");
}

async fn each_event_of_a_bundle_can_be_read_and_proved(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let a = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{a}");
    let again = records::with_id(records::patient("a"), &a);
    let entries = [
        ("PUT", path.as_str(), Some(again)),
        ("GET", &path, None),
        ("GET", "Patient?identifier=a", None),
        ("GET", "Patient?identifier=b", None),
    ];
    let bundle = records::bundle("batch", &entries);
    system.post("", &bundle).await.expect(200);
    let events = newest_events(&auditor).await;
    assert_eq!(
        events.iter().map(told).collect::<Vec<_>>(),
        expected(&[
            ("search-type", "0", false),
            ("read", "0", true),
            ("search-type", "0", true),
            ("update", "0", true),
        ])
    );
    let mut salts = std::collections::BTreeSet::new();
    for (k, event) in events.iter().enumerate() {
        let id = event["id"].as_str().unwrap();
        assert!(id.ends_with(&format!(".{k}")), "{id}");
        let read = auditor.get(&format!("AuditEvent/{id}")).await.expect(200);
        assert_eq!(read.json(), *event);
        let proof = auditor.get(&format!("AuditEvent/{id}/$proof")).await;
        let shown = proof.expect(200).json()["leaf"]["event"].clone();
        assert_eq!((&shown["index"], &shown["size"]), (&k.into(), &4.into()));
        assert!(
            salts.insert(shown["salt"].to_string()),
            "one salt, two events"
        );
    }
}

async fn a_disclosure_to_another_facility_names_it(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let id = system.create("Patient", records::patient("a")).await;
    house.index().await;
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    for (path, interaction) in [
        (format!("Patient/{id}"), "read"),
        (format!("Patient/{id}/_history/1"), "vread"),
        (format!("Patient/{id}/_history"), "history-instance"),
        (format!("Patient/{id}/_history/1/$proof"), "operation"),
        ("Patient?identifier=a".to_owned(), "search-type"),
        (format!("Patient/{id}/Patient"), "search-type"),
        (format!("Patient/{id}/*"), "search-system"),
        (format!("Patient/{id}/$everything"), "operation"),
    ] {
        visitor.get(&path).await.expect(200);
        let events = newest_events(&auditor).await;
        assert_eq!(events.len(), 1, "{path}");
        let event = &events[0];
        assert_eq!(event["type"]["code"], "110106", "{event}");
        assert_eq!(event["subtype"][0]["code"], "disclose", "{event}");
        assert_eq!(event["subtype"][1]["code"], interaction, "{event}");
        assert_eq!(profile(event), Some("PrivacyDisclosure.Source"), "{event}");
        let agents = event["agent"].as_array().unwrap().iter();
        let of_type = |agent: &&Value| agent["type"]["coding"][0]["code"] == "110152";
        let recipient: Vec<&Value> = agents.filter(of_type).collect();
        assert_eq!(recipient.len(), 1, "{event}");
        assert_eq!(recipient[0]["who"]["display"], OTHER, "{event}");
        assert_eq!(recipient[0]["network"]["address"], "127.0.0.1", "{event}");
    }
    // What was refused disclosed nothing, and still says who asked.
    visitor.delete(&format!("Patient/{id}")).await.expect(403);
    let event = newest_events(&auditor).await.remove(0);
    assert_eq!(told(&event), expected(&[("delete", "4", true)])[0]);
    assert!(requestor(&event).to_string().contains(OTHER), "{event}");
}

#[actix_web::test]
async fn whoever_asks_is_named_with_facility_role_and_purpose() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let id = system.create("Patient", records::patient("a")).await;
    let own = DemoUser::Patient {
        id: id.parse().unwrap(),
    };
    let monitor = |claims: &mut Value| claims["roles"] = "monitor".into();
    let monitor = house.caller_with(&DemoUser::Auditor, monitor);
    for (caller, role, purpose) in [
        (house.caller(&DemoUser::System), "system", "TREAT"),
        (house.caller(&DemoUser::Clinician), "clinician", "TREAT"),
        (house.caller(&own), "patient", "PATRQT"),
        (house.caller(&DemoUser::Admin), "admin", "HOPERAT"),
        (house.caller(&DemoUser::Auditor), "auditor", "HOPERAT"),
        (monitor, "monitor", "HOPERAT"),
    ] {
        drop(caller.get(&format!("Patient/{id}")).await);
        let event = newest_events(&auditor).await.remove(0);
        let asking = requestor(&event);
        let home = &asking["extension"][0]["valueReference"];
        assert_eq!(home["display"], HOME, "{event}");
        let base = home["identifier"]["value"].as_str().unwrap();
        assert!(base.ends_with(&format!("/f/{HOME}/fhir")), "{base}");
        assert_eq!(asking["role"], json!([{"text": role}]), "{event}");
        let said = &asking["purposeOfUse"][0]["coding"][0]["code"];
        assert_eq!(said, purpose, "{event}");
    }
}

async fn every_query_text_of_a_bundle_is_kept_in_order(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let long = format!("Patient?identifier={}", "x".repeat(3_000));
    let short = "Patient?identifier=harmless".to_owned();
    for (first, second) in [(&long, &short), (&short, &long)] {
        let entries = [("GET", first.as_str(), None), ("GET", second, None)];
        for kind in ["batch", "transaction"] {
            let bundle = records::bundle(kind, &entries);
            system.post("", &bundle).await.expect(200);
            let audit = &house.audits(HOME).await[0];
            let sizes: Vec<usize> = audit
                .queries
                .iter()
                .map(|query| query.envelope.len())
                .collect();
            assert_eq!(sizes.len(), 2, "{kind}");
            // The text tells by its size.
            assert_eq!(sizes[0] > sizes[1], first == &long, "{kind} {sizes:?}");
            let event = newest_events(&auditor).await.remove(0);
            let entities = event["entity"].as_array().unwrap().iter();
            let texts: Vec<&Value> = entities
                .filter(|entity| !entity["query"].is_null())
                .collect();
            assert_eq!(texts.len(), 2, "{event}");
            assert_eq!(texts[0]["description"], "query text 1");
            assert_eq!(texts[1]["description"], "query text 2");
            assert_ne!(texts[0]["query"], texts[1]["query"]);
        }
    }
}

#[actix_web::test]
async fn of_a_lenient_search_only_what_was_understood_is_kept() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let asked = format!("Patient?identifier=a&junk={}", "x".repeat(5_000));
    let lenient = [("prefer", "handling=lenient")];
    system.send("GET", &asked, &lenient, None).await.expect(200);
    let audit = &house.audits(HOME).await[0];
    assert_eq!(audit.queries.len(), 1);
    assert!(audit.queries[0].envelope.len() < 512);
}

async fn a_denied_search_is_audited_with_its_text(kind: Kind) {
    let house = House::start_on(kind).await;
    let admin = house.caller(&DemoUser::Admin);
    let auditor = house.caller(&DemoUser::Auditor);
    admin.get("Patient?identifier=a").await.expect(403);
    assert_eq!(house.audits(HOME).await[0].queries.len(), 1);
    let event = newest_events(&auditor).await.remove(0);
    assert_eq!(told(&event), expected(&[("search-type", "4", false)])[0]);
}

async fn a_record_that_is_read_to_decide_over_another_is_named(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let id = system.create("Patient", records::patient("a")).await;
    let changed = records::with_id(records::patient("b"), &id);
    let path = format!("Patient/{id}");
    system.put(&path, changed).await.expect(200);
    let binary = |context: &str| {
        serde_json::json!({
            "resourceType": "Binary",
            "contentType": "text/plain",
            "securityContext": {"reference": context},
        })
    };
    let named = |event: &Value| -> Vec<String> {
        let entities = event["entity"].as_array().unwrap().iter();
        let names = entities.filter_map(|entity| entity["what"]["reference"].as_str());
        names.map(str::to_owned).collect()
    };
    let made = system.create("Binary", binary(&path)).await;
    let update = records::with_id(binary(&path), &made);
    let at = format!("Binary/{made}");
    let update = system.put(&at, update).await;
    update.expect(200);
    let in_batch = [("POST", "Binary", Some(binary(&path)))];
    let in_batch = records::bundle("batch", &in_batch);
    for interaction in ["update", "batch"] {
        if interaction == "batch" {
            system.post("", &in_batch).await.expect(200);
        }
        let events = newest_events(&auditor).await;
        let read = events.iter().find(|event| told(event).0 == "read").unwrap();
        assert_eq!(told(read), ("read".to_owned(), "0".to_owned(), true));
        let names = named(read);
        let version = format!("{path}/_history/2");
        assert!(
            names.iter().any(|name| name.ends_with(&version)),
            "{names:?}"
        );
        let written = events.iter().find(|event| told(event).0 != "read").unwrap();
        let names = named(written);
        assert!(
            !names.iter().any(|name| name.ends_with(&version)),
            "{names:?}"
        );
        assert_eq!(events.len(), 2, "{interaction}");
    }
    // What is refused names what was aimed at, there or not.
    for missing in ["Patient/absent", "Observation/absent"] {
        system.post("Binary", binary(missing)).await.expect(422);
        let events = newest_events(&auditor).await;
        let read = events.iter().find(|event| told(event).0 == "read").unwrap();
        assert_eq!(told(read), ("read".to_owned(), "4".to_owned(), false));
        let names = named(read);
        assert!(
            names.iter().any(|name| name.ends_with(missing)),
            "{names:?}"
        );
    }
}

async fn a_record_that_leaves_a_patient_is_in_that_patients_audit(kind: Kind) {
    let house = House::start_on(kind).await;
    let (system, auditor) = (
        house.caller(&DemoUser::System),
        house.caller(&DemoUser::Auditor),
    );
    let one = system.create("Patient", records::patient("a")).await;
    let two = system.create("Patient", records::patient("b")).await;
    let of_one = records::observation(&one);
    let id = system.create("Observation", &of_one).await;
    let path = format!("Observation/{id}");
    let updates = async |patient: &str| {
        let query = format!("AuditEvent?patient={patient}&_count=100");
        let events = auditor.get(&query).await.expect(200).resources();
        let is_update = |event: &&Value| event["subtype"][0]["code"] == "update";
        events.iter().filter(is_update).count()
    };
    let mut of_two = records::with_id(of_one, &id);
    of_two["subject"]["reference"] = json!(format!("Patient/{two}"));
    system.put(&path, &of_two).await.expect(200);
    assert_eq!((updates(&one).await, updates(&two).await), (1, 1));
    let mut of_nobody = of_two.clone();
    of_nobody.as_object_mut().unwrap().remove("subject");
    let bundle = records::bundle("transaction", &[("PUT", path.as_str(), Some(of_nobody))]);
    system.post("", bundle).await.expect(200);
    assert_eq!((updates(&one).await, updates(&two).await), (1, 2));
    // Nobody's from now on.
    system.delete(&path).await.expect(204);
    assert_eq!((updates(&one).await, updates(&two).await), (1, 2));
}
