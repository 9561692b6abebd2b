//! What a token is believed where only the registered count, and what a registration
//! that does not open, or an older policy set, leaves.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    office::{client, first, person},
    records,
    revocation::put_in_force,
};
use devkit::issuer::DemoUser;
use gateway::{facility::setup::First, ports::Ports};
use model::{Clock, Random, SystemRandom, Tag};
use policies::{PolicySource, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Registration, RegistrationKind};

on_both! {
    an_unregistered_client_is_refused_everywhere_and_audited,
    a_registration_that_does_not_open_registers_nobody,
    an_older_policy_set_permits_it_to_nobody_until_the_operator_recovers,
}

async fn an_unregistered_client_is_refused_everywhere_and_audited(kind: Kind) {
    let house = House::registered(kind, first).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let clinician = house.caller(&DemoUser::Clinician);
    for (method, url, body) in [
        ("GET", path.as_str(), None),
        ("GET", "Patient?identifier=a", None),
        ("POST", "Patient", Some(records::patient("b").to_string())),
        ("DELETE", &path, None),
        ("GET", "Patient/absent", None),
    ] {
        let before = house.audits(HOME).await.len();
        let reply = clinician.send(method, url, &[], body).await;
        assert_eq!(reply.expect(403).issue(), "forbidden", "{method} {url}");
        let audits = house.audits(HOME).await;
        assert_eq!(audits.len(), before + 1, "{method} {url}");
        assert_eq!(audits[0].outcome, 4);
    }
    // A client counts at its caller's home: registered there and nowhere else.
    let elsewhere = house.caller_with(&DemoUser::System, |claims| {
        claims["facility"] = OTHER.into()
    });
    elsewhere.get("Patient?identifier=a").await.expect(403);
    house
        .caller(&DemoUser::ClinicianOther)
        .at(HOME)
        .get(&path)
        .await
        .expect(403);
    let log = format!("/log/{HOME}/checkpoint");
    clinician.get(&log).await.expect(403);
    house.caller(&DemoUser::Auditor).get(&log).await.expect(404);
}

#[actix_web::test]
async fn roles_are_those_registered_and_admin_is_a_person() {
    let house = House::registered(Kind::Sqlite, first).await;
    let greedy = |roles: Value| move |claims: &mut Value| claims["roles"] = roles;
    let id = house
        .caller(&DemoUser::System)
        .create("Patient", records::patient("a"))
        .await;
    let path = format!("Patient/{id}");
    let wide = |claims: &mut Value| {
        claims["roles"] = json!(["auditor", "system", "clinician", "admin"]);
        claims["scope"] = json!("user/*.cruds");
    };
    // Only `auditor` is left of these.
    let auditor = house.caller_with(&DemoUser::Auditor, wide);
    auditor.get(&path).await.expect(404);
    auditor.get("AuditEvent").await.expect(200);
    drop(auditor.get("/admin/clients").await.problem(403));
    // The client may carry the role, the person may not.
    let stranger = |claims: &mut Value| claims["sub"] = json!("mallory");
    let stranger = house.caller_with(&DemoUser::Admin, stranger);
    drop(stranger.get("/admin/clients").await.problem(403));
    // The person may, the client may not.
    let astray = |claims: &mut Value| claims["client_id"] = json!("demo-system");
    let astray = house.caller_with(&DemoUser::Admin, astray);
    drop(astray.get("/admin/clients").await.problem(403));
    // An administrator of one facility is none of another.
    let abroad = |claims: &mut Value| claims["facility"] = json!(OTHER);
    let abroad = house.caller_with(&DemoUser::Admin, abroad);
    drop(abroad.get("/admin/clients").await.problem(403));
    let system = house.caller_with(&DemoUser::System, greedy(json!(["system", "admin"])));
    system.get(&path).await.expect(200);
    house
        .caller(&DemoUser::Admin)
        .get("/admin/clients")
        .await
        .expect(200);
}

async fn a_registration_that_does_not_open_registers_nobody(kind: Kind) {
    let house = House::registered(kind, first).await;
    let system = house.caller(&DemoUser::System);
    system.get("Patient?identifier=a").await.expect(200);
    let facility = house.facility(HOME).await;
    let all = house
        .store
        .read("registrations", move |reader| {
            reader.registrations().newest(facility)
        })
        .await
        .unwrap();
    // Every client's own envelope once more, under the next number: what a thief of
    // the database, without the keys, could write after a revocation.
    let again: Vec<Registration> = all
        .into_iter()
        .map(|row| row.expect("a row that can be read"))
        .filter(|row| row.kind == RegistrationKind::Client)
        .map(|row| Registration { number: 2, ..row })
        .collect();
    house
        .store
        .run_tx("forged", &[], move |tx| {
            for row in &again {
                tx.registrations().insert(facility, row)?;
            }
            tx.epochs().bump(facility, Tag::ZERO)
        })
        .await
        .unwrap();
    system.get("Patient?identifier=a").await.expect(403);
    house
        .caller(&DemoUser::Auditor)
        .get("AuditEvent")
        .await
        .expect(403);
}

/// The shipped set as version 0.1.0 had it.
fn before_administration() -> PolicySource {
    let mut source = PolicySource::shipped();
    source.policies.remove("admin-administers").unwrap();
    let forbid = source.policies.get_mut("admin-no-records").unwrap();
    *forbid = forbid.split("\nunless").next().unwrap().to_owned() + ";";
    let (schema, _) = source
        .schema
        .split_once("// Everything below `/admin`")
        .unwrap();
    source.schema = schema.to_owned();
    source
}

async fn an_older_policy_set_permits_it_to_nobody_until_the_operator_recovers(kind: Kind) {
    let nobody = |_: &str| Default::default();
    let house = House::registered(kind, nobody).await;
    put_in_force(&house, HOME, 2, &before_administration()).await;
    let admin = house.caller(&DemoUser::Admin);
    drop(admin.get("/admin/clients").await.problem(403));

    let issuer = house.issuer_url();
    let people = [
        person(&issuer, "chidi.marek"),
        person(&issuer, "dana.silva"),
    ];
    let clients = [
        client(&issuer, "demo-admin", &[Role::Admin]),
        client(&issuer, "demo-auditor", &[Role::Auditor]),
    ];
    let clock: Arc<dyn Clock> = house.clock.clone();
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let ports = Ports {
        store: &house.store,
        kms: &*house.kms,
        clock: &clock,
        random: &random,
    };
    let name = HOME.parse().unwrap();
    let recover = async || {
        let new = First {
            administrators: &people,
            clients: &clients,
            any_client: false,
            replace: false,
        };
        gateway::facility::setup::recover(&name, new, ports)
            .await
            .unwrap()
    };
    let added = recover().await;
    assert!(added.administrators && added.policies);
    assert_eq!(added.clients, clients);
    let list = admin.get("/admin/administrators").await.expect(200).json();
    assert_eq!(list["administrators"].as_array().unwrap().len(), 2);
    // Once more it adds nothing.
    assert_eq!(
        recover().await,
        gateway::facility::setup::Recovered::default()
    );
    let auditor = house.caller(&DemoUser::Auditor);
    let events = auditor.get("AuditEvent").await.expect(200).resources();
    let found = events
        .iter()
        .find(|event| event["subtype"][1]["code"] == "init")
        .unwrap();
    assert_eq!(
        found["agent"][0]["who"]["identifier"]["value"],
        "chartseal init"
    );
}
