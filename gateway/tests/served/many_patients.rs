//! Records that name many patients: how many one may name, and how many the records of one
//! request may name together.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    a_record_names_no_more_patients_than_the_limit,
    what_was_stored_before_the_limit_stays,
    a_record_is_found_by_so_much_and_no_more,
}

async fn house(kind: Kind, patients: usize, opened: u64) -> House {
    House::start_with(kind, |settings| {
        settings.limits.patients_of_record = patients;
        settings.limits.opened_records = opened;
    })
    .await
}

fn account(patients: usize) -> Value {
    let named = |n: usize| json!({"reference": format!("Patient/p{n}")});
    let subject: Vec<_> = (0..patients).map(named).collect();
    json!({"resourceType": "Account", "status": "active", "subject": subject})
}

fn statuses(batch: &Value) -> Vec<&str> {
    let entries = batch["entry"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["response"]["status"].as_str().unwrap())
        .map(|status| &status[..3])
        .collect()
}

async fn a_record_names_no_more_patients_than_the_limit(kind: Kind) {
    let house = house(kind, 9, 1_000).await;
    let system = house.caller(&DemoUser::System);
    let own = system.create("Account", account(9)).await;
    let path = format!("Account/{own}");
    let put = |patients| records::with_id(account(patients), &own);
    system.put(&path, put(9)).await.expect(200);

    let refused = system.post("Account", account(10)).await.expect(422);
    let text = refused.json().to_string();
    assert!(text.contains("more than 9 patients") && text.contains("patientsOfRecord"));
    let audit = &house.audits(HOME).await[0];
    assert_eq!(audit.events, 8, "a refused write leaves the first few");
    system.put(&path, put(10)).await.expect(422);
    system
        .put("Account/new", records::with_id(account(10), "new"))
        .await
        .expect(422);
    let entries = [
        ("POST", "Account", Some(account(10))),
        ("POST", "Account", Some(account(9))),
    ];
    let transaction = records::bundle("transaction", &entries);
    system.post("", &transaction).await.expect(422);
    assert_eq!(system.found("Account").await, 1);
    let batch = records::bundle("batch", &entries);
    let answered = system.post("", &batch).await.expect(200).json();
    assert_eq!(statuses(&answered), ["422", "201"]);
    assert_eq!(system.found("Account").await, 2);
    // The same patient twice is one, and what is no patient does not count.
    let mut twice = account(9);
    let subject = twice["subject"].as_array_mut().unwrap();
    subject.push(json!({"reference": "Patient/p0"}));
    subject.extend((0..50).map(|n| json!({"reference": format!("Device/d{n}")})));
    system.create("Account", twice).await;
}

async fn what_was_stored_before_the_limit_stays(kind: Kind) {
    let mut house = house(kind, 100, 1_000).await;
    let system = house.caller(&DemoUser::System);
    let old = system.create("Account", account(30)).await;
    let url = house
        .another_with(|settings| {
            settings.limits.patients_of_record = 3;
            settings.limits.opened_records = 5;
        })
        .await;
    let system = system.through(&url);
    let path = format!("Account/{old}");
    for read in [
        path.clone(),
        format!("{path}/_history/1"),
        format!("{path}/_history"),
        format!("{path}/$proof"),
        "Account".to_owned(),
    ] {
        system.get(&read).await.expect(200);
        let audit = &house.audits(HOME).await[0];
        assert_eq!(audit.events, 30, "{read}");
    }
    let put = |patients| records::with_id(account(patients), &old);
    system.put(&path, put(30)).await.expect(422);
    system.put(&path, put(3)).await.expect(200);
    system.delete(&path).await.expect(204);
}

/// The looks of a batch at a record, until it is refused more.
async fn looks(system: &Caller, entry: (&str, &str), some: Option<&str>) -> Value {
    let mut bundle = records::bundle("batch", &vec![(entry.0, entry.1, None); 8]);
    for entry in bundle["entry"].as_array_mut().unwrap() {
        if let Some(tag) = some {
            entry["request"]["ifNoneMatch"] = json!(tag);
        }
    }
    system.post("", &bundle).await.expect(200).json()
}

