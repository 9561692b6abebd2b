//! One own server, however it is spelt: a reference leads to what it names
//! (<https://hl7.org/fhir/R4/http.html#root>), and one of which that cannot be told is
//! refused.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    records,
};
use devkit::issuer::DemoUser;
use gateway::Settings;
use serde_json::{Value, json};
use store::StoredUrl;

on_both! {
    a_reference_in_an_array_names_nobody_and_is_refused,
    a_url_that_was_added_or_moved_in_the_data_is_refused,
    a_record_under_a_wrong_scope_is_found_and_mended_by_writing_it_again,
    a_patient_is_known_by_every_spelling_of_the_own_record,
    the_newest_url_can_be_cut_and_is_named_again,
}

const PUBLIC: &str = "https://fhir.hospital.example/site";

fn hospital(settings: &mut Settings) {
    settings.public_url = PUBLIC.to_owned();
}

/// Every spelling of a reference to a patient at a gateway of that name.
fn spellings(patient: &str) -> Vec<String> {
    [
        "Patient/{p}",
        "./Patient/{p}",
        "Patient/{p}/",
        " Patient/{p} ",
        "Patient/{p}?_format=json",
        "Patient/{p}#x",
        "Patient/{p}/_history/1",
        "/site/fhir/Patient/{p}",
        "//fhir.hospital.example/site/fhir/Patient/{p}",
        "https://fhir.hospital.example/site/fhir/Patient/{p}",
        "https://fhir.hospital.example/site/f/riverside/fhir/Patient/{p}",
        "http://fhir.hospital.example/site/fhir/Patient/{p}",
        "HTTPS://FHIR.Hospital.Example:443/site/fhir/Patient/{p}",
        "http://fhir.hospital.example:80/%73ite/fhir/Patient/{p}/?x=y",
        "https://fhir.hospital.example//site/fhir//Patient/{p}",
    ]
    .map(|text| text.replace("{p}", patient))
    .to_vec()
}

fn about(reference: &str) -> Value {
    let mut observation = records::observation("x");
    observation["subject"] = json!({"reference": reference});
    observation
}

/// The subject that the leaf of a record states.
async fn subject(caller: &Caller, id: &str) -> String {
    let proof = caller.get(&format!("Observation/{id}/$proof")).await;
    let proof = proof.expect(200).json();
    let statement = proof["leaf"]["statement"].as_str().unwrap();
    let statement: Value = serde_json::from_str(statement).unwrap();
    statement["subject"].as_str().unwrap().to_owned()
}

async fn all_spellings_are_one_patient(kind: Kind) {
    let house = House::start_with(kind, hospital).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let patient = house.caller(&DemoUser::Patient {
        id: id.parse().unwrap(),
    });
    let mut subjects = Vec::new();
    for reference in spellings(&id) {
        let body = about(&reference);
        let alone = system.create("Observation", &body).await;
        let entries = [("POST", "Observation", Some(body))];
        let bundle = records::bundle("transaction", &entries);
        let made = system.post("", bundle).await.expect(200).json();
        let place = made["entry"][0]["response"]["location"].clone();
        let place = place.as_str().unwrap();
        let (place, _) = place.rsplit_once("/_history").unwrap();
        let (_, in_bundle) = place.rsplit_once('/').unwrap();
        for made in [&alone, in_bundle] {
            let path = format!("Observation/{made}");
            let read = patient.get(&path).await;
            assert_eq!(read.status, 200, "{reference}: {}", read.text);
            subjects.push(subject(&system, made).await);
        }
        let asked: String = url::form_urlencoded::byte_serialize(reference.as_bytes()).collect();
        let found = system.found(&format!("Observation?subject={asked}")).await;
        assert_eq!(found, subjects.len(), "{reference}");
        let found = system.found(&format!("Observation?patient={id}")).await;
        assert_eq!(found, subjects.len(), "{reference}");
    }
    assert!(!subjects[0].is_empty());
    assert!(
        subjects.iter().all(|one| *one == subjects[0]),
        "{subjects:?}"
    );
}

#[actix_web::test]
async fn a_reference_is_what_it_names() {
    all_spellings_are_one_patient(Kind::Sqlite).await;
}

#[actix_web::test]
async fn a_reference_is_what_it_names_on_postgres() {
    all_spellings_are_one_patient(Kind::Postgres).await;
}

/// Someone of role patient, known by the claim `fhirUser` alone.
fn patient_by_user(house: &House, user: &str) -> Caller {
    let patient = DemoUser::Patient {
        id: "x".parse().unwrap(),
    };
    house.caller_with(&patient, |claims| {
        claims.as_object_mut().unwrap().remove("patient");
        claims["fhirUser"] = user.into();
    })
}

