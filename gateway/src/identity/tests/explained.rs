//! What `explain` says of a token agrees with what is done with it, and helps.

use super::issuer::{AUDIENCE, NOW, TestIssuer};
use crate::identity::{IdentityConfig, IssuerConfig, Rule, Verdict, explain};
use model::FacilityName;
use serde_json::{Value, json};

fn config(issuer: &TestIssuer, change: impl FnOnce(&mut IssuerConfig)) -> IdentityConfig {
    let mut config = IssuerConfig::new(&issuer.url, AUDIENCE);
    change(&mut config);
    IdentityConfig {
        issuers: vec![config],
    }
}

fn explained(config: &IdentityConfig, token: &str) -> Vec<Rule> {
    let urls = ["https://fhir.example", "https://old.example"].map(str::to_owned);
    let home_of = |facility: &FacilityName| crate::home_of(facility, &urls);
    explain(config, &home_of, token, NOW.parse().unwrap())
}

fn of(rules: &[Rule], verdict: Verdict) -> Vec<&'static str> {
    let of = rules.iter().filter(|rule| rule.verdict == verdict);
    of.map(|rule| rule.name).collect()
}

#[tokio::test]
async fn a_good_token_keeps_every_rule() {
    let issuer = TestIssuer::start().await;
    let rules = explained(&config(&issuer, |_| {}), &issuer.good());
    assert_eq!(of(&rules, Verdict::Fails), Vec::<&str>::new(), "{rules:#?}");
    assert_eq!(
        of(&rules, Verdict::NotChecked),
        ["signature", "registration"]
    );
    // A word among scopes and roles that means nothing here.
    assert_eq!(of(&rules, Verdict::Ignored), ["scope", "roles"]);
    assert_eq!(issuer.fetches(), 0, "nobody is asked");
}

