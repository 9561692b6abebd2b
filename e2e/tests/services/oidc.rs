//! The published package oidc-provider as the issuer, in a process of its own that
//! can be stopped, started again and told of other keys.

use crate::{
    installation::{HOME, Installation},
    signer::Signer,
};
use e2e::{Caller, free_port, node_folder, until};
use model::{Clock as _, SystemClock};
use reqwest::Url;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What the samples call the gateway.
pub const AUDIENCE: &str = "https://fhir.hospital.example";
pub const BACKEND: &str = "backend";
/// Like `BACKEND`, with tokens by RS256.
pub const BACKEND_RS256: &str = "backend-rs256";
/// The client of `chartseal login`.
pub const LOGIN: &str = "chartseal-login";
pub const AUDITOR: &str = "eve.tanaka";

/// How often it is started before the test gives up, and how long each start may take.
const STARTS: u32 = 3;
const LISTENING: Duration = Duration::from_secs(20);

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub struct Provider {
    pub url: String,
    at: Caller,
    folder: PathBuf,
    process: Option<Child>,
    /// The key of both backends.
    client_key: Signer,
}

impl Provider {
    /// A provider that is not running yet.
    pub fn new(house: &Installation) -> Self {
        let url = format!("http://127.0.0.1:{}", free_port());
        Self {
            at: Caller::new(&url, None),
            url,
            folder: house.path(""),
            process: None,
            client_key: Signer::new("client-key", 99),
        }
    }

    /// Runs it; the first key signs. Once it was seen to run for 30 s without
    /// listening, on a busy machine and why is not known, so it is started again.
    pub fn start(&mut self, keys: &[&Signer]) {
        self.write(keys);
        for _ in 0..STARTS {
            self.process = Some(self.spawn());
            let start = Instant::now();
            while start.elapsed() < LISTENING {
                if signs_with(&self.at, keys[0]).is_some() {
                    return;
                }
                let child = self.process.as_mut().unwrap();
                if let Some(status) = child.try_wait().unwrap() {
                    panic!("the issuer ended, {status}: {}", self.log());
                }
                thread::sleep(Duration::from_millis(100));
            }
            self.stop();
        }
        panic!("the issuer does not answer: {}", self.log());
    }

    fn spawn(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("oidc.log"))
            .unwrap();
        Command::new("node")
            .arg("issuer.mjs")
            .arg(self.folder.join("oidc.json"))
            .current_dir(node_folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("oidc.log")).unwrap()
    }

    /// Publishes other keys, without a pause; the first signs from now on.
    pub fn rekey(&self, keys: &[&Signer]) {
        self.write(keys);
        let pid = self.process.as_ref().unwrap().id();
        let command = format!("kill -HUP {pid}");
        let status = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(status.success());
        until("the issuer's keys", 30, || signs_with(&self.at, keys[0]));
    }

    /// Kills it: nobody listens at its port.
    pub fn stop(&mut self) {
        let mut child = self.process.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// How often discovery document and keys were fetched.
    pub fn fetches(&self) -> (u64, u64) {
        let counts = self.at.get("counts").expect(200, "counts").json();
        let count = |name: &str| counts[name].as_u64().unwrap();
        (count("discovery"), count("keys"))
    }

    /// A token by `private_key_jwt`, as SMART backend services ask for one
    /// (<https://hl7.org/fhir/smart-app-launch/backend-services.html>).
    pub fn token(&self, client: &str) -> String {
        let reply = self.ask_token(client, &self.client_key);
        let answer = reply.expect(200, "a token").json();
        assert_eq!(answer["token_type"], "Bearer");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The same with any key.
    pub fn ask_token(&self, client: &str, key: &Signer) -> e2e::Reply {
        let now = SystemClock.now().as_seconds();
        let id = model::new_uuid(&model::SystemRandom).unwrap();
        let claims = json!({
            "iss": client, "sub": client, "aud": format!("{}/token", self.url),
            "iat": now, "exp": now + 240, "jti": id,
        });
        let assertion = key.sign(&key.header("JWT"), &claims);
        self.post_form(
            "token",
            &[
                ("grant_type", "client_credentials"),
                ("scope", "system/*.cruds"),
                ("client_assertion_type", ASSERTION),
                ("client_assertion", &assertion),
            ],
        )
    }

    pub fn post_form(&self, path: &str, form: &[(&str, &str)]) -> e2e::Reply {
        let encoded = Url::parse_with_params("http://127.0.0.1/", form).unwrap();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let body = encoded.query().unwrap().as_bytes().to_vec();
        self.at.send("POST", path, &[kind], body)
    }

    fn write(&self, keys: &[&Signer]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.private_jwk()).collect();
        let system = json!({"facility": HOME, "roles": ["system"], "purpose_of_use": "TREAT"});
        let backend = |id: &str| {
            json!({
                "client_id": id, "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256",
                "jwks": {"keys": [self.client_key.public_jwk()]},
                "grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
            })
        };
        let config = json!({
            "issuer": self.url, "audience": AUDIENCE, "keys": keys,
            "algorithms": {BACKEND_RS256: "RS256"},
            "facts": {
                BACKEND: system, BACKEND_RS256: system,
                AUDITOR: {
                    "name": "Eve Tanaka", "facility": HOME, "roles": ["auditor"],
                    "purpose_of_use": "HOPERAT",
                },
            },
            "clients": [backend(BACKEND), backend(BACKEND_RS256), {
                "client_id": LOGIN, "application_type": "native",
                "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"],
                "response_types": ["code"], "redirect_uris": ["http://127.0.0.1/callback"],
            }],
        });
        fs::write(self.folder.join("oidc.json"), config.to_string()).unwrap();
    }
}

/// Whether a provider is there and this key signs.
fn signs_with(at: &Caller, key: &Signer) -> Option<()> {
    let reply = at.try_send("GET", "counts", &[], Vec::new()).ok()?;
    (reply.json()["signing"] == key.id.as_str()).then_some(())
}

impl Drop for Provider {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.stop();
        }
    }
}
