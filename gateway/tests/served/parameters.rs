//! Parameters and paths at their edges: what is not read is refused, what counts once
//! is given once, and every path has the spellings that R4 and HTTP allow.

use crate::{house::House, records};
use devkit::issuer::DemoUser;
use serde_json::json;

#[actix_web::test]
async fn a_parameter_that_is_not_read_is_refused_everywhere() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let update = records::with_id(records::patient("b"), &id).to_string();
    let bundle = records::bundle("batch", &[]).to_string();
    for (method, path, body) in [
        ("GET", path.clone(), None),
        ("HEAD", path.clone(), None),
        ("GET", format!("{path}/_history/1"), None),
        ("GET", format!("{path}/_history"), None),
        ("GET", format!("{path}/$proof"), None),
        ("GET", format!("{path}/_history/1/$proof"), None),
        ("GET", "Patient".to_owned(), None),
        ("GET", "AuditEvent".to_owned(), None),
        ("GET", "metadata".to_owned(), None),
        (
            "POST",
            "Patient".to_owned(),
            Some(records::patient("c").to_string()),
        ),
        ("PUT", path.clone(), Some(update)),
        ("DELETE", path.clone(), None),
        ("POST", String::new(), Some(bundle)),
    ] {
        let whole = path.ends_with("/_history") || path.contains('$') || path == "metadata";
        let takes_parts = matches!(method, "GET" | "HEAD") && !whole;
        for query in [
            "foo=bar",
            "_elements=name",
            "_summary=text",
            "status=active",
        ] {
            if takes_parts && query.starts_with('_') {
                continue;
            }
            let reply = system
                .send(method, &format!("{path}?{query}"), &[], body.clone())
                .await;
            assert_eq!(reply.status, 400, "{method} {path}?{query}: {}", reply.text);
        }
    }
    for query in ["_format=json", "_pretty=true", "_summary=false"] {
        system.get(&format!("{path}?{query}")).await.expect(200);
    }
    let read = system.get(&path).await.expect(200);
    assert_eq!(read.header("etag"), Some("W/\"1\""));
    assert_eq!(system.found("Patient").await, 1);
    for query in ["_elements=nothing", "foo=bar"] {
        let read = records::bundle("batch", &[("GET", &format!("{path}?{query}"), None)]);
        let answer = system.post("", read).await.expect(200).json();
        let status = answer["entry"][0]["response"]["status"].as_str().unwrap();
        assert!(status.starts_with("400"), "{query}: {status}");
    }
}

#[actix_web::test]
async fn a_parameter_that_counts_once_is_given_once() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    system.create("Patient", records::patient("a")).await;
    let history = format!("Patient/{id}/_history");
    for path in [
        format!("{history}?_count=1&_count=3"),
        format!("{history}?_since=2099-01-01&_since=2000-01-01"),
        "Patient?_count=1&_count=2".to_owned(),
        "Patient?_sort=_lastUpdated&_sort=-_lastUpdated".to_owned(),
        "Patient?_total=none&_total=accurate".to_owned(),
        "Patient?_summary=count&_summary=false".to_owned(),
        format!("Patient/{id}?_format=json&_format=json"),
        "metadata?_format=json&_format=json".to_owned(),
    ] {
        assert_eq!(
            system.get(&path).await.expect(400).issue(),
            "invalid",
            "{path}"
        );
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let posted = Some("_count=2".to_owned());
    system
        .send("POST", "Patient/_search?_count=1", &form, posted)
        .await
        .expect(400);
    // Criteria may be repeated: both must hold.
    assert_eq!(system.found("Patient?identifier=a&identifier=b").await, 0);
    let next = system
        .get("Patient?_count=1")
        .await
        .expect(200)
        .next()
        .unwrap();
    system
        .get(&format!("{next}&_format=json"))
        .await
        .expect(200);
    for more in ["identifier=a", "_count=1", "_cursor=x", "_total=none"] {
        system.get(&format!("{next}&{more}")).await.expect(400);
    }
}

#[actix_web::test]
async fn a_count_is_a_whole_number_however_large() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for count in ["99999999999", "4294967296", "1000000000000000000000000"] {
        assert_eq!(system.found(&format!("Patient?_count={count}")).await, 1);
        let history = format!("Patient/{id}/_history?_count={count}");
        assert_eq!(system.found(&history).await, 1);
    }
    for count in ["-1", "5.0", "%2B5", "1e3", "x", ""] {
        let reply = system.get(&format!("Patient?_count={count}")).await;
        assert_eq!(reply.expect(400).issue(), "value", "{count}");
    }
}

#[actix_web::test]
async fn a_leap_second_is_a_second() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for path in [
        "Patient?_lastUpdated=gt2016-12-31T23:59:60Z".to_owned(),
        format!("Patient/{id}/_history?_since=2016-12-31T23:59:60Z"),
    ] {
        assert_eq!(system.found(&path).await, 1, "{path}");
    }
    let none = "Patient?_lastUpdated=lt2016-12-31T23:59:60Z";
    assert_eq!(system.found(none).await, 0);
    system
        .get("Patient?_lastUpdated=2016-12-31T23:59:61Z")
        .await
        .expect(400);
}

