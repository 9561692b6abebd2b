//! The text of a search is bounded, in a URL, in a body and in a Bundle: what was
//! understood of it is kept for good.

use crate::{
    caller::{Caller, Reply},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::json;

const URL: usize = 8 * 1024;
const FORM: usize = 64 * 1024;

/// A query of this length, whose one value nobody has.
fn query(length: usize) -> String {
    format!("identifier={}", "A".repeat(length - "identifier=".len()))
}

async fn post(caller: &Caller, path: &str, query: String) -> Reply {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    caller.send("POST", path, &form, Some(query)).await
}

#[actix_web::test]
async fn a_query_of_a_url_is_bounded() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for kind in ["Patient", "Observation"] {
        let path = |length| format!("{kind}?{}", query(length));
        system.get(&path(URL)).await.expect(200);
        for length in [URL + 1, 65_000] {
            let refused = system.get(&path(length)).await.expect(414);
            assert_eq!(refused.issue(), "too-long");
        }
    }
    let audit = house.caller(&DemoUser::Auditor);
    let path = format!("AuditEvent?{}", query(URL + 1));
    audit.get(&path).await.expect(414);
}

#[actix_web::test]
async fn a_query_of_a_body_is_bounded() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let path = "Observation/_search";
    post(&system, path, query(FORM)).await.expect(200);
    for (path, length) in [
        (path.to_owned(), FORM + 1),
        (path.to_owned(), 2_000_000),
        // What the URL says counts too.
        (format!("{path}?{}", query(100)), FORM),
    ] {
        let refused = post(&system, &path, query(length)).await.expect(413);
        assert_eq!(refused.issue(), "too-long", "{length}");
    }
    // A record may be as long as before.
    let long = json!({
        "resourceType": "Basic",
        "code": {"text": "A".repeat(2 * FORM)},
    });
    system.post("Basic", long).await.expect(201);
}

#[actix_web::test]
async fn a_query_of_a_bundle_entry_is_bounded() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let urls = [URL, URL + 1].map(|length| format!("Patient?{}", query(length)));
    let gets = urls.each_ref().map(|url| ("GET", url.as_str(), None));
    let batch = records::bundle("batch", &gets);
    let reply = system.post("", &batch).await.expect(200).json();
    let status = |entry: usize| {
        reply["entry"][entry]["response"]["status"]
            .as_str()
            .unwrap()
    };
    assert!(status(0).starts_with("200"), "{}", status(0));
    assert!(status(1).starts_with("414"), "{}", status(1));
}
