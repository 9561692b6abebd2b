//! `chartseal login` with a certified OpenID provider: the token is good at the
//! gateway, and where anything is wrong there is none.

use crate::{
    browser::{Login, log_in, parameter, visit, with},
    hospital::{Hospital, NAME},
    installation::{Ended as _, Installation},
    oidc::{AUDIENCE, AUDITOR, BACKEND, LOGIN, Provider},
    signer::Signer,
};
use e2e::{program, run};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

const FOR_AUDITS: [&str; 4] = [
    "--resource",
    AUDIENCE,
    "--scope",
    "profile user/AuditEvent.rs",
];

#[test]
fn an_auditor_logs_in_and_reads_who_looked() {
    let key = Signer::new("k1", 7);
    let hospital = Hospital::start(&[&key]);
    let record = hospital.create_patient(&hospital.issuer.token(BACKEND));
    let out = hospital.house.path("token.txt");
    let login = Login::start(&hospital.issuer.url, LOGIN, &out, &FOR_AUDITS);
    assert_eq!(parameter(&login.question, "code_challenge_method"), "S256");
    let back = log_in(&login.question, AUDITOR);
    let page = visit(&back).expect(200, "the redirect");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let (code, said) = login.end();
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("logged in as Eve Tanaka (eve.tanaka)"),
        "{said}"
    );
    assert!(said.contains("good until 20"), "{said}");

    let mode = fs::metadata(&out).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = fs::read_to_string(&out).unwrap();
    let token = token.trim();
    assert!(!said.contains(token), "a terminal is no place for it");
    let audits = hospital
        .get(token, "AuditEvent")
        .expect(200, "audits")
        .json();
    assert!(
        audits["entry"]
            .as_array()
            .is_some_and(|found| !found.is_empty())
    );
    let hidden = hospital.get(token, &record).expect(404, "a record");
    assert!(!hidden.text().contains(NAME));
}

#[test]
fn a_token_for_nobody_in_particular_is_not_for_the_gateway() {
    let key = Signer::new("k1", 7);
    let hospital = Hospital::start(&[&key]);
    let out = hospital.house.path("token.txt");
    // Without `--resource` this issuer gives one for itself.
    let login = Login::start(&hospital.issuer.url, LOGIN, &out, &[]);
    drop(visit(&log_in(&login.question, AUDITOR)).expect(200, "the redirect"));
    let (code, said) = login.end();
    assert_eq!(code, 0, "{said}");
    let token = fs::read_to_string(&out).unwrap();
    drop(
        hospital
            .get(token.trim(), "AuditEvent")
            .expect(401, "another's token"),
    );
}

#[test]
fn an_answer_that_is_no_answer_to_this_login_is_ignored() {
    let (house, issuer) = issuer();
    let out = house.path("token.txt");
    let login = Login::start(&issuer.url, LOGIN, &out, &FOR_AUDITS);
    let back = log_in(&login.question, AUDITOR);
    let mut bare = back.clone();
    bare.set_query(None);
    let denied = format!("{bare}?error=access_denied").parse().unwrap();
    for stray in [
        with(&back, "state", "guessed"),
        with(&back, "iss", "http://127.0.0.1:1"),
        bare,
        denied,
    ] {
        drop(visit(&stray).expect(400, stray.as_str()));
    }
    let mut elsewhere = back.clone();
    elsewhere.set_path("/");
    drop(visit(&elsewhere).expect(404, "another path"));
    assert!(!out.exists());
    drop(visit(&back).expect(200, "the right one"));
    let (code, said) = login.end();
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("an answer to another login was ignored"),
        "{said}"
    );
    assert!(out.exists());
}

#[test]
fn who_says_no_gets_no_token() {
    let (house, issuer) = issuer();
    let out = house.path("token.txt");
    let login = Login::start(&issuer.url, LOGIN, &out, &FOR_AUDITS);
    drop(visit(&log_in(&login.question, "denied")).expect(200, "the redirect"));
    refused(
        login,
        &out,
        "the issuer refused the login: access_denied (nobody",
    );
}

#[test]
fn a_code_that_was_changed_is_worth_nothing() {
    let (house, issuer) = issuer();
    let out = house.path("token.txt");
    for of_another_login in [false, true] {
        let login = Login::start(&issuer.url, LOGIN, &out, &FOR_AUDITS);
        let back = log_in(&login.question, AUDITOR);
        // Another login's code was asked for with another PKCE challenge.
        let code = if of_another_login {
            let other = Login::start(&issuer.url, LOGIN, &house.path("x"), &FOR_AUDITS);
            parameter(&log_in(&other.question, AUDITOR), "code")
        } else {
            "tampered".to_owned()
        };
        drop(visit(&with(&back, "code", &code)).expect(200, "the redirect"));
        refused(login, &out, "the issuer gave no token: invalid_grant");
    }
}

#[test]
fn the_dev_issuer_logs_in_whoever_comes() {
    let house = Installation::new();
    let (issuer, out) = (house.issuer(None), house.path("token.txt"));
    let login = Login::start(&issuer.issuer_url(), "demo-login", &out, &[]);
    let page = visit(&login.question).expect(200, "who are you");
    assert!(page.text().contains("Chidi Marek"));
    drop(visit(&log_in(&login.question, AUDITOR)).expect(200, "the redirect"));
    let (code, said) = login.end();
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("logged in as Eve Tanaka (eve.tanaka)"),
        "{said}"
    );
    assert!(out.exists());
}

#[test]
fn what_cannot_work_is_said_before_anyone_is_asked() {
    let (house, mut issuer) = issuer();
    let out = house.path("token.txt").display().to_string();
    let login = |issuer: &str, out: &str| {
        run(Command::new(program())
            .args(["login", "--issuer", issuer, "--client-id", LOGIN])
            .args(["--out", out]))
    };
    let lost = house.path("no/token.txt").display().to_string();
    login(&issuer.url, &lost).refused("there is no folder");
    login("http://login.example", &out).refused("a URL that is not https");
    login("login.example", &out).refused("cannot be used");
    login(&format!("{}/", issuer.url), &out).refused("unexpected issuer URI");
    login(&format!("{}/realm", issuer.url), &out).refused("it answered 404");
    issuer.stop();
    login(&issuer.url, &out).refused("the issuer cannot be reached");
    assert!(!house.path("token.txt").exists());
}

fn issuer() -> (Installation, Provider) {
    let house = Installation::new();
    let mut issuer = Provider::new(&house);
    issuer.start(&[&Signer::new("k1", 7)]);
    (house, issuer)
}

fn refused(login: Login, out: &Path, advice: &str) {
    let (code, said) = login.end();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(advice), "{advice}: {said}");
    assert!(!out.exists(), "{said}");
}
