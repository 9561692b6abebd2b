//! Two persons for a change: how far the claims of tokens tell whether there are two.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{AUDIENCE, HOME, House, minted},
    issuers::{SECOND, second_issuer},
    office::{Office, client, first, person, propose},
};
use devkit::issuer::{DemoUser, DevIssuer};
use gateway::identity::IssuerConfig;
use policies::Role;
use serde_json::{Value, json};

on_both! {
    two_accounts_of_one_person_do_not_make_two,
    whoever_leaves_out_what_the_proposers_token_had_approves_nothing,
    accounts_at_two_issuers_are_told_apart_by_their_claims,
}

async fn two_accounts_of_one_person_do_not_make_two(kind: Kind) {
    let office = Office::open(kind).await;
    let claimed = |user: &DemoUser, name: &str, value: Value, verified: bool| {
        office.house.caller_with(user, |claims| {
            claims[name] = value.clone();
            claims["email_verified"] = json!(verified);
        })
    };
    let (ada, user) = ("ada@hospital.example", "Practitioner/7");
    let elsewhere = "https://a.example/fhir/Practitioner/7/";
    for (number, (name, one, two, verified, status)) in [
        ("fhirUser", user, user, false, 403),
        ("email", ada, "ADA@hospital.example", true, 403),
        ("fhirUser", user, elsewhere, false, 403),
        ("email", ada, " Ada@Hospital.example ", true, 403),
        ("fhirUser", user, "Practitioner/8", false, 200),
        ("email", ada, "ben@hospital.example", true, 200),
        // Whatever a person may have typed is no word of the issuer.
        ("email", ada, ada, false, 200),
    ]
    .into_iter()
    .enumerate()
    {
        let proposer = claimed(&DemoUser::Admin, name, json!(one), verified);
        let approver = claimed(&DemoUser::AdminSecond, name, json!(two), verified);
        let new = json!({"clientId": format!("lab-{number}"), "roles": ["system"]});
        let change = propose(&proposer, "POST", "/admin/clients", new).await;
        let shown = approver.get(&change).await.expect(200).json();
        let known = name == "fhirUser" || verified;
        assert_eq!(shown["proposedBy"].get(name).is_some(), known, "{shown}");
        assert!(shown["proposedBy"]["name"].is_string(), "{shown}");
        let reply = approver.post(&format!("{change}/approve"), "").await;
        assert_eq!(reply.status, status, "{name} {one} {two}: {}", reply.text);
    }
}

/// An administrator whose token has these claims beside.
fn claiming(office: &Office, user: &DemoUser, more: &Value) -> Caller {
    office.house.caller_with(user, |claims| {
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
    })
}

/// A client to register.
fn lab(number: usize) -> Value {
    json!({"clientId": format!("lab-{number}"), "roles": ["system"]})
}

/// What becomes of a client that one proposes and another approves.
async fn approved(one: &Caller, two: &Caller, new: Value) -> (u16, String) {
    let change = propose(one, "POST", "/admin/clients", new).await;
    let reply = two.post(&format!("{change}/approve"), "").await;
    (reply.status, reply.text)
}

async fn whoever_leaves_out_what_the_proposers_token_had_approves_nothing(kind: Kind) {
    let mut office = Office::open(kind).await;
    let there = office
        .house
        .another_with(|settings| settings.registered_only.person_claims = true)
        .await;
    let user = json!({"fhirUser": "Practitioner/7"});
    let other_user = json!({"fhirUser": "Practitioner/8"});
    let email = json!({"email": "ada@hospital.example", "email_verified": true});
    let other_email = json!({"email": "ben@hospital.example", "email_verified": true});
    let unverified = json!({"email": "ben@hospital.example", "email_verified": false});
    let none = json!({});
    let both = json!({
        "fhirUser": "Practitioner/7",
        "email": "ada@hospital.example",
        "email_verified": true,
    });
    let other_both = json!({
        "fhirUser": "Practitioner/8",
        "email": "ben@hospital.example",
        "email_verified": true,
    });
    // Proposer, approver, what becomes of it, and where claims are required.
    let cases = [
        (&user, &none, 403, 403),
        (&user, &email, 403, 403),
        (&email, &unverified, 403, 403),
        (&user, &other_user, 200, 200),
        (&email, &other_email, 200, 200),
        (&none, &user, 200, 403),
        (&none, &none, 200, 403),
        // Of one kind a person may have two, so each kind has to be there.
        (&both, &other_user, 403, 403),
        (&both, &other_email, 403, 403),
        (&both, &other_both, 200, 200),
        (&other_user, &both, 200, 403),
    ];
    for (number, (one, two, status, required)) in cases.into_iter().enumerate() {
        let one = claiming(&office, &DemoUser::Admin, one);
        let two = claiming(&office, &DemoUser::AdminSecond, two);
        let strict = (one.through(&there), two.through(&there), required);
        let both = [(one, two, status), strict];
        for (server, (one, two, status)) in both.into_iter().enumerate() {
            let (got, text) = approved(&one, &two, lab(number * 2 + server)).await;
            assert_eq!(got, status, "case {number}: {text}");
            assert_eq!(
                got == 403,
                text.contains("do not show that approver and proposer are two people"),
                "{text}"
            );
        }
    }
    // Whoever proposed it still withdraws it, whatever the token says.
    let one = claiming(&office, &DemoUser::Admin, &user);
    let new = json!({"clientId": "withdrawn", "roles": ["system"]});
    let change = propose(&one, "POST", "/admin/clients", new).await;
    let reject = office.one.post(&format!("{change}/reject"), "").await;
    assert_eq!(reject.expect(200).json()["state"], "withdrawn");
}

