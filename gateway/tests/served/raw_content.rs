//! Binary as raw content (<https://hl7.org/fhir/R4/binary.html#rest>).

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    raw_content_is_stored_and_comes_back_the_same,
    content_is_no_page_of_this_origin,
    content_is_given_to_those_who_may_read_it,
    what_is_fhir_is_no_raw_content,
}

/// Bytes that are no text.
const CONTENT: &[u8] = &[0x89, b'P', b'N', b'G', 0, 0xff, b'\r', b'\n'];

async fn send(
    caller: &Caller,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, Value) {
    let response = caller.respond(method, path, headers, body.to_vec()).await;
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// The status of a read, its type and its bytes.
async fn read(caller: &Caller, path: &str, accept: &str) -> (u16, String, Vec<u8>) {
    let response = caller
        .respond("GET", path, &[("accept", accept)], Vec::new())
        .await;
    let kind = response.headers().get("content-type");
    let kind = kind.map(|kind| kind.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    (
        status,
        kind.unwrap_or_default(),
        response.bytes().await.unwrap().to_vec(),
    )
}

async fn raw_content_is_stored_and_comes_back_the_same(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let png = [("content-type", "image/png")];
    let (status, made) = send(&system, ("POST", "Binary"), &png, CONTENT).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["contentType"], "image/png");
    assert_eq!(made["data"], "iVBORwD/DQo=");
    let path = format!("Binary/{}", made["id"].as_str().unwrap());
    for accept in ["image/png", "image/*", "text/plain, image/png;q=0.1"] {
        for path in [path.clone(), format!("{path}/_history/1")] {
            let (status, kind, bytes) = read(&system, &path, accept).await;
            assert_eq!((status, kind.as_str()), (200, "image/png"), "{accept}");
            assert_eq!(bytes, CONTENT, "{accept}");
        }
    }
    // Whoever takes FHIR, or anything, gets the resource.
    for accept in [
        "application/fhir+json",
        "*/*",
        "image/png, application/fhir+json",
        "image/*,*/*;q=0.1",
    ] {
        let (status, kind, bytes) = read(&system, &path, accept).await;
        assert_eq!(status, 200, "{accept}");
        assert!(kind.starts_with("application/fhir+json"), "{accept}");
        let resource: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(resource["data"], made["data"], "{accept}");
    }
    for accept in [
        "image/jpeg",
        "text/html",
        "image/png;q=0",
        "application/fhir+xml",
    ] {
        assert_eq!(read(&system, &path, accept).await.0, 406, "{accept}");
    }
    for query in ["?_format=xml", "?_summary=true", "?_pretty=true"] {
        let path = format!("{path}{query}");
        assert_eq!(read(&system, &path, "image/png").await.0, 406, "{query}");
    }
    assert_eq!(read(&system, "Binary/absent", "image/png").await.0, 404);
    // A new version under its precondition, with a type of its own.
    let text = [
        ("content-type", "text/plain; charset=utf-8"),
        ("if-match", "W/\"1\""),
    ];
    let (status, changed) = send(&system, ("PUT", &path), &text, b"t").await;
    assert_eq!(
        (status, &changed["meta"]["versionId"]),
        (200, &json!("2")),
        "{changed}"
    );
    let (status, _) = send(&system, ("PUT", &path), &text, b"u").await;
    assert_eq!(status, 412);
    let (_, kind, bytes) = read(&system, &path, "text/plain").await;
    assert_eq!(
        (kind.as_str(), &*bytes),
        ("text/plain; charset=utf-8", &b"t"[..])
    );
    // Content of no bytes, and none that is there before.
    let (status, empty) = send(&system, ("PUT", "Binary/empty"), &png, b"").await;
    assert_eq!((status, empty.get("data")), (201, None), "{empty}");
    assert_eq!(read(&system, "Binary/empty", "image/png").await.2, b"");
}

async fn content_is_no_page_of_this_origin(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let html = [("content-type", "text/html")];
    let page = b"<script>alert(1)</script>";
    let (status, made) = send(&system, ("POST", "Binary"), &html, page).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("Binary/{}", made["id"].as_str().unwrap());
    let accept = [("accept", "text/html")];
    let response = system.respond("GET", &path, &accept, Vec::new()).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(response.status(), 200);
    assert_eq!(header("content-disposition"), "attachment");
    assert_eq!(
        header("content-security-policy"),
        "sandbox; default-src 'none'"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("etag"), "W/\"1\"");
    assert_eq!(header("vary"), "accept");
    assert!(response.headers().contains_key("last-modified"));
    let seen = [("accept", "text/html"), ("if-none-match", "W/\"1\"")];
    let response = system.respond("GET", &path, &seen, Vec::new()).await;
    assert_eq!(response.status(), 304);
    // What a browser asks for first is not it.
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let (_, kind, _) = read(&system, &path, browser).await;
    assert!(kind.starts_with("application/fhir+json"), "{kind}");
}

async fn content_is_given_to_those_who_may_read_it(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    for id in ["p-0", "p-1"] {
        let record = records::with_id(records::patient(id), id);
        system
            .put(&format!("Patient/{id}"), record)
            .await
            .expect(201);
    }
    let headers = [
        ("content-type", "text/plain"),
        ("x-security-context", "Patient/p-1"),
    ];
    let (status, made) = send(&system, ("POST", "Binary"), &headers, b"secret").await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["securityContext"]["reference"], "Patient/p-1");
    let path = format!("Binary/{}", made["id"].as_str().unwrap());
    for (id, status) in [("p-0", 404), ("p-1", 200)] {
        let id = id.parse().unwrap();
        let caller = house.caller(&DemoUser::Patient { id });
        let response = caller
            .respond("GET", &path, &[("accept", "text/plain")], Vec::new())
            .await;
        assert_eq!(response.status(), status);
        let context = response.headers().get("x-security-context").cloned();
        assert_eq!(context.is_some(), status == 200);
        let text = response.text().await.unwrap();
        assert_eq!(text == "secret", status == 200, "{text}");
        let audits = house.audits(HOME).await;
        assert!(
            audits
                .iter()
                .any(|audit| audit.interaction.as_str() == "read")
        );
        // What is hidden is told apart by no type.
        let other = caller
            .send("GET", &path, &[("accept", "image/png")], None)
            .await;
        assert_eq!(other.status, if status == 200 { 406 } else { 404 });
    }
    let auditor = house.caller(&DemoUser::Auditor);
    // As by FHIR JSON: the context is one that the caller may not read.
    let (status, _) = send(&auditor, ("POST", "Binary"), &headers, b"x").await;
    assert_eq!(status, 422);
    for context in ["Patient?identifier=a", "Patient/absent-of-all"] {
        let headers = [
            ("content-type", "text/plain"),
            ("x-security-context", context),
        ];
        let (status, told) = send(&system, ("POST", "Binary"), &headers, b"x").await;
        assert!([400, 422].contains(&status), "{context}: {status} {told}");
    }
}