#[actix_web::test]
async fn a_path_with_a_final_slash_is_the_same_path() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let made = system
        .post("Patient/", records::patient("a"))
        .await
        .expect(201);
    let path = format!("Patient/{}", made.id());
    for path in [
        "Patient".to_owned(),
        path.clone(),
        format!("{path}/_history"),
        format!("{path}/_history/1"),
        "metadata".to_owned(),
    ] {
        let plain = system.get(&path).await.expect(200);
        let slashed = system.get(&format!("{path}/")).await.expect(200);
        assert_eq!(plain.header("etag"), slashed.header("etag"), "{path}");
    }
    let body = records::with_id(records::patient("b"), &made.id());
    system.put(&format!("{path}/"), body).await.expect(200);
    system
        .post("/fhir/", records::bundle("batch", &[]))
        .await
        .expect(200);
    system.delete(&format!("{path}/")).await.expect(204);
    for path in ["/healthz/", "/readyz/"] {
        system.get(path).await.expect(200);
    }
    for path in ["/fhir//Patient", "Patient//", "/fhir/Patient//x"] {
        assert_ne!(system.get(path).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn health_is_asked_with_head_too() {
    let house = House::start().await;
    let nobody = house.anyone();
    for path in ["/healthz", "/readyz"] {
        let head = nobody.send("HEAD", path, &[], None).await.expect(200);
        assert_eq!(head.text, "", "{path}");
        for method in ["POST", "OPTIONS", "DELETE"] {
            let reply = nobody.send(method, path, &[], None).await.expect(405);
            assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for path in ["Patient".to_owned(), format!("Patient/{id}/_history")] {
        let head = system.send("HEAD", &path, &[], None).await.expect(200);
        assert_eq!(head.text, "", "{path}");
    }
}

#[actix_web::test]
async fn a_create_takes_no_id_from_the_client() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let long = "x".repeat(65);
    for id in [
        json!("p_1"),
        json!(long),
        json!(""),
        json!(null),
        json!(7),
        json!(["a"]),
        json!({"x": 1}),
        json!(".."),
        json!("mine"),
    ] {
        let mut body = records::patient("a");
        body["id"] = id.clone();
        let made = system.post("Patient", &body).await.expect(201);
        assert_ne!(json!(made.id()), id);
        let entries = [("POST", "Patient", Some(body))];
        for kind in ["transaction", "batch"] {
            let answer = system.post("", records::bundle(kind, &entries)).await;
            let status = answer.expect(200).json()["entry"][0]["response"]["status"].clone();
            assert_eq!(status, "201 Created", "{id}");
        }
    }
    // An update names its record.
    let mut body = records::patient("a");
    body["id"] = json!("p_1");
    system.put("Patient/p_1", &body).await.expect(400);
}

#[actix_web::test]
async fn an_id_of_dots_is_refused() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for id in [".", ".."] {
        // Clients that normalise would ask for another path.
        let encoded = id.replace('.', "%2e");
        let body = records::with_id(records::patient("a"), id);
        let entries = [("PUT", &*format!("Patient/{id}"), Some(body.clone()))];
        let answer = system
            .post("", records::bundle("transaction", &entries))
            .await;
        assert_eq!(answer.expect(400).issue(), "value", "{id}");
        let reply = system.put(&format!("Patient/{encoded}"), &body).await;
        assert!(reply.status >= 400, "{id}: {}", reply.text);
    }
    assert_eq!(system.found("Patient").await, 0);
}

#[actix_web::test]
async fn what_is_not_offered_is_said_to_be_so() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for path in ["$export", "Patient/$match", "Patient/$export"] {
        let reply = system.get(path).await.expect(404);
        assert_eq!(reply.issue(), "not-supported", "{path}");
        assert!(reply.text.contains("`/metadata`"), "{path}: {}", reply.text);
    }
}

#[actix_web::test]
async fn an_update_says_where_the_version_is() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (number, status) in [(1, 201), (2, 200)] {
        let body = records::with_id(records::patient("a"), "one");
        let made = system.put("Patient/one", &body).await.expect(status);
        let place = format!("{}/Patient/one/_history/{number}", system.base());
        for name in ["location", "content-location"] {
            assert_eq!(made.header(name), Some(place.as_str()), "{name}");
        }
    }
    let body = Some(records::with_id(records::patient("a"), "one").to_string());
    let prefer = [("prefer", "return=OperationOutcome")];
    let made = system
        .send("PUT", "Patient/one", &prefer, body)
        .await
        .expect(200);
    assert!(made.header("location").unwrap().ends_with("/_history/3"));
    assert_eq!(made.header("content-location"), None);
}

#[actix_web::test]
async fn capabilities_are_what_is_there() {
    let house = House::start().await;
    let nobody = house.anyone();
    let first = nobody.get("metadata").await.expect(200);
    let etag = first.header("etag").unwrap().to_owned();
    let held = [("if-none-match", etag.as_str())];
    let again = nobody
        .send("GET", "metadata", &held, None)
        .await
        .expect(304);
    assert_eq!(
        (again.text.as_str(), again.header("etag")),
        ("", Some(etag.as_str()))
    );
    let other = [("if-none-match", "\"x\"")];
    nobody
        .send("GET", "metadata", &other, None)
        .await
        .expect(200);
    nobody.get("metadata?mode=full").await.expect(200);
    nobody.get("metadata?mode=terminology").await.expect(400);
    let statement = first.json();
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let codes: Vec<&str> = resource["interaction"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|entry| entry["code"].as_str())
            .collect();
        let history = codes.contains(&"history-instance");
        assert_eq!(resource["readHistory"], history, "{}", resource["type"]);
        for operation in resource["operation"].as_array().unwrap() {
            let definition = operation["definition"].as_str().unwrap();
            let of_r4 = "http://hl7.org/fhir/OperationDefinition/Resource-validate";
            let known = definition == of_r4 || definition.starts_with("urn:");
            assert!(known, "{definition}");
        }
    }
}
