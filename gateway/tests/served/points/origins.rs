//! Pages of other origins (CORS): point 47.

use crate::{
    database::Kind,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;

const APP: &str = "https://app.example";
const ALLOWED: &str = "access-control-allow-origin";

async fn house() -> House {
    House::start_with(Kind::Sqlite, |settings| {
        settings.allowed_origins = vec![APP.to_owned(), "http://localhost:3000".to_owned()];
    })
    .await
}

/// A page's browser asks first, without a token, whether the page may send what it wants to.
#[actix_web::test]
async fn point_47_a_page_of_an_allowed_origin_is_answered_before_it_has_a_token() {
    let house = house().await;
    let nobody = house.anyone();
    let asks = [
        ("origin", APP),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization,if-match"),
    ];
    for at in [nobody.clone(), nobody.at(HOME)] {
        for path in ["", "metadata", "Patient", "Patient/1", "Patient/_search"] {
            let reply = at.send("OPTIONS", path, &asks, None).await.expect(204);
            assert_eq!(reply.header(ALLOWED), Some(APP), "{path}");
            assert_eq!(reply.header("vary"), Some("Origin"), "{path}");
            let methods = reply.header("access-control-allow-methods").unwrap();
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
                assert!(methods.contains(method), "{methods}");
            }
            let headers = reply.header("access-control-allow-headers").unwrap();
            for header in ["Authorization", "Content-Type", "If-Match", "Prefer"] {
                assert!(headers.contains(header), "{headers}");
            }
            assert!(reply.header("access-control-max-age").is_some());
            // Tokens come in a header: no cookie counts.
            assert_eq!(reply.header("access-control-allow-credentials"), None);
        }
    }
    assert!(house.audits(HOME).await.is_empty());
    let statement = nobody.get("metadata").await.expect(200).json();
    assert_eq!(statement["rest"][0]["security"]["cors"], true);
}

#[actix_web::test]
async fn point_47_a_page_reads_answers_and_failures_and_their_headers() {
    let house = house().await;
    let system = house.caller(&DemoUser::System);
    let from = [("origin", APP)];
    let body = Some(records::patient("a").to_string());
    let made = system
        .send("POST", "Patient", &from, body)
        .await
        .expect(201);
    let exposed = made.header("access-control-expose-headers").unwrap();
    for header in ["ETag", "Location", "X-Request-Id", "WWW-Authenticate"] {
        assert!(exposed.contains(header), "{exposed}");
    }
    let nobody = house.anyone();
    for (caller, path, status) in [
        (&system, "Patient", 200),
        (&system, "Patient/absent", 404),
        (&system, "Dog", 404),
        (&system, "Patient/a%", 400),
        (&nobody, "Patient", 401),
        (&nobody, ".well-known/smart-configuration", 200),
    ] {
        let reply = caller.send("GET", path, &from, None).await.expect(status);
        assert_eq!(reply.header(ALLOWED), Some(APP), "{path}");
        assert!(reply.varies_by("Origin"), "{path}");
    }
    // The origin is no right: without a token nothing is done.
    let body = Some(records::patient("b").to_string());
    nobody
        .send("POST", "Patient", &from, body)
        .await
        .expect(401);
    assert_eq!(system.found("Patient?identifier=b").await, 0);
}

#[actix_web::test]
async fn point_47_other_origins_and_other_paths_are_open_to_no_page() {
    let house = house().await;
    let system = house.caller(&DemoUser::System);
    for origin in [
        "https://evil.example",
        "https://app.example.evil.example",
        "https://app.example:444",
        "http://app.example",
        "null",
    ] {
        let from = [("origin", origin), ("access-control-request-method", "GET")];
        let asked = system.send("OPTIONS", "Patient", &from, None).await;
        assert_eq!(asked.expect(405).header(ALLOWED), None, "{origin}");
        let read = system.send("GET", "Patient", &from[..1], None).await;
        let read = read.expect(200);
        assert_eq!(read.header(ALLOWED), None, "{origin}");
        assert!(read.varies_by("Origin"), "{origin}");
    }
    let from = [("origin", APP), ("access-control-request-method", "GET")];
    for path in [
        "/admin/clients",
        "/healthz",
        "/log/riverside/checkpoint",
        "/",
    ] {
        for method in ["GET", "OPTIONS"] {
            let reply = system.send(method, path, &from, None).await;
            assert_eq!(reply.header(ALLOWED), None, "{method} {path}");
        }
    }
}

/// Where none is configured the gateway speaks to no page.
#[actix_web::test]
async fn point_47_by_default_no_page_is_answered() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let from = [("origin", APP), ("access-control-request-method", "GET")];
    let asked = system.send("OPTIONS", "Patient", &from, None).await;
    assert_eq!(asked.expect(405).header(ALLOWED), None);
    let read = system.send("GET", "Patient", &from[..1], None).await;
    assert_eq!(read.expect(200).header(ALLOWED), None);
    let statement = system.get("metadata").await.expect(200).json();
    assert_eq!(statement["rest"][0]["security"].get("cors"), None);
}
