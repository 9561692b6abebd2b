//! Whatever a caller sends wrong: the right status, an OperationOutcome, no
//! value of the record in the answer or in what the process prints, nothing
//! stored, and the process goes on.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, Needles};
use std::{fmt::Write as _, path::Path};

/// Stands in everything that is sent, and must come back from nowhere.
const MARK: &str = "Zyxwvutsrqson";
const LIMIT: usize = 32 * 1024 * 1024;
const MOST_ENTRIES: usize = 10_000;
/// Times that a body over the limit is sent at most, until its answer is seen.
const TRIES: usize = 5;

struct Case {
    name: &'static str,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
}

fn case(
    name: &'static str,
    (method, path): (&'static str, &str),
    body: impl Into<Vec<u8>>,
    status: u16,
) -> Case {
    Case {
        name,
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: body.into(),
        status,
    }
}

impl Case {
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn try_on(&self, caller: &Caller) {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let reply = caller.send(self.method, &self.path, &headers, self.body.clone());
        let (found, told) = (reply.status, reply.text());
        assert_eq!(found, self.status, "{}: {told}", self.name);
        assert!(
            reply.is_error_outcome(),
            "{}: no OperationOutcome: {}",
            self.name,
            reply.text()
        );
        assert!(
            !reply.text().contains(MARK),
            "{}: {}",
            self.name,
            reply.text()
        );
    }
}

fn patient(more: &str) -> String {
    format!(r#"{{"resourceType":"Patient",{more}"name":[{{"family":"{MARK}"}}]}}"#)
}

#[test]
fn every_wrong_body_is_refused_and_nothing_is_stored() {
    let folder = Demo::folder();
    let mut demo = Demo::start(folder.path(), &["--empty"]);
    let system = demo.caller("system");
    let mut cases = bodies();
    cases.extend(names());
    cases.extend(versions());
    cases.extend(not_offered());
    cases.extend(bundles());
    cases.push(too_many_entries());
    for case in &cases {
        case.try_on(&system);
    }
    lives_and_is_silent(folder.path(), &mut demo);
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let folder = Demo::folder();
    let mut demo = Demo::start(folder.path(), &["--empty"]);
    let mut body = patient(r#""id":"large","#).into_bytes();
    body.resize(LIMIT + 1, b' ');
    // The server may answer and close before it has read all of it: then the
    // caller sees either the answer or a broken connection, so the body is sent again.
    let caller = demo.caller("system");
    let send = || caller.try_send("POST", "Patient", &[], body.clone()).ok();
    let seen = (0..TRIES).find_map(|_| send());
    let reply = seen.expect("an answer in one of the tries");
    assert!(reply.is_error_outcome(), "{}", reply.text());
    assert_eq!(reply.status, 413);
    lives_and_is_silent(folder.path(), &mut demo);
}

#[test]
fn every_bad_token_is_refused() {
    let folder = Demo::folder();
    let mut demo = Demo::start(folder.path(), &["--empty"]);
    let token = demo.about.tokens.get("clinician").expect("a token").clone();
    for (name, authorization) in bad_tokens(&token) {
        let mut bad = case(name, ("GET", "Patient/x"), "", 401);
        if let Some(authorization) = authorization {
            bad = bad.with("authorization", authorization);
        }
        bad.try_on(&demo.stranger());
        let headers: Vec<(&str, &str)> = bad
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let reply = demo
            .stranger()
            .send("POST", "Patient", &headers, patient("").into_bytes());
        assert_eq!(reply.status, 401, "{name} on create: {}", reply.text());
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Bearer"), "{name}: `{challenge}`");
    }
    let good = demo.caller("clinician").get("Patient/x");
    assert_eq!(good.status, 404, "the whole token still works");
    lives_and_is_silent(folder.path(), &mut demo);
}

fn bodies() -> Vec<Case> {
    let create = ("POST", "Patient");
    let deep = format!("{}{}", r#"{"a":"#.repeat(65), "}".repeat(65));
    let bom = format!("\u{feff}{}", patient(""));
    vec![
        case("no body", create, "", 415),
        case("no JSON", create, MARK, 400),
        case("cut short", create, &patient("")[..30], 400),
        case("an array", create, format!("[{}]", patient("")), 400),
        case("two values", create, patient("").repeat(2), 400),
        case("a comma too many", create, patient(","), 400),
        case(
            "a key twice",
            create,
            patient(r#""active":true,"active":true,"#),
            400,
        ),
        case("too deep", create, deep, 400),
        case(
            "a lone surrogate",
            create,
            patient(r#""language":"\ud800","#),
            400,
        ),
        case("a byte order mark", create, bom, 400),
        case(
            "no UTF-8",
            create,
            b"{\"resourceType\":\"Pat\xffient\"}".as_slice(),
            400,
        ),
        case(
            "a number of another form",
            create,
            patient(r#""multipleBirthInteger":01,"#),
            400,
        ),
        case("no type", create, format!(r#"{{"name":"{MARK}"}}"#), 400),
        case(
            "an unknown type",
            create,
            r#"{"resourceType":"Zebra"}"#,
            400,
        ),
        case(
            "another type",
            create,
            r#"{"resourceType":"Observation"}"#,
            400,
        ),
        case(
            "a type that is no string",
            create,
            r#"{"resourceType":7}"#,
            400,
        ),
        case("XML", create, format!("<Patient>{MARK}</Patient>"), 415)
            .with("content-type", "application/fhir+xml"),
        case("an answer in XML", ("GET", "Patient/x"), "", 406)
            .with("accept", "application/fhir+xml"),
    ]
}

fn names() -> Vec<Case> {
    let long = "a".repeat(65);
    let put = |id: &str| patient(&format!(r#""id":"{id}","#));
    vec![
        case("an unknown type in the path", ("GET", "Zebra/1"), "", 404),
        case(
            "create of an unknown type",
            ("POST", "Zebra"),
            patient(""),
            404,
        ),
        case("nothing there", ("GET", "Patient/none"), "", 404),
        case(
            "no such version",
            ("GET", "Patient/none/_history/7"),
            "",
            404,
        ),
        case(
            "an id of wrong letters",
            ("PUT", "Patient/a%20b"),
            put("a b"),
            400,
        ),
        case(
            "an id too long",
            ("PUT", &format!("Patient/{long}")),
            put(&long),
            400,
        ),
        case("two ids", ("PUT", "Patient/one"), put("two"), 400),
        case(
            "no id in the body",
            ("PUT", "Patient/one"),
            patient(""),
            400,
        ),
    ]
}

fn versions() -> Vec<Case> {
    let put = patient(r#""id":"one","#);
    vec![
        case(
            "a version that is no number",
            ("GET", "Patient/x/_history/x"),
            "",
            404,
        ),
        case(
            "an If-Match of another form",
            ("PUT", "Patient/one"),
            put.clone(),
            400,
        )
        .with("if-match", "yesterday"),
        case(
            "a version that is not there",
            ("PUT", "Patient/one"),
            put.clone(),
            412,
        )
        .with("if-match", "W/\"9\""),
        case("an unknown parameter", ("GET", "Patient?zebra=1"), "", 400)
            .with("prefer", "handling=strict"),
        case("an unknown operation", ("GET", "Patient/x/$zebra"), "", 404),
    ]
}

fn not_offered() -> Vec<Case> {
    vec![
        case(
            "an audit event from outside",
            ("POST", "AuditEvent"),
            audit_event(),
            405,
        ),
        case(
            "a changed audit event",
            ("PUT", "AuditEvent/x.0"),
            audit_event(),
            405,
        ),
        case(
            "a deleted audit event",
            ("DELETE", "AuditEvent/x.0"),
            "",
            405,
        ),
        case("a PATCH that is none", ("PATCH", "Patient/x"), "[]", 400),
    ]
}

fn audit_event() -> String {
    format!(r#"{{"resourceType":"AuditEvent","id":"x.0","outcomeDesc":"{MARK}"}}"#)
}

fn bundle(kind: &str, entries: &str) -> String {
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{entries}]}}"#)
}

fn entry(method: &str, url: &str, full_url: &str) -> String {
    format!(
        r#"{{"fullUrl":"{full_url}","resource":{},"request":{{"method":"{method}","url":"{url}"}}}}"#,
        patient("")
    )
}

fn too_many_entries() -> Case {
    let mut many = entry("POST", "Patient", "urn:uuid:first");
    for number in 0..MOST_ENTRIES {
        let next = entry("POST", "Patient", &format!("urn:uuid:{number}"));
        write!(many, ",{next}").expect("a string takes all");
    }
    let body = bundle("transaction", &many);
    case("too many entries", ("POST", ""), body, 413)
}

fn bundles() -> Vec<Case> {
    let good = entry(
        "POST",
        "Patient",
        "urn:uuid:983561b3-02dd-4227-88a7-835827bd9566",
    );
    let both = |other: &str| bundle("transaction", &format!("{good},{other}"));
    let here = ("POST", "");
    vec![
        case("a resource at the base", here, patient(""), 400),
        case(
            "a Bundle of another kind",
            here,
            bundle("document", &good),
            400,
        ),
        case(
            "a Bundle of no kind",
            here,
            r#"{"resourceType":"Bundle"}"#,
            400,
        ),
        case(
            "an entry without request",
            here,
            both(r#"{"resource":{}}"#),
            400,
        ),
        case(
            "an entry of an unknown method",
            here,
            both(&entry("BREW", "Patient", "")),
            400,
        ),
        case(
            "an entry of another type",
            here,
            both(&entry("POST", "Zebra", "urn:uuid:2")),
            400,
        ),
        case("the same fullUrl twice", here, both(&good), 400),
        case(
            "an audit event in a Bundle",
            here,
            both(&format!(
                r#"{{"fullUrl":"urn:uuid:2","resource":{},"request":{{"method":"POST","url":"AuditEvent"}}}}"#,
                audit_event()
            )),
            400,
        ),
    ]
}

/// Name and `Authorization` header, none for none.
fn bad_tokens(token: &str) -> Vec<(&'static str, Option<String>)> {
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return vec![("the token of the demo is no JWT", None)];
    };
    // {"alg":"none"} and {"alg":"HS256","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIn0";
    let hs256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
    // {"sub":"x"}: no issuer, no audience, no expiry.
    let bare = "eyJzdWIiOiJ4In0";
    let turned: String = signature.chars().rev().collect();
    vec![
        ("no token", None),
        ("another scheme", Some(format!("Basic {token}"))),
        ("an empty token", bearer("")),
        ("no JWT", bearer("abc")),
        ("no signature", bearer(&format!("{header}.{claims}."))),
        (
            "another signature",
            bearer(&format!("{header}.{claims}.{turned}")),
        ),
        ("algorithm none", bearer(&format!("{none}.{claims}."))),
        (
            "algorithm none with a signature",
            bearer(&format!("{none}.{claims}.{signature}")),
        ),
        (
            "another algorithm",
            bearer(&format!("{hs256}.{claims}.{signature}")),
        ),
        (
            "other claims",
            bearer(&format!("{header}.{bare}.{signature}")),
        ),
        ("a part too many", bearer(&format!("{token}.{signature}"))),
        ("a very long one", bearer(&"a".repeat(6_000))),
    ]
}

/// Still serves and stores; nothing of what was refused is in any file, be it
/// database or log.
fn lives_and_is_silent(folder: &Path, demo: &mut Demo) {
    assert!(demo.is_running(), "{}", demo.printed());
    let system = demo.caller("system");
    let health = Caller::new(&demo.about.base, None).get("healthz");
    assert_eq!(health.status, 200);
    for id in ["one", "two", "large"] {
        assert_eq!(system.get(&format!("Patient/{id}")).status, 404, "{id}");
    }
    let good = r#"{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"alive"}]}"#;
    let created = system.post("Patient", good).expect(201, "create");
    let (reference, _) = created.location().split_once("/_history/").map_or_else(
        || (String::new(), String::new()),
        |(reference, version)| (reference.to_owned(), version.to_owned()),
    );
    assert_eq!(system.get(&reference).status, 200);
    let mut mark = Needles::default();
    mark.add(MARK);
    assert_eq!(mark.find_in(&[folder]), [""; 0]);
    assert!(!demo.printed().contains("panicked"), "{}", demo.printed());
    assert!(!demo.logged().contains("\"panic\""), "{}", demo.logged());
}
