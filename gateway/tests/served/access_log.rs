//! What every answer carries, and what the log says of a request and of nobody's data.

use crate::{
    caller::Reply,
    database::Kind,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};
use tracing_subscriber::fmt::MakeWriter;

/// A word of the right form for a request id, which a caller made up.
const GIVEN: &str = "made-up-by-the-caller-0815";

/// All lines that this process has logged.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What this process logs; whoever reads it calls this first.
pub fn log() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(lines.clone())
            .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
            .init();
        lines
    })
}

/// The lines with this member, of all tests.
pub fn lines_with(member: &str, value: &str) -> Vec<serde_json::Value> {
    let text = String::from_utf8(log().0.lock().unwrap().clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line[member] == value)
        .collect()
}

/// The lines about a request, by the id that its answer has.
pub fn lines_of(reply: &Reply) -> Vec<serde_json::Value> {
    lines_with("request", reply.header("x-request-id").unwrap())
}

#[actix_web::test]
async fn every_answer_tells_browsers_to_do_nothing_with_it() {
    for (public, transport) in [
        (None, None),
        (Some("https://fhir.example"), Some("max-age=31536000")),
    ] {
        let house = House::start_with(Kind::Sqlite, |settings| {
            if let Some(public) = public {
                settings.public_url = public.to_owned();
            }
        })
        .await;
        let system = house.caller(&DemoUser::System);
        let nobody = house.anyone();
        for (reply, status) in [
            (nobody.get("/healthz").await, 200),
            (nobody.get("metadata").await, 200),
            (nobody.get("Patient").await, 401),
            (nobody.get("/nowhere").await, 404),
            (system.get("Patient/absent").await, 404),
            (system.send("OPTIONS", "Patient", &[], None).await, 405),
            (system.post("Patient", records::patient("a")).await, 201),
            (system.get("Patient").await, 200),
            (system.get("/admin/clients").await, 403),
        ] {
            assert_eq!(reply.status, status, "{}", reply.text);
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            let policy = reply.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(reply.header("strict-transport-security"), transport);
            assert!(reply.header("cache-control").is_some());
        }
    }
}

#[actix_web::test]
async fn a_callers_request_id_stands_beside_ours_in_the_log_alone() {
    log();
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let given = [("x-request-id", GIVEN)];
    let body = Some(records::patient("a").to_string());
    let reply = system.send("POST", "Patient", &given, body).await;
    let ours = reply.header("x-request-id").unwrap().to_owned();
    assert_ne!(ours, GIVEN);
    assert_eq!(reply.headers.get_all("x-request-id").iter().count(), 1);
    let lines = lines_of(&reply);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines[0]["given"], GIVEN);
    // The audit has ours and no trace of the other.
    let events = house
        .caller(&DemoUser::Auditor)
        .get("AuditEvent")
        .await
        .expect(200);
    assert!(events.text.contains(&ours) && !events.text.contains(GIVEN));
    // What could carry anything else is not kept.
    for word in ["short", "with blank 0815", &"a".repeat(65), "ümlaut-0815"] {
        let reply = system
            .send("GET", "Patient", &[("x-request-id", word)], None)
            .await
            .expect(200);
        assert_eq!(lines_of(&reply)[0]["given"], "-", "{word}");
    }
}

#[actix_web::test]
async fn a_method_that_somebody_made_up_is_not_in_the_log() {
    log();
    let house = House::start().await;
    for caller in [house.anyone(), house.caller(&DemoUser::System)] {
        let reply = caller.send("PATIENT-MRN-12345", "Patient", &[], None).await;
        let lines = lines_of(&reply);
        assert!(!lines.is_empty());
        for line in lines {
            assert!(!line.to_string().contains("12345"), "{line}");
        }
    }
}

#[actix_web::test]
async fn every_logged_refusal_names_request_and_client() {
    log();
    let house = House::start().await;
    for (change, client, cause) in [
        ("aud", "demo-system", "the token is for another audience"),
        (
            "facility",
            "demo-system",
            "the token has no usable `facility`",
        ),
        ("exp", "demo-system", "the token has expired"),
    ] {
        let caller = house.caller_with(&DemoUser::System, |claims| match change {
            "aud" => claims["aud"] = "https://elsewhere.example".into(),
            "exp" => claims["exp"] = 1.into(),
            _ => {
                claims.as_object_mut().unwrap().remove(change);
            }
        });
        for path in ["Patient", "/admin/clients"] {
            let reply = caller.get(path).await.expect(401);
            assert!(!reply.text.contains(client));
            let lines = lines_of(&reply);
            let failed = lines
                .iter()
                .find(|line| line["message"] == "request failed");
            let failed = failed.unwrap_or_else(|| panic!("{lines:#?}"));
            assert_eq!(failed["client"], client);
            assert!(
                failed["cause"].as_str().unwrap().contains(cause),
                "{failed}"
            );
        }
    }
    // One whose signature is wrong is nobody's.
    let token = house.token_with(&DemoUser::System, |_| {});
    let forged = house.bearer(&format!("{token}AAAA"));
    let lines = lines_of(&forged.get("Patient").await.expect(401));
    assert!(lines.iter().all(|line| line["client"] == "-"), "{lines:#?}");
    assert!(lines.iter().any(|line| line["message"] == "request failed"));
    assert!(house.audits(HOME).await.is_empty());
}

/// What is refused before anything is decided has its line, and its audit record (`refused`)
/// but for the caller of a facility that is not here, at no facility's base.
#[actix_web::test]
async fn what_is_refused_before_it_is_begun_has_a_line_with_request_and_client() {
    log();
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let foreign = house.caller_with(&DemoUser::System, |claims| {
        claims["facility"] = "elsewhere".into();
    });
    let before = house.audits(HOME).await.len();
    for (caller, method, path, body, status) in [
        (&system, "GET", "Patient/mrn_4711", "", 400),
        (&system, "GET", "/f/mrn4711/fhir/Patient", "", 404),
        (&system, "GET", "Mrn4711/1", "", 404),
        (&system, "POST", "Patient", "{\"mrn4711\"", 400),
        (&system, "GET", "Patient/1?mrn4711=a", "", 400),
        (&foreign, "GET", "Patient/mrn4711", "", 404),
    ] {
        let reply = caller.send(method, path, &[], Some(body.to_owned())).await;
        let reply = reply.expect(status);
        let lines = lines_of(&reply);
        let requests: Vec<_> = lines
            .iter()
            .filter(|line| line["message"] == "request")
            .collect();
        assert_eq!(requests.len(), 1, "{method} {path}: {lines:#?}");
        assert_eq!(requests[0]["client"], "demo-system", "{method} {path}");
        assert_eq!(requests[0]["status"], status, "{method} {path}");
        assert_eq!(requests[0]["method"], method, "{path}");
        let told = lines.iter().map(ToString::to_string);
        let told: String = told.chain([reply.text.clone()]).collect();
        assert!(!told.contains("4711"), "{method} {path}: {told}");
    }
    assert_eq!(house.audits(HOME).await.len(), before + 5);
}
