//! Every route and method without a token that is good: 401, and nothing else
//! about what is there. Only the statement of capabilities and the two health
//! checks are served to anyone.

use crate::{
    caller::Reply,
    house::{HOME, House, OTHER},
    records::{self, NAME},
};
use devkit::issuer::DemoUser;
use gateway::{
    admin,
    interaction::{
        kinds::{Place, Row, TypeClass},
        rows_at,
    },
};
use serde_json::json;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A path below a FHIR base, and the methods that it takes. `{id}` is a record that exists.
struct Route {
    path: String,
    methods: Vec<&'static str>,
}

/// Those of the table, for a type of each class.
fn routes() -> Vec<Route> {
    let types = [
        ("Patient", "{id}", TypeClass::Stored),
        ("AuditEvent", "{id}.0", TypeClass::Audit),
        ("Parameters", "{id}", TypeClass::NoLongerStored),
    ];
    let mut routes = Vec::new();
    for place in Place::ALL {
        let methods = |taken: &dyn Fn(&Row) -> bool| -> Vec<&'static str> {
            let rows = rows_at(place).into_iter().filter(|row| taken(row));
            rows.flat_map(|row| row.verb.methods()).copied().collect()
        };
        let pattern = place.pattern().trim_start_matches('/');
        let pattern = pattern.replace("{members}", "Observation");
        if !pattern.contains("{type}") {
            routes.push(Route {
                path: pattern,
                methods: methods(&|_| true),
            });
            continue;
        }
        for (kind, id, class) in types {
            let methods = methods(&|row| row.classes.contains(&class));
            let path = pattern.replace("{type}", kind).replace("{id}", id);
            let path = path.replace("{version}", "1");
            if methods.is_empty() {
                continue;
            }
            // With a final slash it is the same.
            if class == TypeClass::Stored && place.is_of_entries() {
                let (path, methods) = (format!("{path}/"), methods.clone());
                routes.push(Route { path, methods });
            }
            routes.push(Route { path, methods });
        }
    }
    routes
}

