//! Administrators propose and approve: registrations hold from the next request on in
//! every gateway, nobody does anything alone, and all of it is in the audit.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House, OTHER},
    office::{Office, first, listed, propose},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};
use std::{fs, time::Duration};

/// Seconds.
const DAY: i64 = 24 * 3_600;

on_both! {
    a_client_counts_from_its_approval_to_its_end_in_every_gateway,
    a_change_lapses_after_seven_days,
    approved_twice_at_once_it_takes_effect_once,
    two_administrators_stay,
    of_two_revocations_at_once_one_is_too_many,
    a_new_facility_serves_at_once,
    what_is_done_is_in_the_audit,
}

async fn a_client_counts_from_its_approval_to_its_end_in_every_gateway(kind: Kind) {
    let mut office = Office::open(kind).await;
    let there = office.house.another().await;
    let clinician = office.house.caller(&DemoUser::Clinician);
    let both = [clinician.clone(), clinician.through(&there)];
    for at in &both {
        assert_eq!(
            at.get("Patient?identifier=a").await.expect(403).issue(),
            "forbidden"
        );
    }
    let new = json!({"clientId": "demo-clinician", "name": "Ward", "roles": ["clinician"]});
    let change = office.propose("POST", "/admin/clients", new.clone()).await;
    both[0].get("Patient?identifier=a").await.expect(403);
    let alone = office.one.post(&format!("{change}/approve"), "").await;
    assert!(alone.problem(403).contains("other than its proposer"));
    both[1].get("Patient?identifier=a").await.expect(403);

    let approved = office.approve(&change).await.expect(200).json();
    assert_eq!(approved["state"], "approved");
    let mut whole = new.clone();
    whole["issuer"] = json!(office.house.issuer_url());
    assert_eq!(approved["of"], whole);
    assert_eq!(approved["change"], "client-register");
    assert_eq!(approved["proposedBy"]["subject"], "chidi.marek");
    assert_eq!(approved["decidedBy"]["subject"], "dana.silva");
    for at in &both {
        at.get("Patient?identifier=a").await.expect(200);
    }
    assert_eq!(
        listed(&office.two.through(&there), "clients").await.len(),
        5
    );
    let again = office.approve(&change).await;
    assert!(again.problem(409).contains("approved before"));
    let same = office.one.post("/admin/clients", &new).await;
    assert!(same.problem(409).contains("exactly so already"));

    office
        .change("DELETE", "/admin/clients/demo-clinician", json!(null))
        .await;
    for at in &both {
        at.get("Patient?identifier=a").await.expect(403);
    }
    // And back again, with another name.
    let named = json!({"clientId": "demo-clinician", "roles": ["clinician", "patient"]});
    office.change("POST", "/admin/clients", named).await;
    both[1].get("Patient?identifier=a").await.expect(200);
}

async fn a_change_lapses_after_seven_days(kind: Kind) {
    let mut office = Office::open(kind).await;
    let new = json!({"clientId": "lab", "roles": ["system"]});
    let early = office.propose("POST", "/admin/clients", new.clone()).await;
    office = office.at(6 * DAY);
    let late = office.propose("POST", "/admin/clients", new).await;
    office = office.at(7 * DAY + 1);
    assert!(
        office
            .approve(&early)
            .await
            .problem(409)
            .contains("seven days")
    );
    assert_eq!(
        office.one.get(&early).await.expect(200).json()["state"],
        "lapsed"
    );
    office.approve(&late).await.expect(200);
    let changes = listed(&office.one, "changes").await;
    let states: Vec<_> = changes
        .iter()
        .map(|change| change["state"].clone())
        .collect();
    assert_eq!(states, ["approved", "lapsed"]);
}

async fn approved_twice_at_once_it_takes_effect_once(kind: Kind) {
    let mut office = Office::open(kind).await;
    office.register_third().await;
    let there = office.house.another().await;
    for round in 0..5 {
        let new = json!({"clientId": format!("lab-{round}"), "roles": ["system"]});
        let change = office.propose("POST", "/admin/clients", new).await;
        let (approve, reject) = (format!("{change}/approve"), format!("{change}/reject"));
        let three = office.three.through(&there);
        let (one, two, other) = tokio::join!(
            office.two.post(&approve, ""),
            three.post(&approve, ""),
            three.post(&reject, ""),
        );
        let mut all = [one.status, two.status, other.status];
        all.sort_unstable();
        assert_eq!(
            all,
            [200, 409, 409],
            "{} {} {}",
            one.text,
            two.text,
            other.text
        );
        let state = office.one.get(&change).await.expect(200).json()["state"].clone();
        let there = listed(&office.one, "clients").await;
        let registered = there
            .iter()
            .any(|client| client["clientId"] == format!("lab-{round}"));
        assert_eq!(registered, state == "approved", "{state}");
    }
}

