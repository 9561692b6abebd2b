//! A history says of each version what its write was answered
//! (<https://hl7.org/fhir/R4/http.html#history>).

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::Value;

on_both! {
    a_version_has_the_status_that_its_write_had,
    who_may_see_a_version_is_decided_over_what_it_says,
}

/// The statuses of a history, the newest first, in pages of a version.
async fn statuses(caller: &Caller, query: &str) -> Vec<String> {
    let mut statuses = Vec::new();
    let mut page = Some(format!("Patient/one/_history?{query}"));
    while let Some(path) = page {
        let reply = caller.get(&path).await.expect(200);
        let body = reply.json();
        statuses.extend(of_entries(&body));
        page = reply.next();
    }
    statuses
}

fn of_entries(history: &Value) -> Vec<String> {
    let entries = history["entry"].as_array().unwrap().iter();
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap().to_owned();
    entries.map(status).collect()
}

async fn a_version_has_the_status_that_its_write_had(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let record = records::with_id(records::patient("a"), "one");
    let mut answered = Vec::new();
    let mut times = Vec::new();
    for method in ["PUT", "PUT", "DELETE", "PUT", "PUT", "DELETE"] {
        let body = (method == "PUT").then(|| record.to_string());
        let reply = system.send(method, "Patient/one", &[], body).await;
        answered.push(match reply.status {
            200 => "200 OK",
            201 => "201 Created",
            204 => "204 No Content",
            other => panic!("{other}: {}", reply.text),
        });
        let time = system
            .get("Patient/one/_history?_count=1")
            .await
            .expect(200)
            .json();
        let time = &time["entry"][0]["response"]["lastModified"];
        times.push(time.as_str().unwrap().to_owned());
        house.clock.set(i64::try_from(times.len()).unwrap());
    }
    answered.reverse();
    for query in ["", "_count=1", "_count=2", "_count=3"] {
        assert_eq!(statuses(&system, query).await, answered, "{query}");
    }
    // From the version on that brought the record back.
    let since = format!("_since={}", times[3]);
    assert_eq!(statuses(&system, &since).await, answered[..3]);
    // Inside a transaction that brings it back once more.
    let entries = [
        ("PUT", "Patient/one", Some(record)),
        ("GET", "Patient/one/_history?_count=1", None),
    ];
    let bundle = records::bundle("transaction", &entries);
    let done = system.post("", bundle).await.expect(200).json();
    assert_eq!(done["entry"][0]["response"]["status"], "201 Created");
    assert_eq!(of_entries(&done["entry"][1]["resource"]), ["201 Created"]);
}

/// Also where the subject of a record was wrong and was corrected: docs/threat-model.md,
/// "Known limits".
async fn who_may_see_a_version_is_decided_over_what_it_says(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let (wrong, right) = (
        system.create("Patient", records::patient("a")).await,
        system.create("Patient", records::patient("b")).await,
    );
    let id = system
        .create("Observation", records::observation(&wrong))
        .await;
    let place = format!("Observation/{id}");
    let corrected = records::with_id(records::observation(&right), &id);
    system.put(&place, corrected).await.expect(200);
    let own = |id: &str| {
        let id = id.parse().unwrap();
        house.caller(&DemoUser::Patient { id })
    };
    let (before, after) = (own(&wrong), own(&right));
    let first = format!("{place}/_history/1");
    before.get(&place).await.expect(404);
    before.get(&first).await.expect(200);
    after.get(&place).await.expect(200);
    after.get(&first).await.expect(404);
    assert_eq!(before.found("Observation").await, 0);
    // A page that begins with what is hidden is none.
    let page = format!("{place}/_history?_count=1");
    before.get(&page).await.expect(404);
}
