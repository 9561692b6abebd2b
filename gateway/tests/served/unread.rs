//! What the head of a request asks and a path does not read is refused by name, at every
//! path that is no FHIR too: parameters and preconditions.

use crate::{
    caller::Reply,
    database::Kind,
    house::{HOME, House},
};
use devkit::issuer::DemoUser;

/// A tag of an administrator, a client or a change that is not there.
const TAG: &str = "00112233445566778899aabbccddeeff";
/// Every precondition, with a value that could be honoured.
const PRECONDITIONS: [(&str, &str); 6] = [
    ("If-Match", "\"1\""),
    ("If-None-Match", "*"),
    ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
    ("If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"),
    ("If-None-Exist", "identifier=a"),
    ("If-Range", "\"1\""),
];

/// Method and path, and what it reads.
fn paths() -> Vec<(&'static str, String, &'static [&'static str])> {
    let mut paths: Vec<(&str, String, &[&str])> = Vec::new();
    for (method, path) in [
        ("GET", "/admin/facilities"),
        ("POST", "/admin/facilities"),
        ("GET", "/admin/facility"),
        ("PUT", "/admin/facility"),
        ("GET", "/admin/clients"),
        ("POST", "/admin/clients"),
        ("DELETE", "/admin/clients/demo-system"),
        ("GET", "/admin/administrators"),
        ("POST", "/admin/administrators"),
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
    ] {
        paths.push((method, path.to_owned(), &[]));
    }
    paths.push(("GET", "/admin/changes".to_owned(), &["_count", "before"]));
    for (method, path) in [
        ("DELETE", "administrators/{}"),
        ("GET", "changes/{}"),
        ("POST", "changes/{}/approve"),
        ("POST", "changes/{}/reject"),
    ] {
        paths.push((method, format!("/admin/{}", path.replace("{}", TAG)), &[]));
    }
    for path in [
        "checkpoint",
        "tile/0/000",
        "tile/entries/000",
        "2/checkpoint",
    ] {
        paths.push(("GET", format!("/log/{HOME}/{path}"), &[]));
        paths.push(("HEAD", format!("/log/{HOME}/{path}"), &[]));
    }
    let smart = ".well-known/smart-configuration".to_owned();
    paths.push(("GET", smart, &["_format", "_pretty"]));
    paths
}

fn refused(reply: &Reply, method: &str, told: &str) {
    assert_eq!(reply.status, 400, "{told}: {}", reply.text);
    match (method, told.contains("/admin")) {
        ("HEAD", _) => {}
        (_, true) => drop(reply.problem(400)),
        (_, false) => assert_eq!(reply.issue(), "not-supported", "{told}"),
    }
}

#[actix_web::test]
async fn parameters_and_preconditions_are_refused_where_they_are_not_read() {
    for public in [false, true] {
        let house = House::start_with(Kind::Sqlite, |settings| settings.log_public = public).await;
        let admin = house.caller(&DemoUser::Admin);
        let mut acts = 0;
        for (method, path, read) in paths() {
            for query in [
                "x=1",
                "_count=1",
                "before=1",
                "_format=json",
                "=",
                "if-match=1",
            ] {
                let (name, _) = query.split_once('=').unwrap();
                if read.contains(&name) {
                    continue;
                }
                let told = format!("{method} {path}?{query}");
                let url = format!("{path}?{query}");
                let reply = admin.send(method, &url, &[], Some("{}".to_owned())).await;
                refused(&reply, method, &told);
                assert_eq!(house.audits(HOME).await.len(), acts, "{told} was done");
            }
            for (name, value) in PRECONDITIONS {
                let told = format!("{method} {path} {name}");
                let body = Some("{}".to_owned());
                let reply = admin.send(method, &path, &[(name, value)], body).await;
                // What RFC 9110, 13.1.3 to 13.1.5, has a read ignore.
                let of_time = ["If-Modified-Since", "If-Unmodified-Since", "If-Range"];
                if ["GET", "HEAD"].contains(&method) && of_time.contains(&name) {
                    assert_ne!(reply.status, 400, "{told}: {}", reply.text);
                    acts = house.audits(HOME).await.len();
                    continue;
                }
                refused(&reply, method, &told);
                assert_eq!(house.audits(HOME).await.len(), acts, "{told} was done");
                let named = method == "HEAD" || reply.text.contains(&format!("`{name}`"));
                assert!(named, "{told}: {}", reply.text);
            }
        }
        for path in ["/healthz?", "/healthz/", "/readyz", "/"] {
            admin.get(path).await.expect(200);
        }
    }
}

/// What a path of no FHIR answers is JSON, but for the page and the log, whose paths name
/// their form. Whoever asks for health goes by the status, and is answered whatever it takes.
#[actix_web::test]
async fn an_answer_that_is_json_is_given_in_no_other_form() {
    let house = House::start().await;
    let admin = house.caller(&DemoUser::Admin);
    let in_json = |path: &str| path.starts_with("/admin");
    let paths = || paths().into_iter().filter(|path| path.1.starts_with('/'));
    for (method, path, _) in paths().filter(|path| in_json(&path.1)) {
        for accept in ["application/xml", "text/html", "application/json;q=0, */*"] {
            let told = format!("{method} {path} {accept}");
            let body = Some("{}".to_owned());
            let reply = admin.send(method, &path, &[("accept", accept)], body).await;
            assert_eq!(reply.status, 406, "{told}: {}", reply.text);
            drop(reply.problem(406));
        }
    }
    assert!(house.audits(HOME).await.is_empty(), "something was done");
    for (method, path, _) in paths() {
        let mut taken = vec!["application/json", "text/html, */*;q=0.1", ""];
        if !in_json(&path) {
            taken.push("application/xml");
        }
        for accept in taken {
            let told = format!("{method} {path} {accept}");
            let body = Some("{}".to_owned());
            let reply = admin.send(method, &path, &[("accept", accept)], body).await;
            assert_ne!(reply.status, 406, "{told}: {}", reply.text);
        }
    }
    let smart = ".well-known/smart-configuration";
    let xml = [("accept", "application/xml")];
    admin.send("GET", smart, &xml, None).await.expect(406);
}

#[actix_web::test]
async fn a_refused_head_is_an_answer_like_any_other() {
    let house = House::start().await;
    let reply = house.anyone().get("/admin/clients?x=1").await;
    assert!(reply.problem(400).contains("send none"));
    for name in ["x-request-id", "x-content-type-options", "cache-control"] {
        assert!(reply.header(name).is_some(), "{name}");
    }
    let reply = house.anyone().get("/admin/changes?x=1").await;
    let text = reply.problem(400);
    assert!(text.contains("none but `_count` and `before`"), "{text}");
}