async fn two_administrators_stay(kind: Kind) {
    let office = Office::open(kind).await;
    let tag = office.tag_of("dana.silva").await;
    let path = format!("/admin/administrators/{tag}");
    let refused = office.one.delete(&path).await;
    assert!(refused.problem(409).contains("at least two"));

    office.register_third().await;
    office.three.get("/admin/changes").await.expect(200);
    let change = office.propose("DELETE", &path, json!(null)).await;
    // Whom it is about may not be asked.
    let three = office.three.post(&format!("{change}/approve"), "").await;
    three.expect(200);
    assert_eq!(office.administrators().await.len(), 2);
    // The token still says `admin`.
    assert!(
        office
            .two
            .get("/admin/changes")
            .await
            .problem(403)
            .contains("policy")
    );
    let unknown = office.one.delete(&path).await;
    drop(unknown.problem(404));
}

async fn of_two_revocations_at_once_one_is_too_many(kind: Kind) {
    let mut office = Office::open(kind).await;
    office.register_third().await;
    let there = office.house.another().await;
    let mut changes = Vec::new();
    for subject in ["third", "dana.silva"] {
        let path = format!("/admin/administrators/{}", office.tag_of(subject).await);
        changes.push(office.propose("DELETE", &path, json!(null)).await);
    }
    let (third, second) = (
        format!("{}/approve", changes[0]),
        format!("{}/approve", changes[1]),
    );
    let three = office.three.through(&there);
    let (one, other) = tokio::join!(office.two.post(&third, ""), three.post(&second, ""));
    let done = [&one, &other]
        .into_iter()
        .filter(|reply| reply.status == 200);
    assert_eq!(done.count(), 1, "{} {}", one.text, other.text);
    assert_eq!(office.administrators().await.len(), 2);
}