async fn a_patient_is_known_by_every_spelling_of_the_own_record(kind: Kind) {
    let mut house = House::start_with(kind, hospital).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    for user in spellings(&id) {
        let patient = patient_by_user(&house, &user);
        let read = patient.get(&path).await;
        assert_eq!(read.status, 200, "{user}: {}", read.text);
        assert_eq!(patient.found("Patient").await, 1, "{user}");
    }
    for user in [
        "https://other.example/site/fhir/Patient/{p}",
        "https://fhir.hospital.example/site/f/hillcrest/fhir/Patient/{p}",
        "https://fhir.hospital.example:8443/site/fhir/Patient/{p}",
        "https://fhir.hospital.example/fhir/Patient/{p}",
        "https://fhir.hospital.example/site/fhir/Practitioner/{p}",
        "urn:uuid:{p}",
        "Practitioner/{p}",
        "{p}",
        "Patient/{p}/x",
    ] {
        let user = user.replace("{p}", &id);
        let read = patient_by_user(&house, &user).get(&path).await;
        assert_eq!(read.status, 404, "{user}: {}", read.text);
    }
    // The one of the claim `patient` is meant, whoever the user is.
    let other = house.caller(&DemoUser::Patient {
        id: "other".parse().unwrap(),
    });
    other.get(&path).await.expect(404);
    // At another facility the same path names someone else.
    let there = patient_by_user(&house, &format!("{PUBLIC}/fhir/Patient/{id}")).at(OTHER);
    there.get(&path).await.expect(404);
    // Under a new name the gateway knows the old one.
    let url = house
        .another_with(|settings| settings.public_url = "https://new.example".to_owned())
        .await;
    for base in [PUBLIC, "https://new.example"] {
        let patient = patient_by_user(&house, &format!("{base}/fhir/{path}"));
        patient.through(&url).get(&path).await.expect(200);
    }
}

#[actix_web::test]
async fn a_reference_of_which_it_cannot_be_told_is_refused() {
    let house = House::start_with(Kind::Sqlite, hospital).await;
    let system = house.caller(&DemoUser::System);
    for reference in [
        "",
        "Patient",
        "Patient/a b",
        "Patient/p_1",
        "Patient/..",
        "Patients/1",
        "patient/1",
        "/Patient/1",
        "../Patient/1",
        "https://fhir.hospital.example/site/fhir/metadata",
        "https:///fhir/Patient/1",
    ] {
        for body in [
            about(reference),
            json!({
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "x"},
                "contained": [about(reference)],
            }),
        ] {
            let reply = system.post("Observation", &body).await;
            assert_eq!(reply.status, 400, "{reference}: {}", reply.text);
            let place = reply.json()["issue"][0]["expression"][0].clone();
            let place = place.as_str().unwrap();
            assert!(place.ends_with("subject.reference"), "{place}");
            let update = records::with_id(body.clone(), "one");
            system.put("Observation/one", update).await.expect(400);
            let entries = [("POST", "Observation", Some(body))];
            let bundle = records::bundle("transaction", &entries);
            system.post("", bundle).await.expect(400);
        }
    }
    // What leads elsewhere is stored as it is.
    for reference in [
        "#p",
        "urn:uuid:b9d3bd47-9f3c-4a4a-8f3b-8a3b7d0f7c3a",
        "https://other.example/fhir/Patient/1",
        "https://fhir.hospital.example/site/f/hillcrest/fhir/Patient/1",
        "https://fhir.hospital.example:8443/site/fhir/Patient/1",
    ] {
        let mut body = about(reference);
        if reference == "#p" {
            body["contained"] = json!([{"resourceType": "Patient", "id": "p"}]);
        }
        let id = system.create("Observation", body).await;
        assert_eq!(subject(&system, &id).await, "", "{reference}");
        let read = system.get(&format!("Observation/{id}")).await.expect(200);
        assert_eq!(read.json()["subject"]["reference"], reference);
    }
}

async fn a_gateway_may_get_another_name(kind: Kind) {
    let mut house = House::start_with(kind, hospital).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let absolute = format!("{PUBLIC}/fhir/Patient/{id}");
    let observation = system.create("Observation", about(&absolute)).await;
    let search = format!("Observation?patient={id}");
    assert_eq!(system.found(&search).await, 1);
    // Nothing but the new name is configured: the data know the old one.
    let url = house
        .another_with(|settings| settings.public_url = "https://new.example".to_owned())
        .await;
    let renamed = system.through(&url);
    assert_eq!(renamed.found(&search).await, 1);
    let path = format!("{search}&subject={absolute}");
    assert_eq!(renamed.found(&path).await, 1);
    let new = format!("https://new.example/fhir/Patient/{id}");
    renamed.create("Observation", about(&new)).await;
    renamed.create("Observation", about(&absolute)).await;
    assert_eq!(renamed.found(&search).await, 3);
    let patient = house.caller(&DemoUser::Patient {
        id: id.parse().unwrap(),
    });
    let patient = patient.through(&url);
    let path = format!("Observation/{observation}");
    patient.get(&path).await.expect(200);
    // One that this installation never had must be told.
    let older = "http://older.example:8080";
    let about_older = about(&format!("{older}/fhir/Patient/{id}"));
    let unknown = renamed.create("Observation", &about_older).await;
    assert_eq!(subject(&renamed, &unknown).await, "");
    let url = house
        .another_with(|settings| settings.former_urls = vec![older.to_owned()])
        .await;
    let told = system.through(&url);
    let made = told.create("Observation", &about_older).await;
    assert!(!subject(&told, &made).await.is_empty());
    assert_eq!(told.found(&search).await, 4);
}

