//! Histories: points 35 and 36.

use super::{each, entries, id_of, patch, patient, put};
use crate::{
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::json;

on_both! {
    point_35_a_history_says_what_was_asked_and_what_was_answered,
    point_36_a_history_is_asked_since_a_moment_and_in_pages,
}

async fn point_35_a_history_says_what_was_asked_and_what_was_answered(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let mut answered = vec![system.get(&path).await.expect(200)];
    answered.push(put(&system, &path, records::patient("b"), &[]).await);
    answered.push(patch(&system, &path, &[]).await);
    answered.push(system.delete(&path).await);
    answered.push(put(&system, &path, records::patient("c"), &[]).await);
    answered.reverse();
    let history = system.get(&format!("{path}/_history")).await.expect(200);
    let history = history.json();
    assert_eq!(history["type"], "history");
    let entries = entries(&history);
    let of = |pointer: &str| each(&entries, pointer);
    assert_eq!(
        of("/request/method"),
        ["PUT", "DELETE", "PATCH", "PUT", "POST"]
    );
    assert_eq!(
        of("/request/url"),
        [&*path, &*path, &*path, &*path, "Patient"]
    );
    assert_eq!(
        of("/response/status"),
        [
            "201 Created",
            "204 No Content",
            "200 OK",
            "200 OK",
            "201 Created"
        ]
    );
    let own = format!("{}/{path}", system.base());
    assert_eq!(of("/fullUrl"), vec![own; 5]);
    assert_eq!(
        of("/resource/meta/versionId"),
        ["5", "-", "3", "2", "1"],
        "a delete has no resource"
    );
    for (entry, answer) in entries.iter().zip(&answered) {
        let response = &entry["response"];
        assert_eq!(response["etag"].as_str(), answer.header("etag"));
        let modified = response["lastModified"].as_str().unwrap();
        let modified: model::Timestamp = modified.parse().unwrap();
        let modified = modified.to_http_date();
        assert_eq!(answer.header("last-modified"), Some(&*modified));
    }
    // One that the client named began by PUT.
    put(&system, "Patient/one", records::patient("d"), &[])
        .await
        .expect(201);
    let history = system.get("Patient/one/_history").await.expect(200).json();
    let request = json!({"method": "PUT", "url": "Patient/one"});
    assert_eq!(history["entry"][0]["request"], request);
    assert_eq!(history["entry"][0]["response"]["status"], "201 Created");
}

async fn point_36_a_history_is_asked_since_a_moment_and_in_pages(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let path = patient(&system, "a").await;
    let mut times = Vec::new();
    for number in 2..=4 {
        house.clock.set(number * 10);
        let reply = put(&system, &path, records::patient("b"), &[]).await;
        let updated = reply.expect(200).json()["meta"]["lastUpdated"].clone();
        times.push(updated.as_str().unwrap().to_owned());
    }
    let versions = async |query: &str| {
        let page = system.get(&format!("{path}/_history?{query}")).await;
        let page = page.expect(200);
        let versions = each(&entries(&page.json()), "/resource/meta/versionId");
        (versions, page.next())
    };
    // The moment itself counts.
    assert_eq!(
        versions(&format!("_since={}", times[1])).await.0,
        ["4", "3"]
    );
    assert_eq!(versions(&format!("_since={}", times[2])).await.0, ["4"]);
    assert_eq!(versions("_since=2000-01-01T00:00:00Z").await.0.len(), 4);
    let (mut all, mut next) = versions("_count=3").await;
    assert_eq!(all, ["4", "3", "2"]);
    while let Some(link) = next {
        assert!(link.starts_with(&format!("{}/{path}/_history?", system.base())));
        let page = system.get(&link).await.expect(200);
        all.extend(each(&entries(&page.json()), "/resource/meta/versionId"));
        next = page.next();
    }
    assert_eq!(all, ["4", "3", "2", "1"]);
    for query in [
        "_count=1&_count=2",
        "_since=2020&_since=2021",
        "_since=2020&_since=2020",
        "_since=yesterday",
        "_count=some",
    ] {
        let refused = system.get(&format!("{path}/_history?{query}")).await;
        assert_eq!(refused.status, 400, "{query}: {}", refused.text);
    }
    let unknown = system.get("Patient/unknown/_history").await.expect(404);
    assert_eq!(unknown.issue(), "not-found");
    let id = id_of(&path);
    system.delete(&path).await.expect(204);
    let gone = system.get(&format!("Patient/{id}/_history")).await;
    assert_eq!(entries(&gone.expect(200).json()).len(), 5);
}