async fn a_new_facility_serves_at_once(kind: Kind) {
    let mut office = Office::open(kind).await;
    let there = office.house.another().await;
    let issuer = office.house.issuer_url();
    let people = ["nora", "nils"].map(|subject| json!({"issuer": issuer, "subject": subject}));
    let clients = json!([
        {"clientId": "demo-system", "roles": ["system"]},
        {"clientId": "demo-admin", "roles": ["admin"]},
    ]);
    let new = json!({"name": "lakeside", "administrators": people, "clients": clients});
    let mut alone = new.clone();
    alone["administrators"].as_array_mut().unwrap().pop();
    let refused = office.one.post("/admin/facilities", &alone).await;
    assert!(refused.problem(422).contains("at least two administrators"));
    let mut closed = new.clone();
    closed["clients"].as_array_mut().unwrap().pop();
    let refused = office.one.post("/admin/facilities", &closed).await;
    assert!(refused.problem(422).contains("role `admin`"));
    let olga = |claims: &mut Value| {
        claims["sub"] = json!("olga");
        claims["facility"] = json!(OTHER);
    };
    let olga = office.house.caller_with(&DemoUser::Admin, olga);
    let refused = olga.post("/admin/facilities", &new).await;
    assert!(refused.problem(403).contains("first facility"));

    let at_lakeside = |claims: &mut Value| claims["facility"] = json!("lakeside");
    let system = office.house.caller_with(&DemoUser::System, at_lakeside);
    system.get("Patient?identifier=a").await.expect(404);
    office
        .change("POST", "/admin/facilities", new.clone())
        .await;
    let id = system.create("Patient", records::patient("a")).await;
    // Another gateway looks for facilities once a second at most.
    let elsewhere = system.through(&there);
    let mut looks = 0;
    while elsewhere.get(&format!("Patient/{id}")).await.status == 404 {
        looks += 1;
        assert!(looks < 100, "the other gateway does not find the facility");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    elsewhere.get(&format!("Patient/{id}")).await.expect(200);
    let proof = elsewhere
        .get(&format!("Patient/{id}/$proof"))
        .await
        .expect(200);
    assert_eq!(proof.json()["rung"], "pending");

    let nora = |claims: &mut Value| {
        claims["sub"] = json!("nora");
        claims["facility"] = json!("lakeside");
    };
    let nora = office.house.caller_with(&DemoUser::Admin, nora);
    assert_eq!(listed(&nora, "administrators").await.len(), 2);
    let names: Vec<_> = listed(&nora, "facilities").await;
    assert_eq!(names.len(), 3, "{names:?}");
    let again = office.one.post("/admin/facilities", &new).await;
    assert!(again.problem(409).contains("of this name"));
}

async fn what_is_done_is_in_the_audit(kind: Kind) {
    let office = Office::open(kind).await;
    let new = json!({"clientId": "lab-of-secrets", "name": "Hidden", "roles": ["system"]});
    office.change("POST", "/admin/clients", new).await;
    let audits = office.house.audits(HOME).await;
    let names: Vec<&str> = audits
        .iter()
        .map(|audit| audit.interaction.as_str())
        .collect();
    assert_eq!(names, ["admin:change-approve", "admin:client-register"]);
    let events = office
        .house
        .caller(&DemoUser::Auditor)
        .get("AuditEvent")
        .await;
    let events = events.expect(200).resources();
    let newest = events
        .iter()
        .find(|event| event["subtype"][1]["code"] == "change-approve");
    let newest = newest.unwrap_or_else(|| panic!("{events:?}"));
    let named: Vec<&str> = newest["entity"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entity| entity["what"]["identifier"]["value"].as_str())
        .collect();
    assert!(named[0].starts_with("changes/"), "{named:?}");
    let subject = format!("clients/{}|lab-of-secrets", office.house.issuer_url());
    assert_eq!(named[1], subject);
    assert_eq!(newest["agent"][2]["role"][0]["text"], "admin");
    let id = newest["id"].as_str().unwrap();
    let auditor = office.house.caller(&DemoUser::Auditor);
    let proof = auditor
        .get(&format!("AuditEvent/{id}/$proof"))
        .await
        .expect(200);
    assert!(
        proof.text.contains("admin:change-approve"),
        "{}",
        proof.text
    );
}

#[actix_web::test]
async fn a_change_is_withdrawn_or_rejected_and_the_rest_is_refused() {
    let office = Office::open(Kind::Sqlite).await;
    let new = json!({"clientId": "lab", "roles": ["system"]});
    for (by, state) in [(&office.one, "withdrawn"), (&office.two, "rejected")] {
        let change = office.propose("POST", "/admin/clients", new.clone()).await;
        let decided = by.post(&format!("{change}/reject"), "").await.expect(200);
        assert_eq!(decided.json()["state"], state);
        assert!(
            office
                .approve(&change)
                .await
                .problem(409)
                .contains("turned down")
        );
    }
    assert_eq!(listed(&office.one, "clients").await.len(), 4);
    let (one, issuer) = (&office.one, office.house.issuer_url());
    for (path, body, status) in [
        ("clients", json!({"clientId": "x"}), 400),
        (
            "clients",
            json!({"clientId": "x", "roles": ["doctor"]}),
            400,
        ),
        (
            "clients",
            json!({"clientId": "x", "roles": ["system"], "secret": "y"}),
            400,
        ),
        ("clients", json!({"clientId": "x", "roles": []}), 422),
        ("clients", json!({"clientId": "", "roles": ["system"]}), 422),
        (
            "administrators",
            json!({"issuer": "https://elsewhere.example", "subject": "x"}),
            422,
        ),
        (
            "administrators",
            json!({"issuer": issuer, "subject": "chidi.marek"}),
            409,
        ),
        (
            "facilities",
            json!({"name": "Upper", "administrators": []}),
            400,
        ),
        ("changes/nothing/approve", json!(null), 404),
        (
            "changes/00112233445566778899aabbccddeeff/approve",
            json!(null),
            404,
        ),
    ] {
        let reply = one.post(&format!("/admin/{path}"), &body).await;
        assert_eq!(reply.status, status, "{path} {body}: {}", reply.text);
        drop(reply.problem(status));
    }
    drop(one.delete("/admin/clients/nobody").await.problem(404));
    // The last client that may carry the role stays.
    office
        .change("DELETE", "/admin/clients/demo-admin-second", json!(null))
        .await;
    let last = one.delete("/admin/clients/demo-admin").await;
    assert!(
        last.problem(409)
            .contains("the last client with the role `admin`")
    );
}

#[actix_web::test]
async fn a_proposal_ends_with_its_proposers_registration() {
    let office = Office::open(Kind::Sqlite).await;
    office.register_third().await;
    let new = json!({"clientId": "backdoor", "roles": ["system"]});
    let change = propose(&office.three, "POST", "/admin/clients", new.clone()).await;
    let path = format!("/admin/administrators/{}", office.tag_of("third").await);
    office.change("DELETE", &path, json!(null)).await;
    for round in 0..2 {
        let refused = office.approve(&change).await.problem(409);
        assert!(refused.contains("administrator no more"), "{refused}");
        let changes = listed(&office.one, "changes").await;
        let shown = changes
            .iter()
            .find(|change| change["of"]["clientId"] == "backdoor");
        assert_eq!(shown.unwrap()["state"], "void");
        // Registered again, the person proposes again.
        if round == 0 {
            office.house.clock.set(1);
            office.register_third().await;
        }
    }
    assert_eq!(listed(&office.one, "clients").await.len(), 4);
    let anew = propose(&office.three, "POST", "/admin/clients", new).await;
    office.approve(&anew).await.expect(200);
}

#[actix_web::test]
async fn a_client_counts_for_its_issuer_alone() {
    let elsewhere = "https://other.example";
    let house = House::registered(Kind::Sqlite, |issuer| {
        let [mut home, other] = first(issuer);
        for client in &mut home.1 {
            if client.client_id == "demo-system" {
                client.issuer = elsewhere.to_owned();
            }
        }
        [home, other]
    })
    .await;
    let system = house.caller(&DemoUser::System);
    let refused = system.get("Patient?identifier=a").await.expect(403);
    assert!(
        refused.text.contains("for the issuer of the token"),
        "{}",
        refused.text
    );
    let admin = house.caller(&DemoUser::Admin);
    let unknown = json!({"clientId": "x", "issuer": elsewhere, "roles": ["system"]});
    let refused = admin.post("/admin/clients", &unknown).await.problem(422);
    assert!(
        refused.contains("not configured for the facility"),
        "{refused}"
    );
    // The same id at the right issuer is another client.
    let own = json!({"clientId": "demo-system", "roles": ["system"]});
    let change = propose(&admin, "POST", "/admin/clients", own).await;
    let two = house.caller(&DemoUser::AdminSecond);
    two.post(&format!("{change}/approve"), "").await.expect(200);
    system.get("Patient?identifier=a").await.expect(200);
    let two_of_one_id = admin.delete("/admin/clients/demo-system").await;
    assert!(two_of_one_id.problem(409).contains("by its tag"));
    let clients = listed(&admin, "clients").await;
    let other = clients
        .iter()
        .find(|client| client["issuer"] == elsewhere)
        .unwrap();
    let path = format!("/admin/clients/{}", other["tag"].as_str().unwrap());
    admin.delete(&path).await.expect(202);
}

#[actix_web::test]
async fn a_client_whose_id_is_a_url_can_be_ended() {
    let office = Office::open(Kind::Sqlite).await;
    let id = "https://app.example/smart?v=1";
    let new = json!({"clientId": id, "roles": ["patient"]});
    office.change("POST", "/admin/clients", new).await;
    let path = "/admin/clients/https%3A%2F%2Fapp.example%2Fsmart%3Fv=1";
    office.change("DELETE", path, json!(null)).await;
    assert_eq!(listed(&office.one, "clients").await.len(), 4);
}

#[actix_web::test]
async fn what_is_registered_is_what_is_read() {
    let office = Office::open(Kind::Sqlite).await;
    let issuer = office.house.issuer_url();
    for text in [
        "lab\u{202e}7-",
        "lab\u{200b}7",
        "lab\u{2066}7",
        "lab\u{ad}7",
        "\u{feff}lab",
        " lab ",
        "lab\u{a0}",
        "lab\t7",
    ] {
        for (method, path, body) in [
            (
                "POST",
                "clients",
                json!({"clientId": text, "roles": ["system"]}),
            ),
            (
                "POST",
                "clients",
                json!({"clientId": "lab", "name": text, "roles": ["system"]}),
            ),
            (
                "POST",
                "administrators",
                json!({"issuer": issuer, "subject": text}),
            ),
            (
                "POST",
                "administrators",
                json!({"issuer": issuer, "subject": "a", "name": text}),
            ),
            (
                "PUT",
                "facility",
                json!({"organisation": text, "sharing": {"with": []}}),
            ),
        ] {
            let path = format!("/admin/{path}");
            let body = Some(body.to_string());
            let reply = office.one.send(method, &path, &[], body).await;
            let told = reply.problem(422);
            assert!(told.contains("can be seen"), "{path} {text:?}: {told}");
        }
    }
    let names = json!({"clientId": "lab 7", "name": "Clínica Ñandú 病院", "roles": ["system"]});
    office.change("POST", "/admin/clients", names).await;
}

#[actix_web::test]
async fn a_body_is_read_or_refused() {
    let office = Office::open(Kind::Sqlite).await;
    let new = json!({"clientId": "lab", "roles": ["system"]});
    let change = office.propose("POST", "/admin/clients", new.clone()).await;
    let body = Some(json!({"x": 1}).to_string());
    for (method, path) in [
        ("POST", format!("{change}/approve")),
        ("POST", format!("{change}/reject")),
        ("DELETE", "/admin/clients/demo-system".to_owned()),
        (
            "DELETE",
            format!(
                "/admin/administrators/{}",
                office.tag_of("dana.silva").await
            ),
        ),
    ] {
        let reply = office.two.send(method, &path, &[], body.clone()).await;
        assert!(reply.problem(400).contains("a body is not read"), "{path}");
    }
    let open = office.one.get(&change).await.expect(200).json();
    assert_eq!(open["state"], "open");
    office.approve(&change).await.expect(200);
    let form = [("content-type", "text/plain")];
    let reply = office
        .one
        .send("POST", "/admin/clients", &form, Some(new.to_string()))
        .await;
    let told = reply.problem(415);
    assert!(told.contains("`Content-Type: application/json`"), "{told}");
}

#[actix_web::test]
async fn root_keys_that_cannot_be_written_are_said_to_be_so() {
    let office = Office::open(Kind::Sqlite).await;
    let issuer = office.house.issuer_url();
    let people = ["nora", "nils"].map(|subject| json!({"issuer": issuer, "subject": subject}));
    let clients = json!([{"clientId": "demo-admin", "roles": ["admin"]}]);
    let new = json!({"name": "lakeside", "administrators": people, "clients": clients});
    let change = office.propose("POST", "/admin/facilities", new).await;
    // Stands where the new file would be written first.
    let way = office.house.folder().join("kms.new");
    fs::create_dir_all(way.join("full")).unwrap();
    let refused = office.approve(&change).await.problem(409);
    assert!(
        refused.contains("chartseal init --facility lakeside"),
        "{refused}"
    );
    fs::remove_dir_all(&way).unwrap();
    office.approve(&change).await.expect(200);
}

#[actix_web::test]
async fn nobodys_name_stands_in_the_database_file() {
    let office = Office::open(Kind::Sqlite).await;
    let new = json!({"clientId": "lab-of-secrets", "name": "Hidden", "roles": ["system"]});
    office.change("POST", "/admin/clients", new).await;
    office.register_third().await;
    let issuer = office.house.issuer_url();
    let mut bytes = Vec::new();
    for file in ["chartseal.db", "chartseal.db-wal"] {
        bytes.extend(fs::read(office.house.folder().join(file)).unwrap_or_default());
    }
    assert!(bytes.len() > 10_000);
    for needle in [
        "lab-of-secrets",
        "Hidden",
        "chidi.marek",
        "dana.silva",
        "demo-admin",
        &issuer,
    ] {
        let found = bytes
            .windows(needle.len())
            .any(|at| at == needle.as_bytes());
        assert!(!found, "`{needle}` stands in clear");
    }
    // What is meant to be there is.
    assert!(bytes.windows(15).any(|at| at == b"client-register"));
}
