//! An issuer that answers a login with whatever it is told to: `chartseal login`
//! believes no ID token that is not right in every way.

use crate::{
    browser::{Login, parameter, visit},
    installation::Installation,
    oidc::LOGIN,
    signer::{Signer, part, signed},
};
use jsonwebtoken::{Algorithm, EncodingKey};
use model::{Clock as _, SystemClock};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// It serves until the test program ends.
struct Liar {
    url: String,
    key: Signer,
    answer: Arc<Mutex<Value>>,
}

impl Liar {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (key, answer) = (Signer::new("k1", 7), Arc::new(Mutex::new(Value::Null)));
        let (base, jwk, tokens) = (url.clone(), key.public_jwk(), Arc::clone(&answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer_one(stream.unwrap(), &base, &jwk, &tokens.lock().unwrap());
            }
        });
        Self { url, key, answer }
    }

    fn claims(&self, nonce: &str) -> Value {
        let now = SystemClock.now().as_seconds();
        json!({
            "iss": self.url, "aud": LOGIN, "sub": "eve", "nonce": nonce,
            "iat": now, "exp": now + 300,
        })
    }

    /// How a login ends that gets the tokens which `make` makes of its nonce.
    fn logged_in(&self, house: &Installation, make: impl FnOnce(&str) -> Value) -> (i32, String) {
        let out = house.path("token.txt");
        drop(std::fs::remove_file(&out));
        let login = Login::start(&self.url, LOGIN, &out, &[]);
        *self.answer.lock().unwrap() = make(&parameter(&login.question, "nonce"));
        let mut back: reqwest::Url = parameter(&login.question, "redirect_uri").parse().unwrap();
        back.query_pairs_mut()
            .append_pair("code", "c")
            .append_pair("state", &parameter(&login.question, "state"));
        drop(visit(&back).expect(200, "the redirect"));
        let (code, said) = login.end();
        assert_eq!(out.exists(), code == 0, "{said}");
        (code, said)
    }
}

fn answer_one(mut stream: TcpStream, base: &str, jwk: &Value, tokens: &Value) {
    let mut reader = BufReader::new(&stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let body = match first.split_whitespace().nth(1).unwrap_or_default() {
        "/jwks" => json!({"keys": [jwk]}),
        "/token" => tokens.clone(),
        _ => json!({
            "issuer": base, "authorization_endpoint": format!("{base}/auth"),
            "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/jwks"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        }),
    }
    .to_string();
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json";
    write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
}

/// Makes an answer of good claims.
type Make<'a> = Box<dyn Fn(&Value) -> Value + 'a>;

fn tokens(id_token: &str) -> Value {
    json!({"access_token": "a.b.c", "token_type": "Bearer", "id_token": id_token})
}

#[test]
fn an_id_token_has_to_be_right_in_every_way() {
    let (house, liar) = (Installation::new(), Liar::start());
    let header = liar.key.header("JWT");
    let good = |nonce: &str| tokens(&liar.key.sign(&header, &liar.claims(nonce)));
    let (code, said) = liar.logged_in(&house, good);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("logged in as eve\n"), "{said}");

    let now = SystemClock.now().as_seconds();
    for (name, value) in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("another")),
        ("aud", json!([LOGIN, "another"])),
        ("iss", json!("http://127.0.0.1:1")),
        ("exp", json!(now - 1)),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        let (code, said) = liar.logged_in(&house, |nonce| {
            let mut claims = liar.claims(nonce);
            claims[name] = value.clone();
            tokens(&liar.key.sign(&header, &claims))
        });
        assert_eq!(code, 1, "{name} {value}: {said}");
        assert!(said.contains("ID token"), "{name} {value}: {said}");
    }
}

#[test]
fn an_id_token_has_to_be_the_issuers() {
    let (house, liar) = (Installation::new(), Liar::start());
    let header = |alg: &str| json!({"alg": alg, "typ": "JWT", "kid": "k1"});
    let other = Signer::new("k1", 8);
    let secret = EncodingKey::from_secret(liar.key.public_pem().as_bytes());
    let kinds: [(&str, Make<'_>); 6] = [
        (
            "another key",
            Box::new(|claims| tokens(&other.sign(&header("ES256"), claims))),
        ),
        (
            "unsigned",
            Box::new(|claims| tokens(&format!("{}.{}.", part(&header("none")), part(claims)))),
        ),
        (
            "by the public key",
            Box::new(|claims| tokens(&signed(&header("HS256"), claims, &secret, Algorithm::HS256))),
        ),
        (
            "none",
            Box::new(|_| json!({"access_token": "a.b.c", "token_type": "Bearer"})),
        ),
        (
            "no bearer token",
            Box::new(|claims| {
                let mut answer = tokens(&liar.key.sign(&header("ES256"), claims));
                answer["token_type"] = "DPoP".into();
                answer
            }),
        ),
        ("no tokens", Box::new(|_| json!({}))),
    ];
    for (name, make) in kinds {
        let (code, said) = liar.logged_in(&house, |nonce| make(&liar.claims(nonce)));
        assert_eq!(code, 1, "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
    }
}
