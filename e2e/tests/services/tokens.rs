//! Tokens of a certified OpenID provider, and bad ones of every kind: those give
//! nothing, and nobody learns why.

use crate::{
    hospital::{Hospital, NAME},
    installation::operations,
    oidc::{AUDIENCE, BACKEND, BACKEND_RS256},
    signer::{Signer, part, parts, signed},
};
use e2e::Reply;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use std::thread;

const UNAUTHENTICATED: &str = "chartseal_unauthenticated_requests_total";

/// What is wrong, and the `Authorization` headers that are sent.
type Bad = (String, Vec<String>);

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
    let mut bodies = std::collections::BTreeSet::new();
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

fn bad_tokens(genuine: &str, key: &Signer) -> Vec<Bad> {
    let mut bad = bad_headers(genuine);
    let token = |(name, token): (String, String)| (name, vec![format!("Bearer {token}")]);
    bad.extend(forged(genuine, key).into_iter().map(token));
    bad.extend(of_another_kind(genuine, key).into_iter().map(token));
    bad.extend(claiming(genuine, key).into_iter().map(token));
    bad
}

/// What is no bearer token at all.
fn bad_headers(genuine: &str) -> Vec<Bad> {
    let bearer = format!("Bearer {genuine}");
    [
        ("no header", vec![]),
        ("header: empty", vec![String::new()]),
        ("header: no token", vec!["Bearer".to_owned()]),
        ("header: no scheme", vec![genuine.to_owned()]),
        ("header: another scheme", vec![format!("DPoP {genuine}")]),
        ("header: basic", vec!["Basic YTpi".to_owned()]),
        ("header: two tokens", vec![format!("{bearer} {genuine}")]),
        ("header: a list", vec![format!("{bearer}, {bearer}")]),
        ("header: twice", vec![bearer.clone(), bearer.clone()]),
        (
            "header: a second one",
            vec![bearer.clone(), "Basic YTpi".to_owned()],
        ),
        ("header: first another", vec!["Bearer x".to_owned(), bearer]),
    ]
    .map(|(name, headers)| (name.to_owned(), headers))
    .into()
}

/// What no issuer has signed so.
fn forged(genuine: &str, key: &Signer) -> Vec<(String, String)> {
    let (header, claims) = parts(genuine);
    let (input, signature) = genuine.rsplit_once('.').unwrap();
    let with = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = value.into();
        header
    };
    let mut others = claims.clone();
    others["facility"] = "hillcrest".into();
    let changed = format!("{}.{}.{signature}", part(&header), part(&others));
    let unsigned = |alg: &str| format!("{}.{}.", part(&with("alg", alg)), part(&claims));
    let none_kept = format!(
        "{}.{}.{signature}",
        part(&with("alg", "none")),
        part(&claims)
    );
    let secret = |bytes: &[u8]| {
        let key = EncodingKey::from_secret(bytes);
        signed(&with("alg", "HS256"), &claims, &key, Algorithm::HS256)
    };
    let foreign = Signer::new(&key.id, 8);
    let mut flipped = signature.to_owned();
    let first = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(..1, first);
    let jwk = key.public_jwk();
    [
        ("garbage", "garbage".to_owned()),
        ("three dots", "...".to_owned()),
        ("two parts", input.to_owned()),
        ("four parts", format!("{genuine}.{signature}")),
        ("five parts, as if encrypted", format!("{genuine}.a.b")),
        ("other claims", changed),
        ("another signature", format!("{input}.{flipped}")),
        ("no signature", format!("{input}.")),
        ("a short signature", format!("{input}.{}", &signature[..40])),
        (
            "a signature of zeros",
            format!("{input}.{}", "A".repeat(86)),
        ),
        ("another key of this name", foreign.sign(&header, &claims)),
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("alg none, signature kept", none_kept),
        (
            "HS256 by the public key, PEM",
            secret(key.public_pem().as_bytes()),
        ),
        (
            "HS256 by the public key, JWK",
            secret(jwk.to_string().as_bytes()),
        ),
        ("HS256 by nothing", secret(b"")),
        ("said to be RS256", key.sign(&with("alg", "RS256"), &claims)),
        ("said to be ES384", key.sign(&with("alg", "ES384"), &claims)),
        (
            "the name of the RSA key",
            key.sign(&with("kid", "rsa"), &claims),
        ),
        ("an unknown key", key.sign(&with("kid", "k9"), &claims)),
        (
            "a path for a key",
            key.sign(&with("kid", "../../dev/null"), &claims),
        ),
        (
            "SQL for a key",
            key.sign(&with("kid", "' OR 1=1 --"), &claims),
        ),
        ("an unknown key, empty", key.sign(&with("kid", ""), &claims)),
    ]
    .map(|(name, token)| (name.to_owned(), token))
    .into()
}

