//! An issuer for one test: discovery, a key set that can change, and tokens
//! with any header and claims.

use crate::identity::{Identity, IdentityConfig, IssuerConfig};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign, jwk::Jwk};
use model::{Clock, ManualClock, Timestamp};
use p256::{SecretKey, pkcs8::EncodePrivateKey};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub const NOW: &str = "2026-11-22T10:00:00.000Z";
pub const AUDIENCE: &str = "https://gateway.example";

/// A signing key with its id.
pub struct Signer {
    pub id: &'static str,
    pub key: EncodingKey,
}

impl Signer {
    pub fn new(id: &'static str, seed: u8) -> Self {
        let secret = SecretKey::from_slice(&[seed; 32]).unwrap();
        let der = secret.to_pkcs8_der().unwrap();
        Self {
            id,
            key: EncodingKey::from_ec_der(der.as_bytes()),
        }
    }

    pub fn jwk(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap())
                .unwrap();
        jwk["kid"] = self.id.into();
        jwk["use"] = "sig".into();
        jwk
    }
}

pub fn part(value: &Value) -> String {
    BASE64URL.encode(value.to_string())
}

/// A token with exactly this header and these claims.
pub fn token(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let input = format!("{}.{}", part(header), part(claims));
    let signature = sign(input.as_bytes(), key, algorithm).unwrap();
    format!("{input}.{signature}")
}

#[derive(Default)]
struct Shared {
    keys: Mutex<Vec<Value>>,
    fetches: AtomicUsize,
    down: AtomicBool,
    redirect: AtomicBool,
}

/// A running issuer.
pub struct TestIssuer {
    pub url: String,
    pub signer: Signer,
    pub clock: Arc<ManualClock>,
    shared: Arc<Shared>,
}

impl TestIssuer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let signer = Signer::new("k1", 7);
        let shared = Arc::new(Shared::default());
        shared.keys.lock().unwrap().push(signer.jwk());
        tokio::spawn(serve(listener, url.clone(), Arc::clone(&shared)));
        let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
        Self {
            url,
            signer,
            clock,
            shared,
        }
    }

    pub fn identity(&self) -> Identity {
        self.identity_with(|_| ())
    }

    pub fn identity_with(&self, change: impl FnOnce(&mut IssuerConfig)) -> Identity {
        let mut issuer = IssuerConfig::new(&self.url, AUDIENCE);
        change(&mut issuer);
        let config = IdentityConfig {
            issuers: vec![issuer],
        };
        Identity::new(config, Arc::clone(&self.clock) as Arc<dyn Clock>).unwrap()
    }

    pub fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "ES256", "kid": self.signer.id })
    }

    pub fn claims(&self) -> Value {
        let now = NOW.parse::<Timestamp>().unwrap().as_seconds();
        json!({
            "iss": self.url, "sub": "ada", "aud": AUDIENCE, "exp": now + 300, "nbf": now,
            "client_id": "ehr", "scope": "user/*.cruds openid", "name": "Dr. Ada",
            "facility": "north", "roles": ["clinician", "unheard-of"],
            "purpose_of_use": "TREAT",
        })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        token(header, claims, &self.signer.key, Algorithm::ES256)
    }

    pub fn good(&self) -> String {
        self.sign(&self.header(), &self.claims())
    }

    pub fn set_keys(&self, keys: Vec<Value>) {
        *self.shared.keys.lock().unwrap() = keys;
    }

    pub fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::SeqCst);
    }

    pub fn set_redirect(&self) {
        self.shared.redirect.store(true, Ordering::SeqCst);
    }

    /// How often discovery was begun.
    pub fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, url: String, shared: Arc<Shared>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (url, shared) = (url.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            // Slow enough that those who come at once come while it runs.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let answer = answer(&request, &url, &shared);
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}

fn answer(request: &str, url: &str, shared: &Shared) -> String {
    let discovery = request.starts_with("GET /.well-known/openid-configuration ");
    if discovery {
        shared.fetches.fetch_add(1, Ordering::SeqCst);
    }
    if shared.down.load(Ordering::SeqCst) {
        return "HTTP/1.1 503 Down\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned();
    }
    if shared.redirect.load(Ordering::SeqCst) {
        return format!(
            "HTTP/1.1 302 Found\r\nlocation: {url}/elsewhere\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
    }
    let body = if discovery {
        json!({
            "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
            "jwks_uri": format!("{url}/jwks"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    } else {
        json!({ "keys": *shared.keys.lock().unwrap() })
    }
    .to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
