//! The fullUrl of an entry names the entry's own record and no other
//! (<https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.fullUrl>), so that no
//! reference becomes one to somebody else; a link to a version stays one to that version
//! (<https://hl7.org/fhir/R4/bundle.html#references>).

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use gateway::Settings;
use serde_json::{Value, json};

on_both! {
    a_reference_never_becomes_another_record,
    a_full_url_that_agrees_names_its_record,
    a_link_to_a_version_leads_to_that_version,
}

const OWN: &str = "https://fhir.hospital.example/site/fhir";
const OWN_BASES: [&str; 4] = [
    OWN,
    "HTTP://FHIR.Hospital.Example:443/%73ite/fhir/",
    "https://fhir.hospital.example/site/f/riverside/fhir",
    "http://older.example:8080/fhir",
];
const FOREIGN: &str = "http://s.example/fhir";
const URN: &str = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a";

fn hospital(settings: &mut Settings) {
    settings.public_url = "https://fhir.hospital.example/site".to_owned();
    settings.former_urls = vec!["http://older.example:8080".to_owned()];
}

/// A house with the patients ann-1 and bob-1, and its system.
async fn two_patients(kind: Kind) -> (House, Caller) {
    let house = House::start_with(kind, hospital).await;
    let system = house.caller(&DemoUser::System);
    for id in ["ann-1", "bob-1"] {
        let patient = records::with_id(records::patient(id), id);
        system
            .put(&format!("Patient/{id}"), patient)
            .await
            .expect(201);
    }
    (house, system)
}

fn about(reference: &str) -> Value {
    let mut observation = records::observation("x");
    observation["subject"] = json!({"reference": reference});
    observation
}

/// What an entry sends with its method.
fn sent(method: &str, url: &str) -> Option<Value> {
    let patient = records::patient("sent");
    match (method, url.split_once('/')) {
        ("PUT", Some((_, id))) => Some(records::with_id(patient, id)),
        ("PUT" | "POST", _) => Some(patient),
        ("PATCH", _) => Some(json!({"resourceType": "Parameters"})),
        _ => None,
    }
}

/// A Bundle of an entry with a fullUrl, and of an observation of who is referred to.
async fn post(
    system: &Caller,
    kind: &str,
    (method, url, full_url): (&str, &str, &str),
    reference: &str,
) -> Reply {
    let entries = [
        (method, url, sent(method, url)),
        ("POST", "Observation", Some(about(reference))),
    ];
    let mut bundle = records::bundle(kind, &entries);
    bundle["entry"][0]["fullUrl"] = full_url.into();
    system.post("", bundle).await
}

/// The subject of the observation that such a Bundle made.
async fn subject(system: &Caller, entry: (&str, &str, &str), reference: &str) -> String {
    let reply = post(system, "transaction", entry, reference).await;
    assert_eq!(reply.status, 200, "{entry:?}: {}", reply.text);
    let made = &reply.json()["entry"][1]["resource"]["subject"]["reference"];
    made.as_str().unwrap().to_owned()
}

async fn a_reference_never_becomes_another_record(kind: Kind) {
    let (_house, system) = two_patients(kind).await;
    let ann = |base: &str| format!("{base}/Patient/ann-1");
    let mut refused = Vec::new();
    for base in OWN_BASES.into_iter().chain([FOREIGN]) {
        for (method, url) in [
            ("PUT", "Patient/bob-1"),
            ("PATCH", "Patient/bob-1"),
            ("GET", "Patient/bob-1"),
            ("HEAD", "Patient/bob-1"),
            ("GET", "Patient/bob-1/_history"),
            ("GET", "Patient/bob-1/_history/1"),
            ("DELETE", "Patient/bob-1"),
        ] {
            refused.push((method, url, ann(base)));
            refused.push((method, url, format!("{base}/Group/bob-1")));
            refused.push((method, url, format!("{base}/Patient/bob_1/_history/1")));
        }
    }
    for base in OWN_BASES {
        // Of a record that is made nobody knows the URL.
        refused.push(("POST", "Patient", ann(base)));
    }
    for full_url in ["Patient/ann-1", "/site/fhir/Patient/ann-1"] {
        refused.push(("POST", "Patient", full_url.to_owned()));
        refused.push(("PUT", "Patient/bob-1", full_url.to_owned()));
    }
    refused.push(("PUT", "Patient/bob-1", format!("{FOREIGN}/Patient/ann-1/")));
    for (method, url, full_url) in &refused {
        let entry = (*method, *url, full_url.as_str());
        for reference in [full_url.as_str(), "Patient/ann-1"] {
            let reply = post(&system, "transaction", entry, reference).await;
            assert_eq!(reply.status, 400, "{entry:?}: {}", reply.text);
            let blamed = reply.json()["issue"][0]["expression"][0].clone();
            assert_eq!(blamed, "Bundle.entry[0].fullUrl", "{entry:?}");
        }
    }
    assert_eq!(system.found("Observation").await, 0);
    assert_eq!(system.found("Patient").await, 2);
    // Of a record that criteria name nothing is known yet: refused as before.
    let entry = ("PUT", "Patient?identifier=bob-1", &*ann(OWN));
    let reply = post(&system, "transaction", entry, &ann(OWN)).await;
    reply.expect(400);
    // In a batch the entry is refused alone.
    let entry = ("PUT", "Patient/bob-1", &*ann(OWN));
    let reply = post(&system, "batch", entry, &ann(OWN)).await.expect(200);
    let reply = reply.json();
    assert_eq!(reply["entry"][0]["response"]["status"], "400 Bad Request");
    assert_eq!(reply["entry"][1]["response"]["status"], "201 Created");
    assert_eq!(system.found("Observation?patient=ann-1").await, 1);
    assert_eq!(system.found("Observation?patient=bob-1").await, 0);
}