#[actix_web::test]
async fn each_patient_of_what_a_batch_reads_counts_as_a_record() {
    let house = house(Kind::Sqlite, 100, 10).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Account", account(4)).await;
    let path = format!("Account/{id}");
    let (version, history) = (format!("{path}/_history/1"), format!("{path}/_history"));
    for (method, url, tag, status) in [
        ("GET", &path, None, "200"),
        ("HEAD", &path, None, "200"),
        ("GET", &path, Some("W/\"1\""), "304"),
        ("GET", &version, None, "200"),
        ("GET", &history, None, "200"),
    ] {
        let batch = looks(&system, (method, url), tag).await;
        // Ten records are left, then six, then two.
        let mut expected = vec![status; 3];
        expected.resize(8, "422");
        assert_eq!(statuses(&batch), expected, "{method} {url}");
        let issue = &batch["entry"][3]["response"]["outcome"]["issue"][0];
        assert_eq!(issue["code"], "too-costly");
        system.get(url).await.expect(200);
    }
}

#[actix_web::test]
async fn each_binary_pays_for_the_patients_of_its_context() {
    let house = house(Kind::Sqlite, 100, 10).await;
    let system = house.caller(&DemoUser::System);
    let context = system.create("Account", account(4)).await;
    let binary = json!({
        "resourceType": "Binary",
        "contentType": "text/plain",
        "data": "aGVsbG8=",
        "securityContext": {"reference": format!("Account/{context}")},
    });
    let mut reads = Vec::new();
    for _ in 0..8 {
        let id = system.create("Binary", binary.clone()).await;
        reads.push(format!("Binary/{id}"));
    }
    let reads: Vec<_> = reads.iter().map(|url| ("GET", &**url, None)).collect();
    let batch = records::bundle("batch", &reads);
    let answered = system.post("", &batch).await.expect(200).json();
    // Five records for the first and its context, and four for each of the others.
    let mut expected = vec!["200"; 3];
    expected.resize(8, "422");
    assert_eq!(statuses(&answered), expected);
}

#[actix_web::test]
async fn a_page_ends_with_the_patients_that_may_be_named() {
    let house = house(Kind::Sqlite, 100, 10).await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..5 {
        system.create("Account", account(4)).await;
    }
    let page = system.get("Account").await.expect(200);
    assert_eq!(page.resources().len(), 3);
    let next = system.get(&page.next().unwrap()).await.expect(200);
    assert_eq!(next.resources().len(), 2);
    assert_eq!(next.next(), None);
}

#[actix_web::test]
async fn what_one_bundle_writes_names_a_bounded_number_of_patients() {
    let house = house(Kind::Sqlite, 100, 10).await;
    let system = house.caller(&DemoUser::System);
    let mut entries = vec![("POST", "Account", Some(account(5))); 4];
    let transaction = records::bundle("transaction", &entries);
    let refused = system.post("", &transaction).await.expect(422);
    assert_eq!(refused.issue(), "too-costly");
    assert_eq!(system.found("Account").await, 0);
    entries.push(("POST", "Account", Some(account(1))));
    let batch = records::bundle("batch", &entries);
    let answered = system.post("", &batch).await.expect(200).json();
    // Records of one patient cost nothing of it.
    assert_eq!(statuses(&answered), ["201", "201", "201", "422", "201"]);
}

async fn a_record_is_found_by_so_much_and_no_more(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let known = |count: usize| {
        let known = |n: usize| json!({"system": "urn:x", "value": n.to_string()});
        let known: Vec<_> = (0..count).map(known).collect();
        json!({"resourceType": "Patient", "identifier": known})
    };
    system.create("Patient", known(2_000)).await;
    assert_eq!(system.found("Patient?identifier=urn:x|1999").await, 1);
    let refused = system.post("Patient", known(30_001)).await.expect(422);
    assert!(refused.text.contains("more than 30000"), "{}", refused.text);
    let bundle = records::bundle("transaction", &[("POST", "Patient", Some(known(30_001)))]);
    system.post("", bundle).await.expect(422);
    assert_eq!(system.found("Patient").await, 1);
}
