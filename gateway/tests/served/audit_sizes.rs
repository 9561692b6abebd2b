//! What a request leaves in the audit is bounded by what it disclosed: under 8 kB, and
//! 100 bytes more for each record disclosed and each patient that it names beyond the first,
//! whatever it passed over. Ids of 64 characters, the longest, make that 160 bytes.

use crate::{
    caller::Caller,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;

/// Patients that a search has to pass over.
const OTHERS: usize = 2_000;

/// The stored bytes of the newest audit record: the record and its query texts.
async fn size_of_newest(house: &House) -> usize {
    let audit = &house.audits(HOME).await[0];
    let texts = audit.queries.iter().map(|query| query.envelope.len());
    audit.envelope.len() + texts.sum::<usize>()
}

async fn at_most(house: &House, disclosed: usize, what: &str) {
    let size = size_of_newest(house).await;
    let bound = 8 * 1024 + 100 * disclosed;
    assert!(size <= bound, "{what}: {size} bytes, {bound} at most");
}

async fn add(system: &Caller, count: usize) {
    let patient = |n: usize| {
        let record = records::patient(&format!("other-{n}"));
        ("POST", "Patient", Some(record))
    };
    let entries: Vec<_> = (0..count).map(patient).collect();
    for some in entries.chunks(500) {
        let bundle = records::bundle("transaction", some);
        system.post("", &bundle).await.expect(200);
    }
}

#[actix_web::test]
async fn no_request_leaves_more_than_its_share_of_audit() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    add(&system, OTHERS).await;
    at_most(&house, 500, "transaction").await;
    let own = system.create("Patient", records::patient("own")).await;
    let path = format!("Patient/{own}");
    for n in 0..20 {
        let changed = records::with_id(records::patient(&format!("own-{n}")), &own);
        system.put(&path, &changed).await.expect(200);
    }
    let patient = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });

    let counted = patient.get("Patient?_summary=count").await.expect(200);
    assert_eq!(counted.json()["total"], 1);
    at_most(&house, 0, "count").await;
    let found = patient.get("Patient?_count=1000").await.expect(200);
    at_most(&house, found.resources().len(), "search by a patient").await;
    let history = patient.get(&format!("{path}/_history")).await.expect(200);
    assert_eq!(history.resources().len(), 21);
    at_most(&house, 21, "history").await;
    let clinician = house.caller(&DemoUser::Clinician);
    let found = clinician.get("Patient?_count=1000").await.expect(200);
    assert_eq!(found.resources().len(), 1_000);
    at_most(&house, 1_000, "search by a clinician").await;
    let counted = clinician.get("Patient?_summary=count").await.expect(200);
    assert_eq!(counted.json()["total"], OTHERS + 1);
    at_most(&house, 0, "count by a clinician").await;
    let searches: Vec<_> = (0..20)
        .map(|_| ("GET", "Patient?_summary=count", None))
        .collect();
    let bundle = records::bundle("batch", &searches);
    clinician.post("", &bundle).await.expect(200);
    let size = size_of_newest(&house).await;
    // Each search has an envelope for its text.
    assert!(size <= 8 * 1024 + 20 * 1024, "batch: {size} bytes");

    let named = |n: usize| serde_json::json!({"reference": format!("Patient/{n:0>36}")});
    let subject: Vec<_> = (0..500).map(named).collect();
    let account = serde_json::json!({"resourceType": "Account", "status": "active",
        "subject": subject});
    let account = system.create("Account", account).await;
    at_most(&house, 500, "a record of many patients is written").await;
    let path = format!("Account/{account}");
    system.get(&path).await.expect(200);
    at_most(&house, 500, "and read").await;

    let refused = house.caller(&DemoUser::Admin);
    refused.get("Patient?_summary=count").await.expect(403);
    at_most(&house, 0, "refused").await;
}

/// Records whose ids have the most characters that an id can have.
const LONG: usize = 300;

#[actix_web::test]
async fn the_longest_ids_have_a_bound_too() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = |n: usize| format!("{n:0>64}");
    for kind in ["Patient", "Observation"] {
        let put = |n: usize| {
            let record = match kind {
                "Patient" => records::patient("long"),
                _ => records::observation(&id(n)),
            };
            let record = records::with_id(record, &id(n));
            (format!("{kind}/{}", id(n)), record)
        };
        let puts: Vec<_> = (0..LONG).map(put).collect();
        let entry = |(url, record): &(String, serde_json::Value)| {
            let request = serde_json::json!({"method": "PUT", "url": url});
            serde_json::json!({"request": request, "resource": record})
        };
        let entries: Vec<_> = puts.iter().map(entry).collect();
        let bundle = serde_json::json!({
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": entries,
        });
        system.post("", &bundle).await.expect(200);
        let written = size_of_newest(&house).await;
        let found = system.get(&format!("{kind}?_count=1000")).await.expect(200);
        assert_eq!(found.resources().len(), LONG);
        let read = size_of_newest(&house).await;
        let bound = 8 * 1024 + 160 * LONG;
        assert!(
            written <= bound && read <= bound,
            "{kind}: {written}, {read}"
        );
        // So many bytes are needed: the bound says no more than it must.
        assert!(read > 100 * LONG, "{kind}: {read}");
    }
}