/// A house of two issuers: the first administrator has an account at its own, the second
/// at the other.
async fn of_two_issuers(kind: Kind, second: &DevIssuer) -> House {
    let url = second.issuer_url();
    let registered = |issuer: &str| {
        let [_, other] = first(issuer);
        let people = vec![person(issuer, "chidi.marek"), person(&url, "dana.silva")];
        let clients = vec![
            client(issuer, "demo-admin", &[Role::Admin]),
            client(&url, "demo-admin-second", &[Role::Admin]),
        ];
        [(people, clients), other]
    };
    House::registered_with(kind, registered, |settings| {
        let serving = |name: &str| Some([name.parse().unwrap()].into());
        settings.identity.issuers[0].facilities = serving(HOME);
        settings.identity.issuers.push(IssuerConfig {
            facilities: serving(HOME),
            ..IssuerConfig::new(&url, AUDIENCE)
        });
    })
    .await
}

/// What the tokens of proposer and approver say beside issuer and subject, and what becomes
/// of the change.
fn claims_at_two_issuers() -> Vec<(Value, Value, u16)> {
    let email = |address: &str| json!({"email": address, "email_verified": true});
    let typed = |address: &str| json!({"email": address, "email_verified": false});
    let written =
        |verified: Value| json!({"email": "ada@hospital.example", "email_verified": verified});
    let user = |reference: &str| json!({"fhirUser": reference});
    let (ada, ben) = ("ada@hospital.example", "ben@hospital.example");
    let relative = "Practitioner/7";
    let here = "https://a.example/fhir/Practitioner/7";
    let there = "https://b.example/fhir/Practitioner/7";
    vec![
        (email(ada), email("Ada@Hospital.example"), 403),
        (user(relative), user(relative), 403),
        (user(here), user(relative), 403),
        (user(here), user(here), 403),
        // What one token says and the other does not, does not tell them apart.
        (email(ada), user(relative), 403),
        (email(ada), typed(ada), 403),
        // As some issuers write what OpenID Connect has as a boolean.
        (written(json!("true")), written(json!("true")), 403),
        (written(json!("TRUE")), written(json!(1)), 403),
        // Two persons, and two of one number at two servers.
        (email(ada), email(ben), 200),
        (user(here), user(there), 200),
    ]
}

/// One person may have an account at each issuer, which have nothing in common but what
/// the tokens say of the person.
async fn accounts_at_two_issuers_are_told_apart_by_their_claims(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let second = second_issuer(&folder);
    let house = of_two_issuers(kind, &second).await;
    let keys = folder.path().join(SECOND);
    let add = |claims: &mut Value, more: &Value| {
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
    };
    for (number, (one, two, status)) in claims_at_two_issuers().into_iter().enumerate() {
        let proposer = house.caller_with(&DemoUser::Admin, |claims| add(claims, &one));
        let issued = (&second, keys.as_path());
        let token = minted(issued, &DemoUser::AdminSecond, |claims| add(claims, &two));
        // Of two issuers none is meant by itself.
        let mut new = lab(number);
        new["issuer"] = json!(house.issuer_url());
        let (got, text) = approved(&proposer, &house.bearer(&token), new).await;
        assert_eq!(got, status, "{one} {two}: {text}");
    }
}