async fn a_full_url_that_agrees_names_its_record(kind: Kind) {
    let (_house, system) = two_patients(kind).await;
    let bob = |base: &str| format!("{base}/Patient/bob-1");
    for base in OWN_BASES.into_iter().chain([FOREIGN]) {
        let entry = ("PUT", "Patient/bob-1", &*bob(base));
        let made = subject(&system, entry, &bob(base)).await;
        assert_eq!(made, "Patient/bob-1", "{base}");
        // Whoever is not in the Bundle stays who he is.
        let ann = format!("{base}/Patient/ann-1");
        let made = subject(&system, entry, &ann).await;
        assert_eq!(made, ann, "{base}");
    }
    // A URN is a name within the Bundle, whatever the entry does.
    for entry in [("PUT", "Patient/bob-1", URN), ("GET", "Patient/bob-1", URN)] {
        assert_eq!(subject(&system, entry, URN).await, "Patient/bob-1");
    }
    // What the server elsewhere calls so is made here under another id.
    let entry = ("POST", "Patient", &*bob(FOREIGN));
    let made = subject(&system, entry, &bob(FOREIGN)).await;
    assert!(made.starts_with("Patient/") && made != "Patient/bob-1");
    // Who reads or deletes brings no record from elsewhere.
    for method in ["GET", "DELETE"] {
        let entry = (method, "Patient/bob-1", &*bob(FOREIGN));
        let made = subject(&system, entry, &bob(FOREIGN)).await;
        assert_eq!(made, bob(FOREIGN), "{method}");
    }
}

/// A transaction of a patient that came as version 3 from elsewhere, and of an observation
/// of one at this link; what the link became, and the patient's place.
async fn linked(system: &Caller, (method, url, base): (&str, &str, &str), link: &str) -> Linked {
    let mut patient = sent(method, url).unwrap();
    patient["meta"] = json!({"versionId": "3"});
    let entries = [
        (method, url, Some(patient)),
        ("POST", "Observation", Some(about(link))),
    ];
    let mut bundle = records::bundle("transaction", &entries);
    bundle["entry"][0]["fullUrl"] = format!("{base}/Patient/bob-1").into();
    if base == FOREIGN {
        bundle["entry"][1]["fullUrl"] = format!("{base}/Observation/1").into();
    }
    let reply = system.post("", bundle).await.expect(200).json();
    let location = reply["entry"][0]["response"]["location"].as_str().unwrap();
    let (patient, _) = location.rsplit_once("/_history").unwrap();
    let (_, id) = patient.rsplit_once('/').unwrap();
    let made = &reply["entry"][1]["resource"]["subject"]["reference"];
    Linked {
        patient: format!("Patient/{id}"),
        made: made.as_str().unwrap().to_owned(),
    }
}

struct Linked {
    patient: String,
    made: String,
}

async fn a_link_to_a_version_leads_to_that_version(kind: Kind) {
    let (_house, system) = two_patients(kind).await;
    let new = ("POST", "Patient", FOREIGN);
    for base in [FOREIGN, ""] {
        let link = |rest: &str| match base {
            "" => format!("Patient/bob-1{rest}"),
            base => format!("{base}/Patient/bob-1{rest}"),
        };
        // The version that the entry is becomes the first one here.
        let Linked { patient, made } = linked(&system, new, &link("/_history/3#a")).await;
        assert_eq!(made, format!("{patient}/_history/1#a"));
        assert_ne!(patient, "Patient/bob-1");
        // Another one is at its source alone, and so are those of a record here that was
        // written over with one from elsewhere.
        let at_source = format!("{FOREIGN}/Patient/bob-1/_history/2#a");
        let made = linked(&system, new, &link("/_history/2#a")).await.made;
        assert_eq!(made, at_source);
        let over = ("PUT", "Patient/bob-1", FOREIGN);
        let made = linked(&system, over, &link("/_history/2#a")).await.made;
        assert_eq!(made, at_source);
    }
    // The own versions keep their numbers.
    let own = ("PUT", "Patient/bob-1", OWN);
    for link in [
        format!("{OWN}/Patient/bob-1/_history/1"),
        "Patient/bob-1/_history/1".to_owned(),
    ] {
        let made = linked(&system, own, &link).await.made;
        assert_eq!(made, "Patient/bob-1/_history/1");
    }
}