/// What the table must have.
const PINNED: [(&str, &[&str]); 26] = [
    ("", &["POST"]),
    ("_history", &["GET", "HEAD"]),
    ("Patient/_history", &["GET", "HEAD"]),
    ("AuditEvent/_history", &["GET", "HEAD"]),
    ("AuditEvent/{id}.0/_history", &["GET", "HEAD"]),
    (
        "Patient",
        &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    ),
    (
        "Patient/",
        &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    ),
    ("Patient/_search", &["POST"]),
    ("Patient/{id}", &["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
    ("Patient/{id}/", &["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
    ("Patient/{id}/_history", &["GET", "HEAD"]),
    ("Patient/{id}/_history/1", &["GET", "HEAD"]),
    ("Patient/{id}/$proof", &["GET", "HEAD"]),
    ("Patient/{id}/_history/1/$proof", &["GET", "HEAD"]),
    ("Patient/{id}/$everything", &["GET", "HEAD", "POST"]),
    ("Patient/{id}/Observation", &["GET", "HEAD"]),
    ("Patient/{id}/Observation/_search", &["POST"]),
    ("Patient/$validate", &["POST"]),
    ("Patient/{id}/$validate", &["POST"]),
    ("AuditEvent", &["GET", "HEAD"]),
    ("AuditEvent/_search", &["POST"]),
    ("AuditEvent/{id}.0", &["GET", "HEAD"]),
    ("AuditEvent/{id}.0/_history/1", &["GET", "HEAD"]),
    ("AuditEvent/{id}.0/$proof", &["GET", "HEAD"]),
    ("Parameters", &["GET", "HEAD", "DELETE"]),
    ("Parameters/{id}", &["GET", "HEAD", "DELETE"]),
];

/// What would be an interaction or operation, and is not offered.
const UNKNOWN: [&str; 11] = [
    "$validate",
    "_history/1",
    "Patient/$meta",
    "Patient/_history/1",
    "Patient/$validate/_history",
    "Patient/$everything",
    "Encounter/{id}/$everything",
    "Patient/{id}/Observation/1",
    "Encounter/{id}/Observation",
    "Patient/{id}/_history/1/$meta",
    "Zebra/$validate",
];

/// The paths below `/admin` and the methods that they take, with an id where the path has one.
fn admin_routes() -> Vec<Route> {
    let rows = admin::TABLE.chunk_by(|row, next| row.path == next.path);
    let route = |rows: &[admin::Row]| {
        let path = rows[0].path.trim_start_matches('/');
        let path = path.replace("{id:.+}", "demo-system");
        let path = path.replace("{tag}", NO_TAG).replace("{id}", NO_TAG);
        let methods = rows.iter().flat_map(|row| row.verb.methods());
        Route {
            path,
            methods: methods.copied().collect(),
        }
    };
    rows.map(route).collect()
}

/// A tag of nothing.
const NO_TAG: &str = "00112233445566778899aabbccddeeff";

/// What the table of administration must have.
const PINNED_ADMIN: [(&str, &[&str]); 10] = [
    ("facilities", &["GET", "HEAD", "POST"]),
    ("facility", &["GET", "HEAD", "PUT"]),
    ("clients", &["GET", "HEAD", "POST"]),
    ("clients/demo-system", &["DELETE"]),
    ("administrators", &["GET", "HEAD", "POST"]),
    (
        "administrators/00112233445566778899aabbccddeeff",
        &["DELETE"],
    ),
    ("changes", &["GET", "HEAD"]),
    ("changes/00112233445566778899aabbccddeeff", &["GET", "HEAD"]),
    (
        "changes/00112233445566778899aabbccddeeff/approve",
        &["POST"],
    ),
    ("changes/00112233445566778899aabbccddeeff/reject", &["POST"]),
];

/// `Authorization` headers that open nothing.
fn bad_authorizations(house: &House) -> Vec<Option<String>> {
    let good = house.token_with(&DemoUser::System, |_| {});
    let elsewhere = house.token_with(&DemoUser::System, |claims| claims["aud"] = json!("another"));
    let expired = house.token_with(&DemoUser::System, |claims| claims["exp"] = json!(1));
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    vec![
        None,
        Some("Bearer garbage".to_owned()),
        Some("Bearer".to_owned()),
        Some(format!("Basic {good}")),
        Some(format!("Bearer {unsigned}.")),
        Some(format!("Bearer {good} {good}")),
        Some(format!("Bearer {elsewhere}")),
        Some(format!("Bearer {expired}")),
    ]
}

#[test]
fn the_table_has_every_route() {
    let routes = routes();
    for (path, methods) in PINNED {
        let route = routes.iter().find(|route| route.path == path);
        assert_eq!(route.map(|route| &*route.methods), Some(methods), "{path}");
    }
    let below_admin = admin_routes();
    let found = below_admin.iter();
    let found: Vec<_> = found.map(|route| (&*route.path, &*route.methods)).collect();
    assert_eq!(found, PINNED_ADMIN);
}

#[actix_web::test]
async fn without_a_good_token_every_route_answers_401_and_tells_nothing() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let before = audited_one_by_one(&house).await;
    for authorization in bad_authorizations(&house) {
        let nobody = house.anyone().presenting(authorization.clone());
        for at in [
            nobody.clone(),
            nobody.at(HOME),
            nobody.at(OTHER),
            nobody.at("nowhere"),
        ] {
            for Route { path, methods } in routes() {
                let path = path.replace("{id}", &id);
                for method in METHODS {
                    let body = matches!(method, "POST" | "PUT").then(|| "{".to_owned());
                    let reply = at.send(method, &path, &[], body).await;
                    let told = format!("{method} {}/{path} {authorization:?}", at.base());
                    let expected = if methods.contains(&method) { 401 } else { 405 };
                    assert_eq!(reply.status, expected, "{told}: {}", reply.text);
                    check(method, &reply, &told);
                }
            }
        }
        for Route { path, methods } in admin_routes() {
            for method in METHODS {
                let body = matches!(method, "POST" | "PUT").then(|| "{".to_owned());
                let reply = nobody
                    .send(method, &format!("/admin/{path}"), &[], body)
                    .await;
                let told = format!("{method} /admin/{path} {authorization:?}");
                let expected = if methods.contains(&method) { 401 } else { 405 };
                assert_eq!(reply.status, expected, "{told}: {}", reply.text);
                assert_eq!(reply.header("cache-control"), Some("no-store"), "{told}");
                if method != "HEAD" {
                    drop(reply.problem(expected));
                }
            }
        }
        for path in ["checkpoint", "tile/0/000", "tile/entries/000", "nothing"] {
            for facility in [HOME, "nowhere"] {
                let path = format!("/log/{facility}/{path}");
                for method in ["GET", "HEAD"] {
                    let reply = nobody.send(method, &path, &[], None).await;
                    let told = format!("{method} {path} {authorization:?}");
                    assert_eq!(reply.status, 401, "{told}: {}", reply.text);
                    check(method, &reply, &told);
                }
            }
        }
    }
    assert_eq!(
        audited_one_by_one(&house).await,
        before,
        "anyone can grow the log"
    );
    system.get(&format!("Patient/{id}")).await.expect(200);
}

/// The audit records but for those that count many requests at once.
async fn audited_one_by_one(house: &House) -> usize {
    let audits = house.audits(HOME).await.into_iter();
    audits
        .filter(|audit| audit.interaction.as_str() != "unauthenticated")
        .count()
}

fn check(method: &str, reply: &Reply, told: &str) {
    assert!(!reply.text.contains(NAME), "{told}: {}", reply.text);
    assert_eq!(reply.header("etag"), None, "{told}");
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{told}");
    if reply.status == 401 {
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        assert!(
            challenge.starts_with("Bearer realm=\"chartseal\""),
            "{told}: {challenge}"
        );
    }
    if method != "HEAD" {
        let issue = if reply.status == 401 {
            "login"
        } else {
            "not-supported"
        };
        assert_eq!(reply.issue(), issue, "{told}");
    }
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let house = House::start().await;
    let nobody = house.anyone();
    for Route { path, methods } in routes() {
        // A method that no type takes at this path: types are posted to.
        let path_of_record = path.trim_end_matches('/').trim_end_matches(".0");
        let wrong = if path_of_record.ends_with("{id}") {
            "POST"
        } else {
            "OPTIONS"
        };
        let reply = nobody.send(wrong, &path, &[], None).await.expect(405);
        assert_told(&path, &methods, reply.header("allow"), &reply.text);
    }
    for Route { path, methods } in admin_routes() {
        let path = format!("/admin/{path}");
        let reply = nobody.send("PATCH", &path, &[], None).await;
        assert_told(&path, &methods, reply.header("allow"), &reply.problem(405));
    }
    let path = format!("/log/{HOME}/checkpoint");
    let reply = nobody.send("PATCH", &path, &[], None).await.expect(405);
    assert_told(
        &path,
        &["GET", "HEAD", "OPTIONS"],
        reply.header("allow"),
        &reply.text,
    );
}

/// Every method at every path: 405 says what is taken there, and none of that is 405.
#[actix_web::test]
async fn what_is_said_to_be_taken_is() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let below = routes().into_iter().map(|route| route.path);
    let types = ["metadata", ".well-known/smart-configuration"].map(str::to_owned);
    let served = ["/", "/healthz", "/readyz", "/log/riverside/checkpoint"].map(str::to_owned);
    let admin = admin_routes().into_iter();
    let admin = admin.map(|route| format!("/admin/{}", route.path));
    for path in below.chain(types).chain(served).chain(admin) {
        let path = path.replace("{id}", &id);
        let mut taken = Vec::new();
        let mut told = Vec::new();
        for method in METHODS {
            let body = matches!(method, "POST" | "PUT").then(|| "{".to_owned());
            let reply = system.send(method, &path, &[], body).await;
            match reply.status {
                405 => told.push(reply.header("allow").unwrap().to_owned()),
                _ => taken.push(method),
            }
        }
        assert!(!told.is_empty(), "{path}");
        for allow in told {
            let allow: Vec<&str> = allow.split(", ").collect();
            let same = METHODS
                .iter()
                .all(|method| allow.contains(method) == taken.contains(method));
            assert!(same, "{path}: {allow:?}, taken {taken:?}");
        }
    }
}

#[actix_web::test]
async fn an_operation_that_is_none_is_not_found_by_any_method() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    for path in UNKNOWN {
        let path = path.replace("{id}", &id);
        for method in METHODS {
            let body = matches!(method, "POST" | "PUT").then(|| "{}".to_owned());
            let reply = system.send(method, &path, &[], body).await;
            assert_eq!(reply.status, 404, "{method} {path}: {}", reply.text);
            if method != "HEAD" {
                assert_eq!(reply.issue(), "not-supported", "{method} {path}");
            }
        }
    }
}

fn assert_told(path: &str, offered: &[&str], allow: Option<&str>, text: &str) {
    let methods = offered.join(", ");
    assert_eq!(allow, Some(methods.as_str()), "{path}");
    assert!(text.contains(&format!("use `{methods}`")), "{path}: {text}");
}

#[actix_web::test]
async fn who_is_no_administrator_gets_403_below_admin_and_an_audit_record() {
    let house = House::start().await;
    for user in [
        DemoUser::Clinician,
        DemoUser::ClinicianOther,
        DemoUser::Auditor,
        DemoUser::System,
    ] {
        let caller = house.caller(&user);
        let home = match user {
            DemoUser::ClinicianOther => OTHER,
            _ => HOME,
        };
        for Route { path, methods } in admin_routes() {
            for method in methods {
                let body = match &*path {
                    "facility" => json!({"sharing": {"with": []}}),
                    "facilities" => json!({"name": "new", "administrators": []}),
                    "clients" => json!({"clientId": "c", "roles": ["system"]}),
                    _ => json!({"issuer": "https://issuer.example", "subject": "s"}),
                };
                // Where none is read it would be refused before anything is decided.
                let is_read = ["POST", "PUT"].contains(&method) && !path.starts_with("changes");
                let body = is_read.then(|| body.to_string());
                let before = house.audits(home).await.len();
                let path = format!("/admin/{path}");
                let reply = caller.send(method, &path, &[], body).await;
                match method {
                    "HEAD" => drop(reply.expect(403)),
                    _ => drop(reply.problem(403)),
                }
                let after = house.audits(home).await;
                assert_eq!(after.len(), before + 1, "{user:?} {method} {path}");
                let newest = &after[0];
                assert!(newest.interaction.as_str().starts_with("admin:"), "{path}");
                assert_eq!(newest.outcome, 4);
            }
        }
    }
}

#[actix_web::test]
async fn what_anyone_may_see_is_capabilities_and_health() {
    let house = House::start().await;
    let nobody = house.anyone();
    for path in ["/", "/healthz", "/readyz"] {
        nobody.get(path).await.expect(200);
    }
    for at in [nobody.clone(), nobody.at(HOME), nobody.at(OTHER)] {
        let statement = at.get("metadata").await.expect(200).json();
        assert_eq!(statement["resourceType"], "CapabilityStatement");
        assert_eq!(statement["implementation"]["url"], at.base());
    }
    nobody.at("nowhere").get("metadata").await.expect(404);
    for path in [
        "/audit",
        "/log",
        "/f",
        "/f/riverside",
        "/fhir/a/b/c/d/e",
        "/metrics",
    ] {
        assert_eq!(
            nobody.get(path).await.expect(404).issue(),
            "not-found",
            "{path}"
        );
    }
    for path in ["/admin", "/admin/", "/admin/policies"] {
        drop(nobody.get(path).await.problem(404));
    }
}
