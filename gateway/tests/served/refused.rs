//! Requests that are refused once their caller is known, before anything is decided: each
//! leaves an audit record, and costs its caller what a denial does.

use crate::{
    audit::newest_events,
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::Value;

/// A request that is refused before it is decided.
struct Refused {
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    /// The interaction that the audit names.
    interaction: &'static str,
    /// The record that it names.
    names: Option<&'static str>,
}

const NOT_READ: Refused = Refused {
    method: "GET",
    path: "",
    headers: &[],
    body: "",
    status: 400,
    interaction: "read",
    names: None,
};

/// One of each kind below a FHIR base.
const KINDS: [Refused; 20] = [
    Refused {
        path: "Patient/a_b",
        ..NOT_READ
    },
    Refused {
        path: "Patient/x/_history/x",
        status: 404,
        interaction: "vread",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        path: "Observation/x?name=a",
        names: Some("Observation/x"),
        ..NOT_READ
    },
    Refused {
        path: "Patient/x/_history?x=1",
        interaction: "history-instance",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        path: "Patient/x/$proof?x=1",
        interaction: "operation:proof",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        path: "Patient/x",
        headers: &[("accept", "text/html")],
        status: 406,
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        path: "Patient",
        headers: &[("if-match", "W/\"1\"")],
        interaction: "search-type",
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient/_search",
        headers: &[("content-type", "text/plain")],
        body: "identifier=a",
        status: 415,
        interaction: "search-type",
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient",
        headers: &[("idempotency-key", "a b")],
        body: "{}",
        interaction: "create",
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient",
        headers: &[("content-type", "text/plain")],
        body: "{}",
        status: 415,
        interaction: "create",
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient",
        body: "{",
        interaction: "create",
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient",
        body: "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":\"a\"}}",
        interaction: "create",
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient",
        headers: &[("if-none-exist", "%")],
        body: "{}",
        interaction: "create",
        ..NOT_READ
    },
    Refused {
        method: "PUT",
        path: "Patient/x",
        headers: &[("if-match", "x")],
        body: "{}",
        interaction: "update",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        method: "PUT",
        path: "Patient/x",
        body: "[]",
        interaction: "update",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        method: "DELETE",
        path: "Patient/x?y=1",
        interaction: "delete",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient",
        body: "{\"resourceType\":\"Patient\",\"gender\":\"x\"}",
        status: 422,
        interaction: "create",
        ..NOT_READ
    },
    Refused {
        method: "PUT",
        path: "Patient/x",
        body: "{\"resourceType\":\"Patient\",\"id\":\"x\",\"gender\":\"x\"}",
        status: 422,
        interaction: "update",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "Patient/x/$validate?mode=x",
        body: "{}",
        interaction: "operation:validate",
        names: Some("Patient/x"),
        ..NOT_READ
    },
    Refused {
        method: "POST",
        path: "",
        body: "{\"resourceType\":\"Bundle\"}",
        interaction: "batch",
        ..NOT_READ
    },
];

async fn count(house: &House) -> usize {
    house.audits(HOME).await.len()
}

/// The interaction and outcome of the newest audit record, and how many there are.
async fn newest(house: &House) -> (String, u8, usize) {
    let audits = house.audits(HOME).await;
    let newest = audits.iter().max_by_key(|audit| audit.time).unwrap();
    let interaction = newest.interaction.as_str().to_owned();
    (interaction, newest.outcome, audits.len())
}

fn names(event: &Value, record: &str) -> bool {
    let entities = event["entity"].as_array().unwrap();
    let mut named = entities.iter().map(|entity| &entity["what"]["reference"]);
    named.any(|reference| reference == record)
}

async fn each_kind_leaves_one_record(kind: Kind) {
    let house = House::start_on(kind).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let auditor = house.caller(&DemoUser::Auditor);
    for one in KINDS {
        let what = format!("{} {} {:?} {}", one.method, one.path, one.headers, one.body);
        let before = count(&house).await;
        let body = Some(one.body.to_owned());
        let reply = clinician
            .send(one.method, one.path, one.headers, body)
            .await;
        assert_eq!(reply.status, one.status, "{what}: {}", reply.text);
        let found = newest(&house).await;
        assert_eq!(found, (one.interaction.to_owned(), 4, before + 1), "{what}");
        let events = newest_events(&auditor).await;
        assert_eq!(events.len(), 1, "{what}");
        assert_eq!(events[0]["outcome"], "4", "{what}");
        if let Some(record) = one.names {
            assert!(names(&events[0], record), "{what}: {}", events[0]);
        }
    }
}

async fn below_admin_too(kind: Kind) {
    let house = House::start_on(kind).await;
    let admin = house.caller(&DemoUser::Admin);
    let json = [("content-type", "application/json")];
    for (method, path, body, interaction) in [
        ("POST", "/admin/clients", "{", "admin:client-register"),
        ("PUT", "/admin/facility", "[]", "admin:facility-change"),
        ("GET", "/admin/changes?_count=x", "", "admin:change-list"),
    ] {
        let before = count(&house).await;
        let reply = admin.send(method, path, &json, Some(body.to_owned())).await;
        reply.problem(400);
        let found = newest(&house).await;
        assert_eq!(found, (interaction.to_owned(), 4, before + 1), "{path}");
    }
}

async fn so_does_a_facility_that_is_not_here(kind: Kind) {
    let house = House::start_on(kind).await;
    // Audited where the caller is at home.
    let clinician = house.caller(&DemoUser::Clinician).at("nowhere");
    let before = count(&house).await;
    clinician.get("Patient/x").await.expect(404);
    assert_eq!(newest(&house).await, ("read".to_owned(), 4, before + 1));
    // A caller of no facility here: at the base that it came to.
    let stranger = house.caller_with(&DemoUser::Clinician, |claims| {
        claims["facility"] = "nowhere".into();
    });
    let before = count(&house).await;
    stranger.at(HOME).get("Patient/x").await.expect(404);
    assert_eq!(newest(&house).await, ("read".to_owned(), 4, before + 1));
    // Without one, in the aggregate of every facility.
    let (before, counters) = (count(&house).await, &house.app.counters);
    let counted = counters.unauthenticated_in_all();
    stranger.get("Patient/x").await.expect(404);
    assert_eq!(count(&house).await, before);
    assert_eq!(counters.unauthenticated_in_all(), counted + 1);
}

async fn so_does_whoever_may_not_read_the_log(kind: Kind) {
    let house = House::start_with(kind, |settings| settings.log_public = false).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let before = count(&house).await;
    let path = format!("/log/{HOME}/checkpoint");
    clinician.get(&path).await.expect(403);
    let found = newest(&house).await;
    assert_eq!(found, ("operation:log".to_owned(), 4, before + 1));
}

on_both!(
    each_kind_leaves_one_record,
    below_admin_too,
    so_does_a_facility_that_is_not_here,
    so_does_whoever_may_not_read_the_log,
);

#[actix_web::test]
async fn a_request_at_anothers_base_is_refused_in_both_logs() {
    let house = House::start().await;
    let visitor = house.caller(&DemoUser::ClinicianOther).at(HOME);
    let (here, there) = (count(&house).await, house.audits(OTHER).await.len());
    visitor.get("Patient/x?y=1").await.expect(400);
    let found = (count(&house).await, house.audits(OTHER).await.len());
    assert_eq!(found, (here + 1, there + 1));
}

/// What is refused before it is decided costs what a denial costs, so that the log cannot
/// be grown by it; beyond the budget it is counted in the aggregate alone.
#[actix_web::test]
async fn cheap_refusals_grow_the_log_by_the_budget_of_denials_at_most() {
    let house = House::start_with(Kind::Sqlite, |settings| {
        settings.limits.user_denials_per_minute = 5;
    })
    .await;
    let clinician = house.caller(&DemoUser::Clinician);
    let before = count(&house).await;
    let refused = async |caller: &Caller| -> Reply { caller.post("Patient", "{").await };
    for _ in 0..5 {
        refused(&clinician).await.expect(400);
    }
    let mut left = count(&house).await;
    assert_eq!(left, before + 5);
    for _ in 0..20 {
        // A clock that goes on may let one more in.
        let status = refused(&clinician).await.status;
        left += usize::from(status == 400);
        assert!(matches!(status, 400 | 429), "{status}");
    }
    assert_eq!(count(&house).await, left);
    assert!(left < before + 25, "none was refused as one too many");
    // Others of the client are not concerned.
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
}
