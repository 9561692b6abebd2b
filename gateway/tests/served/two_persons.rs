//! Two persons for a change: how far the claims of tokens tell whether there are two.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    office::{Office, propose},
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    two_accounts_of_one_person_do_not_make_two,
    whoever_leaves_out_what_the_proposers_token_had_approves_nothing,
}

async fn two_accounts_of_one_person_do_not_make_two(kind: Kind) {
    let office = Office::open(kind).await;
    let claimed = |user: &DemoUser, name: &str, value: Value, verified: bool| {
        office.house.caller_with(user, |claims| {
            claims[name] = value.clone();
            claims["email_verified"] = json!(verified);
        })
    };
    for (number, (name, one, two, verified, status)) in [
        ("fhirUser", "Practitioner/7", "Practitioner/7", false, 403),
        (
            "email",
            "ada@hospital.example",
            "ADA@hospital.example",
            true,
            403,
        ),
        (
            "fhirUser",
            "Practitioner/7",
            "https://a.example/fhir/Practitioner/7/",
            false,
            403,
        ),
        (
            "email",
            "ada@hospital.example",
            " Ada@Hospital.example ",
            true,
            403,
        ),
        ("fhirUser", "Practitioner/7", "Practitioner/8", false, 200),
        (
            "email",
            "ada@hospital.example",
            "ben@hospital.example",
            true,
            200,
        ),
        // Whatever a person may have typed is no word of the issuer.
        (
            "email",
            "ada@hospital.example",
            "ada@hospital.example",
            false,
            200,
        ),
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

/// What becomes of a change that one proposes and another approves.
async fn approved(one: &Caller, two: &Caller, number: usize) -> (u16, String) {
    let new = json!({"clientId": format!("lab-{number}"), "roles": ["system"]});
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
            let (got, text) = approved(&one, &two, number * 2 + server).await;
            assert_eq!(got, status, "case {number}: {text}");
            assert_eq!(got == 403, text.contains("cannot be told"), "{text}");
        }
    }
    // Whoever proposed it still withdraws it, whatever the token says.
    let one = claiming(&office, &DemoUser::Admin, &user);
    let new = json!({"clientId": "withdrawn", "roles": ["system"]});
    let change = propose(&one, "POST", "/admin/clients", new).await;
    let reject = office.one.post(&format!("{change}/reject"), "").await;
    assert_eq!(reject.expect(200).json()["state"], "withdrawn");
}