/// What the issuer's key signs that is no access token for a bearer.
fn of_another_kind(genuine: &str, key: &Signer) -> Vec<(String, String)> {
    let (header, claims) = parts(genuine);
    let attacker = Signer::new("mine", 8);
    let mut made = Vec::new();
    let mut add = |name: &str, header: &Value, claims: &Value, key: &Signer| {
        made.push((name.to_owned(), key.sign(header, claims)));
    };
    for name in ["alg", "typ", "kid"] {
        let mut header = header.clone();
        header.as_object_mut().unwrap().remove(name);
        add(&format!("without {name}"), &header, &claims, key);
    }
    for typ in [
        "JWT",
        "",
        "id_token",
        "logout+jwt",
        "secevent+jwt",
        "at+jwt+x",
    ] {
        add(&format!("typ `{typ}`"), &key.header(typ), &claims, key);
    }
    let mut id_token = claims.clone();
    id_token["aud"] = "chartseal-login".into();
    id_token["nonce"] = "n".into();
    add(
        "an ID token",
        &json!({"alg": "ES256", "kid": key.id}),
        &id_token,
        key,
    );
    for (name, value) in [
        ("jwk", attacker.public_jwk()),
        ("jku", json!("http://127.0.0.1:1/jwks")),
        ("x5u", json!("http://127.0.0.1:1/x")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
    ] {
        let mut header = header.clone();
        header[name] = value;
        add(&format!("brings {name}"), &header, &claims, key);
        header["kid"] = attacker.id.clone().into();
        add(
            &format!("brings {name}, and is by it"),
            &header,
            &claims,
            &attacker,
        );
    }
    let mut long = claims;
    long["padding"] = "x".repeat(13_000).into();
    add("too long", &header, &long, key);
    made
}

/// What the issuer's key signs with claims that will not do.
fn claiming(genuine: &str, key: &Signer) -> Vec<(String, String)> {
    let (header, claims) = parts(genuine);
    let now = claims["iat"].as_i64().unwrap();
    let issuer = claims["iss"].as_str().unwrap();
    let gone = Value::Null;
    let cases = [
        ("iss", gone.clone()),
        ("iss", json!("http://127.0.0.1:1")),
        ("iss", json!(format!("{issuer}/"))),
        ("iss", json!([issuer])),
        ("aud", gone.clone()),
        ("aud", json!("https://other.example")),
        (
            "aud",
            json!(["https://other.example", format!("{AUDIENCE}/")]),
        ),
        ("aud", json!([])),
        ("exp", gone.clone()),
        ("exp", json!(now - 60)),
        ("exp", json!("tomorrow")),
        ("exp", json!(-1)),
        ("nbf", json!(now + 3_600)),
        ("nbf", json!("soon")),
        ("iat", gone.clone()),
        ("iat", json!(now + 3_600)),
        ("sub", gone.clone()),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("client_id", gone.clone()),
        ("client_id", json!("x".repeat(300))),
        ("facility", gone),
        ("facility", json!("River Side")),
        ("facility", json!(["riverside"])),
        ("scope", json!(["system/*.cruds"])),
        ("roles", json!(7)),
        ("patient", json!("../Patient/1")),
        ("cnf", json!({"jkt": "x"})),
    ];
    let make = |(name, value): (&str, Value)| {
        let mut claims = claims.clone();
        let told = format!(
            "{name}: {}",
            &value.to_string()[..value.to_string().len().min(60)]
        );
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        (told, key.sign(&header, &claims))
    };
    cases.map(make).into()
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
            assert_eq!(reply.status, 401, "{}", reply.text());
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
