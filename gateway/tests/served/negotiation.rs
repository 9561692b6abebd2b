//! In which form answers are given and bodies taken: settled on every route, before
//! anything is done (<https://hl7.org/fhir/R4/http.html#mime-type>).

use crate::{
    house::{HOME, House},
    records::{self, NAME},
};
use devkit::issuer::DemoUser;

const XML: (&str, &str) = ("accept", "application/fhir+xml");

#[actix_web::test]
async fn an_answer_in_another_form_is_refused_before_anything_is_done() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let new = records::patient("b").to_string();
    let bundle = records::bundle(
        "transaction",
        &[("POST", "Patient", Some(records::patient("c")))],
    );
    let update = records::with_id(records::patient("d"), &id).to_string();
    let before = house.audits(HOME).await.len();
    let mut refused = 0;
    for (method, path, body) in [
        ("GET", "metadata".to_owned(), None),
        ("HEAD", "metadata".to_owned(), None),
        ("POST", String::new(), Some(bundle.to_string())),
        ("POST", "Patient".to_owned(), Some(new)),
        ("PUT", path.clone(), Some(update)),
        ("DELETE", path.clone(), None),
        ("GET", path.clone(), None),
        ("GET", "Patient".to_owned(), None),
        ("POST", "Patient/_search".to_owned(), None),
        ("GET", format!("{path}/_history"), None),
        ("GET", format!("{path}/_history/1"), None),
        ("GET", format!("{path}/$proof"), None),
        ("GET", format!("{path}/_history/1/$proof"), None),
        ("GET", "AuditEvent".to_owned(), None),
    ] {
        let form = (
            "content-type",
            if path.ends_with("_search") {
                "application/x-www-form-urlencoded"
            } else {
                "application/fhir+json"
            },
        );
        for (query, headers) in [
            ("", vec![XML]),
            (
                "",
                vec![("accept", "application/fhir+json;q=0, application/fhir+xml")],
            ),
            (
                "",
                vec![("accept", "application/fhir+json; fhirVersion=5.0")],
            ),
            ("?_format=xml", vec![]),
            ("?_format=application/fhir%2Bjson;fhirVersion=3.0", vec![]),
        ] {
            let headers = [&headers[..], &[form]].concat();
            let reply = system
                .send(method, &format!("{path}{query}"), &headers, body.clone())
                .await;
            let told = format!("{method} {path}{query} {headers:?}");
            assert_eq!(reply.status, 406, "{told}: {}", reply.text);
            assert!(!reply.text.contains(NAME), "{told}");
            // What needs no token has no audit.
            refused += usize::from(path != "metadata");
        }
    }
    let audits = house.audits(HOME).await;
    assert_eq!(audits.len(), before + refused, "each refusal is audited");
    let newest = &audits[..refused];
    assert!(
        newest.iter().all(|audit| audit.outcome == 4),
        "something was done"
    );
    system.get(&path).await.expect(200);
    assert_eq!(system.found("Patient").await, 1);
}

#[actix_web::test]
async fn every_line_and_list_of_accept_counts() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for headers in [
        vec![XML, ("accept", "application/fhir+json")],
        vec![(
            "accept",
            "application/fhir+xml, application/fhir+json;q=0.1",
        )],
        vec![("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
        vec![("accept", "application/fhir+json;fhirVersion=4.0")],
        vec![("accept", "")],
        vec![],
    ] {
        for path in ["Patient", "metadata"] {
            let reply = system.send("GET", path, &headers, None).await;
            assert_eq!(reply.status, 200, "{path} {headers:?}: {}", reply.text);
        }
    }
    let posted = [("content-type", "application/x-www-form-urlencoded")];
    let search = Some("_format=xml".to_owned());
    system
        .send("POST", "Patient/_search", &posted, search)
        .await
        .expect(406);
    let twice = system.get("Patient?_format=json&_format=xml").await;
    assert_eq!(twice.expect(400).issue(), "invalid");
}

#[actix_web::test]
async fn a_body_in_another_form_is_refused() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for header in [
        ("content-type", "application/fhir+xml"),
        ("content-type", "application/fhir+json; fhirVersion=3.0"),
        ("content-type", "application/fhir+json; fhirVersion=\"5.0\""),
        ("content-type", "application/fhir+json; charset=iso-8859-1"),
        ("content-type", "application/fhir+jsön"),
        ("content-type", ""),
        ("content-encoding", "br"),
        ("content-encoding", "gzip, gzip"),
        ("content-encoding", "gzip, deflate"),
    ] {
        let bundle = records::bundle("batch", &[("POST", "Patient", Some(records::patient("a")))]);
        for (method, path, body) in [
            ("POST", "Patient", records::patient("a")),
            (
                "PUT",
                "Patient/one",
                records::with_id(records::patient("a"), "one"),
            ),
            ("POST", "", bundle),
        ] {
            let reply = system
                .send(method, path, &[header], Some(body.to_string()))
                .await;
            assert_eq!(
                reply.status, 415,
                "{method} {path} {header:?}: {}",
                reply.text
            );
            assert_eq!(reply.issue(), "not-supported");
            let coding = (header.0 == "content-encoding").then_some("gzip, identity");
            assert_eq!(reply.header("accept-encoding"), coding, "{header:?}");
        }
    }
    assert_eq!(system.found("Patient").await, 0);
    for header in [
        ("content-type", "application/json"),
        (
            "content-type",
            "Application/FHIR+JSON; charset=\"UTF-8\"; fhirVersion=4.0",
        ),
        ("content-encoding", "identity"),
    ] {
        let body = Some(records::patient("a").to_string());
        let reply = system.send("POST", "Patient", &[header], body).await;
        assert_eq!(reply.status, 201, "{header:?}: {}", reply.text);
    }
}