async fn what_is_fhir_is_no_raw_content(kind: Kind) {
    let house = House::start_with(kind, |settings| settings.limits.body_bytes = 40_000).await;
    let system = house.caller(&DemoUser::System);
    for (content_type, expected) in [
        ("application/fhir+xml", 415),
        ("application/fhir+turtle", 415),
        ("text", 415),
        ("application/json", 400),
        ("application/fhir+json", 400),
        // Content like any other.
        ("application/xml", 201),
        ("application/pdf", 201),
    ] {
        let headers = [("content-type", content_type)];
        let (status, told) = send(&system, ("POST", "Binary"), &headers, b"<a/>").await;
        assert_eq!(status, expected, "{content_type}: {told}");
        // Of no other type.
        let (status, told) = send(&system, ("POST", "Patient"), &headers, b"<a/>").await;
        assert!([400, 415].contains(&status), "{content_type}: {told}");
    }
    let binary = json!({"resourceType": "Binary", "contentType": "text/plain", "data": "aGk="});
    let id = system.create("Binary", binary).await;
    let (_, _, bytes) = read(&system, &format!("Binary/{id}"), "text/plain").await;
    assert_eq!(bytes, b"hi");
    // As base64 it would be over the limit of bodies.
    let headers = [("content-type", "text/plain")];
    let (status, _) = send(&system, ("POST", "Binary"), &headers, &[b'a'; 30_001]).await;
    assert_eq!(status, 413);
    let (status, told) = send(&system, ("POST", "Binary"), &headers, &[b'a'; 29_000]).await;
    assert_eq!(status, 201, "{told}");
}