#[tokio::test]
async fn each_broken_rule_is_named_as_the_gateway_breaks_it_off() {
    let issuer = TestIssuer::start().await;
    type Case<'c> = (&'c str, &'c str, Value, &'c str, &'c str);
    let cases: [Case<'_>; 14] = [
        ("header", "alg", json!("RS256"), "header", "`algorithms`"),
        ("header", "typ", json!("JWT"), "header", "`tokenType`"),
        ("header", "jku", json!("https://x"), "header", "`jku`"),
        ("header", "kid", Value::Null, "kid", "`kid`"),
        ("claims", "iss", json!("https://x/"), "iss", "none of"),
        ("claims", "aud", json!("x"), "aud", AUDIENCE),
        ("claims", "cnf", json!({}), "cnf", "bound"),
        ("claims", "exp", json!(1), "time", "expired"),
        ("claims", "nbf", json!(4_000_000_000_u32), "time", "clocks"),
        ("claims", "iat", json!(1), "time", "`tokenLifetimeSeconds`"),
        (
            "claims",
            "facility",
            Value::Null,
            "facility",
            "`claims.facility`",
        ),
        ("claims", "facility", json!("North"), "facility", "a-z"),
        ("claims", "client_id", Value::Null, "client_id", "`azp`"),
        ("claims", "roles", json!(1), "roles", "list"),
    ];
    let identity = issuer.identity();
    for (part, name, value, rule, advice) in cases {
        let (mut header, mut claims) = (issuer.header(), issuer.claims());
        let changed = if part == "header" {
            &mut header
        } else {
            &mut claims
        };
        changed[name] = value.clone();
        if value.is_null() {
            changed.as_object_mut().unwrap().remove(name);
        }
        let token = issuer.sign(&header, &claims);
        let rules = explained(&config(&issuer, |_| {}), &token);
        assert_eq!(of(&rules, Verdict::Fails), [rule], "{name}: {rules:#?}");
        let failed = rules
            .iter()
            .find(|line| line.verdict == Verdict::Fails)
            .unwrap();
        assert!(failed.text.contains(advice), "{name}: {}", failed.text);
        let header = format!("Bearer {token}");
        assert!(
            identity.authenticate(Some(&header), None).await.is_err(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_facility_of_another_issuer_and_a_text_that_is_no_token_are_named() {
    let issuer = TestIssuer::start().await;
    let south = |config: &mut IssuerConfig| {
        config.facilities = Some(["south".parse().unwrap()].into());
    };
    let rules = explained(&config(&issuer, south), &issuer.good());
    assert_eq!(of(&rules, Verdict::Fails), ["facility"]);
    let rules = explained(&config(&issuer, |_| {}), "a.b");
    assert_eq!(of(&rules, Verdict::Fails), ["form"]);
}

#[tokio::test]
async fn claims_are_found_inside_of_others() {
    let issuer = TestIssuer::start().await;
    let names = |config: &mut IssuerConfig| {
        config.claims.roles = "realm_access.roles".to_owned();
        config.claims.facility = "https://hospital.example/facility".to_owned();
    };
    let mut claims = issuer.claims();
    claims["realm_access"] = json!({"roles": ["offline_access", "auditor"]});
    claims["https://hospital.example/facility"] = "south".into();
    claims["roles"] = json!(["admin"]);
    let token = issuer.sign(&issuer.header(), &claims);
    let identity = issuer.identity_with(names);
    let header = format!("Bearer {token}");
    let caller = identity.authenticate(Some(&header), None).await.unwrap();
    assert_eq!(caller.roles, [policies::Role::Auditor]);
    assert_eq!(caller.facility.as_str(), "south");
    let rules = explained(&config(&issuer, names), &token);
    let found = |name: &str| {
        let rule = rules.iter().find(|rule| rule.name == name).unwrap();
        (rule.verdict, rule.text.clone())
    };
    assert_eq!(found("roles"), (Verdict::Holds, "auditor".to_owned()));
    assert_eq!(found("facility"), (Verdict::Holds, "south".to_owned()));
    // A path that leads nowhere gives no role, and an object is no list.
    for path in ["realm_access", "realm_access.roles.0", "roles.x", "."] {
        let identity = issuer.identity_with(|config| config.claims.roles = path.to_owned());
        let roles = identity.authenticate(Some(&header), None).await.ok();
        let roles = roles.map(|caller| caller.roles).unwrap_or_default();
        assert!(roles.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_patient_without_a_record_is_told_so() {
    let issuer = TestIssuer::start().await;
    let found = |claims: &Value| {
        let token = issuer.sign(&issuer.header(), claims);
        let rules = explained(&config(&issuer, |_| {}), &token);
        let rule = rules.into_iter().find(|rule| rule.name == "patient");
        rule.unwrap()
    };
    let mut claims = issuer.claims();
    claims["roles"] = json!(["patient", "offline_access"]);
    for (user, verdict) in [
        ("Patient/p-1", Verdict::Holds),
        ("https://fhir.example/fhir/Patient/p-1", Verdict::Holds),
        (
            "http://fhir.example/f/north/fhir/Patient/p-1",
            Verdict::Holds,
        ),
        ("https://old.example/fhir/Patient/p-1", Verdict::Holds),
        ("https://other.example/fhir/Patient/p-1", Verdict::Fails),
        (
            "https://fhir.example/f/south/fhir/Patient/p-1",
            Verdict::Fails,
        ),
        ("Practitioner/p-1", Verdict::Fails),
    ] {
        claims["fhirUser"] = user.into();
        let rule = found(&claims);
        assert_eq!(rule.verdict, verdict, "{user}: {}", rule.text);
    }
    claims["roles"] = json!(["patient", "clinician"]);
    assert_eq!(found(&claims).verdict, Verdict::Ignored);
    claims["roles"] = json!(["clinician"]);
    assert_eq!(found(&claims).verdict, Verdict::Holds);
    claims["patient"] = "Patient/p-1".into();
    let rule = found(&claims);
    assert_eq!(rule.verdict, Verdict::Fails);
    assert!(rule.text.contains("logical id"), "{}", rule.text);
}

#[tokio::test]
async fn what_a_token_says_does_not_reach_the_terminal_as_it_is() {
    let issuer = TestIssuer::start().await;
    let mut claims = issuer.claims();
    claims["iss"] = format!("\u{1b}[2J{}", "x".repeat(500)).into();
    let token = issuer.sign(&issuer.header(), &claims);
    let rules = explained(&config(&issuer, |_| {}), &token);
    let text = &rules.last().unwrap().text;
    assert!(!text.contains('\u{1b}') && text.len() < 300, "{text}");
}