#[actix_web::test]
async fn a_search_is_posted_as_a_form() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    let post = async |header: &str, body: &str| {
        let header = [("content-type", header)];
        let body = Some(body.to_owned());
        system.send("POST", "Patient/_search", &header, body).await
    };
    let form = "application/x-www-form-urlencoded";
    for (header, body) in [
        ("application/json", r#"{"_id":"x"}"#),
        ("application/fhir+json", ""),
        ("multipart/form-data; boundary=x", "--x--"),
        ("application/x-www-form-urlencoded; charset=utf-16", "_id=x"),
        ("", "_id=x"),
    ] {
        let reply = post(header, body).await.expect(415);
        assert_eq!(reply.issue(), "not-supported", "{header}");
    }
    assert_eq!(post(form, "").await.expect(200).resources().len(), 1);
    let utf8 = "application/x-www-form-urlencoded; charset=UTF-8";
    let found = post(utf8, "identifier=a").await.expect(200);
    assert_eq!(found.resources().len(), 1);
    assert_eq!(
        post(form, "identifier=b")
            .await
            .expect(200)
            .resources()
            .len(),
        0
    );
}

/// A body in a coding that is not known would be read as if it had none.
#[actix_web::test]
async fn a_form_or_proposal_in_another_coding_is_refused() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let admin = house.caller(&DemoUser::Admin);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/json");
    let client = r#"{"clientId":"lab","roles":["system"]}"#;
    for coding in ["br", "gzip, gzip"] {
        let coding = ("content-encoding", coding);
        let headers = [form, coding];
        let searched = Some("identifier=a".to_owned());
        let search = system
            .send("POST", "Patient/_search", &headers, searched)
            .await
            .expect(415);
        assert_eq!(search.issue(), "not-supported");
        assert_eq!(search.header("accept-encoding"), Some("gzip, identity"));
        for (method, path) in [
            ("POST", "/admin/clients"),
            ("POST", "/admin/administrators"),
            ("POST", "/admin/facilities"),
            ("PUT", "/admin/facility"),
        ] {
            let body = Some(client.to_owned());
            let reply = admin.send(method, path, &[json, coding], body).await;
            assert_eq!(
                reply.header("accept-encoding"),
                Some("gzip, identity"),
                "{path}"
            );
            drop(reply.problem(415));
        }
    }
    let plain = [form, ("content-encoding", "identity")];
    let searched = Some("identifier=a".to_owned());
    system
        .send("POST", "Patient/_search", &plain, searched)
        .await
        .expect(200);
}

#[actix_web::test]
async fn preferences_are_read_in_every_spelling() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for prefer in [
        "return=\"minimal\"",
        "Return=minimal",
        "respond-async, return=minimal",
    ] {
        let body = Some(records::patient("a").to_string());
        let reply = system
            .send("POST", "Patient", &[("prefer", prefer)], body)
            .await
            .expect(201);
        assert_eq!(reply.text, "", "{prefer}");
    }
    let lenient = [("prefer", "Handling=\"lenient\"")];
    system
        .send("GET", "Patient?foo=bar", &lenient, None)
        .await
        .expect(200);
}
