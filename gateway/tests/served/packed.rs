//! Bodies and answers that are packed by gzip
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-8.4>), and answers that are indented.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};

on_both! {
    a_packed_body_is_as_good_as_a_plain_one,
    what_is_unpacked_is_bounded,
    an_answer_is_packed_for_those_who_take_it,
    an_answer_is_indented_where_that_is_asked_for,
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

const GZIP: (&str, &str) = ("content-encoding", "gzip");

/// The status of a request with a packed body, and the answer.
async fn send(
    caller: &Caller,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (u16, String) {
    let headers = [headers, &[GZIP]].concat();
    let response = caller.respond(method, path, &headers, body).await;
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn a_packed_body_is_as_good_as_a_plain_one(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let one = records::with_id(records::patient("a"), "one");
    let bundle = records::bundle("batch", &[("POST", "Patient", Some(records::patient("c")))]);
    let patch = json!([{"op": "add", "path": "/gender", "value": "other"}]);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let json_patch = [("content-type", "application/json-patch+json")];
    for (at, headers, body, expected) in [
        (
            ("POST", "Patient"),
            &[][..],
            records::patient("b").to_string(),
            201,
        ),
        (("PUT", "Patient/one"), &[], one.to_string(), 201),
        (
            ("PATCH", "Patient/one"),
            &json_patch,
            patch.to_string(),
            200,
        ),
        (("POST", ""), &[], bundle.to_string(), 200),
        (("POST", "Patient/$validate"), &[], one.to_string(), 200),
        (
            ("POST", "Patient/_search"),
            &form,
            "identifier=c".to_owned(),
            200,
        ),
    ] {
        let (status, text) = send(&system, at, headers, packed(body.as_bytes())).await;
        assert_eq!(status, expected, "{at:?}: {text}");
    }
    assert_eq!(system.found("Patient").await, 3);
    // In two members, and by the older name.
    let text = records::patient("d").to_string();
    let (first, second) = text.split_at(10);
    let members = [packed(first.as_bytes()), packed(second.as_bytes())].concat();
    let old = [("content-encoding", "x-gzip")];
    let reply = system.respond("POST", "Patient", &old, members).await;
    assert_eq!(reply.status(), 201);
    // What was not packed, or not whole.
    let whole = packed(text.as_bytes());
    for body in [
        text.into_bytes(),
        whole[..whole.len() - 9].to_vec(),
        vec![0x1f, 0x8b],
        // Members that hold nothing.
        [packed(b"").repeat(16), whole].concat(),
    ] {
        let (status, text) = send(&system, ("POST", "Patient"), &[], body).await;
        assert_eq!(status, 400, "{text}");
        assert!(text.contains("cannot be unpacked"), "{text}");
    }
    // A body that is not there is none.
    system
        .send("DELETE", "Patient/one", &[GZIP], None)
        .await
        .expect(204);
    assert_eq!(system.found("Patient").await, 3);
}

async fn what_is_unpacked_is_bounded(kind: Kind) {
    let house = House::start_with(kind, |settings| settings.limits.body_bytes = 300_000).await;
    let system = house.caller(&DemoUser::System);
    let fits = records::long(200_000);
    let (status, text) = send(&system, ("POST", "Basic"), &[], packed(fits.as_bytes())).await;
    assert_eq!(status, 201, "{text}");
    let bomb = packed(&vec![b' '; 50_000_000]);
    assert!(bomb.len() < 100_000);
    for path in ["Basic", ""] {
        let (status, text) = send(&system, ("POST", path), &[], bomb.clone()).await;
        assert_eq!(status, 413, "{text}");
        assert!(text.contains("unpacked"), "{text}");
    }
    // Whoever may not write is refused before anything long is unpacked.
    let auditor = house.caller(&DemoUser::Auditor);
    let (status, text) = send(&auditor, ("POST", "Basic"), &[], bomb).await;
    assert_eq!(status, 403, "{text}");
}

async fn an_answer_is_packed_for_those_who_take_it(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let mut id = String::new();
    for _ in 0..5 {
        id = system.create("Basic", records::long(30_000)).await;
    }
    let takes = [("accept-encoding", "br, gzip;q=0.5")];
    for path in [
        format!("Basic/{id}"),
        "Basic".to_owned(),
        "metadata".to_owned(),
    ] {
        let plain = system.get(&path).await.expect(200);
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert_eq!(plain.header("vary"), Some("accept-encoding"), "{path}");
        let response = system.respond("GET", &path, &takes, Vec::new()).await;
        let header = |name: &str| response.headers().get(name).cloned();
        assert_eq!(header("content-encoding").unwrap(), "gzip", "{path}");
        assert_eq!(header("vary").unwrap(), "accept-encoding", "{path}");
        assert_eq!(header("etag").as_ref(), plain.headers.get("etag"), "{path}");
        assert_eq!(
            header("content-type").as_ref(),
            plain.headers.get("content-type")
        );
        let bytes = response.bytes().await.unwrap();
        assert!(
            bytes.len() * 2 < plain.text.len(),
            "{path}: {}",
            bytes.len()
        );
        let mut text = String::new();
        GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        let (packed, plain): (Value, Value) = (
            serde_json::from_str(&text).unwrap(),
            serde_json::from_str(&plain.text).unwrap(),
        );
        assert_eq!(packed["entry"], plain["entry"], "{path}");
        assert_eq!(packed["id"], plain["id"], "{path}");
    }
    // A short one is not worth it, and an error is as another answer.
    let response = system
        .respond("GET", "Basic/absent", &takes, Vec::new())
        .await;
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers().get("content-encoding"), None);
    let refuses = [("accept-encoding", "gzip;q=0, *;q=0.1")];
    let response = system.respond("GET", "Basic", &refuses, Vec::new()).await;
    assert_eq!(response.headers().get("content-encoding"), None);
    let head = system.respond("HEAD", "Basic", &takes, Vec::new()).await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.bytes().await.unwrap().len(), 0);
}

async fn an_answer_is_indented_where_that_is_asked_for(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for (path, status) in [
        (format!("Patient/{id}"), 200),
        (format!("Patient/{id}/_history"), 200),
        ("Patient/_history".to_owned(), 200),
        ("Patient".to_owned(), 200),
        ("metadata".to_owned(), 200),
        ("Patient/absent".to_owned(), 404),
        ("Zebra".to_owned(), 404),
    ] {
        let pretty = system
            .get(&format!("{path}?_pretty=true&_format=json"))
            .await;
        let pretty = pretty.expect(status);
        assert!(
            pretty.text.starts_with("{\n  \""),
            "{path}: {}",
            pretty.text
        );
        assert!(pretty.json().is_object());
        let plain = system
            .get(&format!("{path}?_pretty=false"))
            .await
            .expect(status);
        assert!(!plain.text.contains('\n'), "{path}");
        // The form that is asked for is settled before anything else.
        if status == 200 {
            system.get(&format!("{path}?_format=xml")).await.expect(406);
        }
    }
    let created = system
        .post("Patient?_pretty=true", records::patient("b"))
        .await;
    assert!(created.expect(201).text.starts_with("{\n"));
}