#[actix_web::test]
async fn records_stay_findable_when_the_gateway_gets_another_name() {
    a_gateway_may_get_another_name(Kind::Sqlite).await;
}

#[actix_web::test]
async fn records_stay_findable_when_the_gateway_gets_another_name_on_postgres() {
    a_gateway_may_get_another_name(Kind::Postgres).await;
}

async fn a_url_that_was_added_or_moved_in_the_data_is_refused(kind: Kind) {
    let house = House::start_on(kind).await;
    let facility = house.facility(HOME).await;
    house.opens().await.unwrap();
    let list = move |reader: &mut store::Reader| reader.own_urls().list(facility);
    let urls = house.store.read("URLs", list).await.unwrap();
    let [first] = urls.as_slice() else {
        panic!("{urls:?}");
    };
    // The one that is there under another number, where a second would stand.
    let moved = StoredUrl {
        number: 2,
        ..first.clone()
    };
    let add = move |tx: &mut store::Tx| tx.own_urls().insert(facility, &moved);
    house.store.run_tx("URL", &[], add).await.unwrap();
    let refused = house.opens().await.unwrap_err().to_string();
    assert!(
        refused.contains("URL 2 of facility `riverside`"),
        "{refused}"
    );
}

/// What is not noticed (docs/threat-model.md, "Known limits"): references by the URL that was
/// cut are foreign until it is named again.
async fn the_newest_url_can_be_cut_and_is_named_again(kind: Kind) {
    let mut house = House::start_on(kind).await;
    let older = "http://older.example:8080";
    let name_older = |settings: &mut Settings| settings.former_urls = vec![older.to_owned()];
    let named = house.another_with(name_older).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    let body = about(&format!("{older}/fhir/Patient/{patient}"));
    let search = format!("Observation?patient={patient}");
    system.through(&named).create("Observation", &body).await;
    assert_eq!(system.through(&named).found(&search).await, 1);
    house.sql("DELETE FROM own_url WHERE number = 2");
    house.opens().await.unwrap();
    let there = house.another().await;
    let told = system.through(&there);
    told.create("Observation", &body).await;
    assert_eq!(told.found(&search).await, 0);
    let again = house.another_with(name_older).await;
    system.through(&again).create("Observation", &body).await;
    // The one that was written meanwhile is sealed outside of its patient's record.
    assert_eq!(system.through(&again).found(&search).await, 2);
    // A row cut from between is noticed.
    house.sql("DELETE FROM own_url WHERE number = 1");
    let refused = house.opens().await.unwrap_err().to_string();
    assert!(refused.contains("URL 1 of facility"), "{refused}");
}

async fn a_record_under_a_wrong_scope_is_found_and_mended_by_writing_it_again(kind: Kind) {
    let mut house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    let right = system
        .create("Observation", records::observation(&patient))
        .await;
    let older = "http://older.example:8080";
    let body = about(&format!("{older}/fhir/Patient/{patient}"));
    let wrong = system.create("Observation", &body).await;
    let path = format!("Observation/{wrong}");
    let second = records::with_id(body, &wrong);
    system.put(&path, &second).await.expect(200);
    assert!(house.misplaced(HOME, &[]).await.is_empty());

    let former = [older.to_owned()];
    let url = house
        .another_with(|settings| settings.former_urls = former.to_vec())
        .await;
    let told = system.through(&url);
    let search = format!("Observation?patient={patient}");
    assert_eq!(told.found(&search).await, 1);
    let found = house.misplaced(HOME, &former).await;
    assert_eq!(found, [(path.clone(), vec![2, 1], true)]);
    assert!(house.misplaced(OTHER, &former).await.is_empty());

    let read = told.get(&path).await.expect(200);
    told.put(&path, read.text).await.expect(200);
    // Whoever writes it next: the earlier versions keep their envelopes, and are named.
    let earlier = [(path.clone(), vec![2, 1], false)];
    assert_eq!(house.misplaced(HOME, &former).await, earlier);
    assert_eq!(told.found(&search).await, 2);
    let mended = subject(&told, &wrong).await;
    assert_eq!(mended, subject(&told, &right).await);
    told.delete(&path).await.expect(204);
    assert_eq!(house.misplaced(HOME, &former).await, earlier);
}

/// As converters from XML write it: it would be stored outside of its patient's record.
async fn a_reference_in_an_array_names_nobody_and_is_refused(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    let name = format!("Patient/{patient}");
    for reference in [json!([name]), json!([[name]]), json!([name, name])] {
        let mut body = records::observation(&patient);
        body["subject"]["reference"] = reference;
        let refused = system.post("Observation", &body).await.expect(400);
        assert!(
            refused.text.contains("must be a string"),
            "{}",
            refused.text
        );
        let bundle = records::bundle("transaction", &[("POST", "Observation", Some(body))]);
        let refused = system.post("", bundle).await.expect(400);
        assert!(
            refused.text.contains("must be a string"),
            "{}",
            refused.text
        );
    }
    assert_eq!(system.found("Observation").await, 0);
}
