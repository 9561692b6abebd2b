//! A catalogue of bad tokens, each made of a genuine one and of its issuer's key.

use crate::{
    oidc::AUDIENCE,
    signer::{Signer, part, parts, signed},
};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// What is wrong, and the `Authorization` headers that are sent.
pub type Bad = (String, Vec<String>);

pub fn bad_tokens(genuine: &str, key: &Signer) -> Vec<Bad> {
    let mut bad = bad_headers(genuine);
    let token = |(name, token): (String, String)| (name, vec![format!("Bearer {token}")]);
    bad.extend(forged(genuine, key).into_iter().map(token));
    bad.extend(by_another(genuine, key).into_iter().map(token));
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
    let (header, mut claims) = parts(genuine);
    let (input, signature) = genuine.rsplit_once('.').unwrap();
    let by_another = Signer::new(&key.id, 8).sign(&header, &claims);
    claims["facility"] = "hillcrest".into();
    let changed = format!("{}.{}.{signature}", part(&header), part(&claims));
    let mut flipped = signature.to_owned();
    let first = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(..1, first);
    let zeros = "A".repeat(86);
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
        ("a signature of zeros", format!("{input}.{zeros}")),
        ("another key of this name", by_another),
    ]
    .map(|(name, token)| (name.to_owned(), token))
    .into()
}

/// What says it is by another algorithm or another key.
fn by_another(genuine: &str, key: &Signer) -> Vec<(String, String)> {
    let (header, claims) = parts(genuine);
    let (_, signature) = genuine.rsplit_once('.').unwrap();
    let with = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = value.into();
        header
    };
    let unsigned = |alg: &str| format!("{}.{}.", part(&with("alg", alg)), part(&claims));
    let none_kept = format!("{}{signature}", unsigned("none"));
    let secret = |bytes: &[u8]| {
        let key = EncodingKey::from_secret(bytes);
        signed(&with("alg", "HS256"), &claims, &key, Algorithm::HS256)
    };
    let (pem, jwk) = (key.public_pem(), key.public_jwk().to_string());
    let mut made = vec![
        ("alg none".to_owned(), unsigned("none")),
        ("alg None".to_owned(), unsigned("None")),
        ("alg none, signature kept".to_owned(), none_kept),
        ("HS256 by the PEM".to_owned(), secret(pem.as_bytes())),
        ("HS256 by the JWK".to_owned(), secret(jwk.as_bytes())),
        ("HS256 by nothing".to_owned(), secret(b"")),
    ];
    for (name, value) in [
        ("alg", "RS256"),
        ("alg", "ES384"),
        ("kid", "rsa"),
        ("kid", "k9"),
        ("kid", "../../dev/null"),
        ("kid", "' OR 1=1 --"),
        ("kid", ""),
    ] {
        let token = key.sign(&with(name, value), &claims);
        made.push((format!("{name} `{value}`"), token));
    }
    made
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
