//! Tokens of a certified OpenID provider, and bad ones of every kind: those give
//! nothing, and nobody learns why.

use crate::{
    bad_tokens::bad_tokens,
    hospital::{Hospital, NAME},
    installation::operations,
    oidc::{BACKEND, BACKEND_RS256},
    signer::{Signer, parts},
};
use e2e::Reply;
use std::{collections::BTreeSet, thread};

const UNAUTHENTICATED: &str = "chartseal_unauthenticated_requests_total";

#[test]
fn bad_tokens_of_every_kind_give_nothing() {
    let key = Signer::new("k1", 7);
    let hospital = Hospital::start(&[&key]);
    let genuine = hospital.issuer.token(BACKEND);
    let record = hospital.create_patient(&genuine);
    // Both algorithms of the configuration; one token says nothing of another's.
    for good in [&genuine, &hospital.issuer.token(BACKEND_RS256)] {
        let reply = hospital.get(good, &record).expect(200, "read");
        assert!(reply.text().contains(NAME));
    }
    let stranger = hospital
        .issuer
        .ask_token(BACKEND, &Signer::new("client-key", 98));
    assert_eq!(stranger.status, 401, "a client with another's name");

    let bad = bad_tokens(&genuine, &key);
    assert!(bad.len() > 60);
    let before = hospital.metric(UNAUTHENTICATED);
    let mut bodies = BTreeSet::new();
    for (name, headers) in &bad {
        let headers: Vec<_> = headers
            .iter()
            .map(|text| ("authorization", text.as_str()))
            .collect();
        let nobody = hospital.caller(None);
        let read = nobody.send("GET", &record, &headers, Vec::new());
        let create = br#"{"resourceType":"Patient"}"#.to_vec();
        let write = nobody.send("POST", "Patient", &headers, create);
        for reply in [read, write] {
            check(name, &reply);
            bodies.insert(reply.text());
        }
    }
    assert_eq!(bodies.len(), 1, "one answer to all of them");
    let counted = hospital.metric(UNAUTHENTICATED) - before;
    assert_eq!(format!("{counted}"), format!("{}", 2 * bad.len()));

    // In the query a token counts for nothing.
    let path = format!("{record}?access_token={genuine}");
    check("in the query", &hospital.caller(None).get(&path));
    // And what was good is good.
    drop(hospital.get(&genuine, &record).expect(200, "read"));
    let logged = hospital.service.logged();
    for told in ["the token has expired", "signature is wrong", "`jku`"] {
        assert!(logged.contains(told), "the operator is told: {told}");
    }
    assert!(!logged.contains("eyJ") && !logged.contains(NAME));
}

fn check(name: &str, reply: &Reply) {
    assert_eq!(reply.status, 401, "{name}: {}", reply.text());
    assert!(reply.is_error_outcome(), "{name}: {}", reply.text());
    let challenge = reply.header("www-authenticate");
    let plain = "Bearer realm=\"chartseal\"";
    // RFC 6750, 3.1: an error is named only to whoever sent a token.
    let invalid = format!("{plain}, error=\"invalid_token\"");
    let sent_none = ["no header", "in the query"].contains(&name) || name.starts_with("header:");
    let expected = if sent_none { plain } else { &invalid };
    assert_eq!(challenge, Some(expected), "{name}");
}

#[test]
fn a_thousand_unknown_keys_cause_at_most_one_fetch() {
    let key = Signer::new("k1", 7);
    let hospital = Hospital::start(&[&key]);
    let genuine = hospital.issuer.token(BACKEND);
    let record = hospital.create_patient(&genuine);
    let (header, claims) = parts(&genuine);
    let before = hospital.issuer.fetches();
    let ask = |thread: usize| {
        for number in 0..100 {
            let mut header = header.clone();
            header["kid"] = format!("unknown-{thread}-{number}").into();
            let reply = hospital.get(&key.sign(&header, &claims), &record);
            // An address has a budget of requests without a valid token.
            let refused = matches!(reply.status, 401 | 429);
            assert!(refused, "{}: {}", reply.status, reply.text());
            if number % 10 == 0 {
                drop(hospital.get(&genuine, &record).expect(200, "meanwhile"));
            }
        }
    };
    thread::scope(|scope| {
        let ask = &ask;
        let threads: Vec<_> = (0..10)
            .map(|thread| scope.spawn(move || ask(thread)))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    let after = hospital.issuer.fetches();
    assert_eq!((after.0 - before.0, after.1 - before.1), (1, 1));
    assert_eq!(operations(hospital.watch, "readyz").unwrap().status, 200);
}
