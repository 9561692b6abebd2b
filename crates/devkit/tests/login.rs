//! The dev issuer's login: whoever comes is believed, but only the client that asked
//! gets the tokens.

#![expect(clippy::unwrap_used, reason = "test code")]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use devkit::issuer::{DevIssuer, DevIssuerConfig, DevIssuerOptions};
use model::{ManualClock, SystemRandom};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tempfile::TempDir;
use url::{Url, form_urlencoded::Serializer};

const REDIRECT: &str = "http://127.0.0.1:7/callback";
const VERIFIER: &str = "0123456789012345678901234567890123456789012";

struct House {
    _dir: TempDir,
    clock: Arc<ManualClock>,
    issuer: DevIssuer,
    http: reqwest::Client,
}

impl House {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(
            "2026-11-22T10:00:00.000Z".parse().unwrap(),
        ));
        let config = DevIssuerConfig {
            dir: dir.path().to_owned(),
            port: None,
            audience: "http://127.0.0.1:8080/fhir".to_owned(),
            lifetime: Duration::from_secs(300),
            facilities: ["north".parse().unwrap(), "south".parse().unwrap()],
        };
        let options = DevIssuerOptions {
            is_marked: true,
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        };
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            _dir: dir,
            clock,
            issuer: DevIssuer::start_with(config, options).unwrap(),
            http: http.build().unwrap(),
        }
    }

    /// Asks with these parameters changed; empty ones are left out.
    async fn ask(&self, changes: &[(&str, &str)]) -> reqwest::Response {
        let challenge = BASE64URL.encode(Sha256::digest(VERIFIER));
        let mut question = BTreeMap::from([
            ("response_type", "code"),
            ("client_id", "demo-login"),
            ("redirect_uri", REDIRECT),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("state", "s&1"),
            ("nonce", "n1"),
            ("login_hint", "eve.tanaka"),
        ]);
        question.extend(changes.iter().copied());
        question.retain(|_, value| !value.is_empty());
        let base = format!("{}/authorize", self.issuer.issuer_url());
        let url = Url::parse_with_params(&base, question).unwrap();
        self.http.get(url).send().await.unwrap()
    }

    /// What the browser is sent back with.
    async fn answer(&self, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let reply = self.ask(changes).await;
        assert_eq!(reply.status(), 303);
        let location = reply.headers()["location"].to_str().unwrap();
        assert!(location.starts_with(REDIRECT), "{location}");
        let back = Url::parse(location).unwrap();
        back.query_pairs().into_owned().collect()
    }

    async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> (u16, Value) {
        let mut form = BTreeMap::from([
            ("grant_type", "authorization_code"),
            ("client_id", "demo-login"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ]);
        form.extend(changes.iter().copied());
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let reply = self
            .http
            .post(format!("{}/token", self.issuer.issuer_url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }
}

fn claims(token: &Value) -> Value {
    let part = token
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn who_says_to_be_the_auditor_is() {
    let house = House::start();
    let answer = house.answer(&[]).await;
    assert_eq!(answer["state"], "s&1");
    assert_eq!(answer["iss"], house.issuer.issuer_url());
    let (status, tokens) = house.redeem(&answer["code"], &[]).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(claims(&tokens["access_token"])["roles"][0], "auditor");
    let who = claims(&tokens["id_token"]);
    assert_eq!(
        (&who["sub"], &who["nonce"]),
        (&"eve.tanaka".into(), &"n1".into())
    );
    assert_eq!(who["aud"], "demo-login");
}

#[tokio::test]
async fn a_code_is_good_once_for_a_minute_and_for_its_client() {
    let house = House::start();
    let fresh = || async { house.answer(&[]).await["code"].clone() };
    let code = fresh().await;
    assert_eq!(house.redeem(&code, &[]).await.0, 200);
    assert_eq!(house.redeem(&code, &[]).await.1["error"], "invalid_grant");
    for wrong in [
        ("code_verifier", "another"),
        ("redirect_uri", "http://127.0.0.1:8/callback"),
        ("code", "guessed"),
    ] {
        let code = fresh().await;
        let (status, refused) = house.redeem(&code, &[wrong]).await;
        assert_eq!(status, 400, "{wrong:?}");
        assert_eq!(refused["error"], "invalid_grant", "{wrong:?}");
        // Tried in vain it is spent; a guess spends nobody's.
        let spent = house.redeem(&code, &[]).await.0;
        assert_eq!(spent, if wrong.0 == "code" { 200 } else { 400 });
    }
    let code = fresh().await;
    let (status, refused) = house.redeem(&code, &[("client_id", "demo-auditor")]).await;
    assert_eq!((status, &refused["error"]), (401, &"invalid_client".into()));
    house.clock.advance_millis(60_000);
    assert_eq!(house.redeem(&code, &[]).await.0, 400);
}

#[tokio::test]
async fn who_is_nobody_is_sent_back_and_who_says_nothing_is_asked() {
    let house = House::start();
    let answer = house.answer(&[("login_hint", "nobody")]).await;
    assert_eq!(answer["error"], "access_denied");
    assert!(!answer.contains_key("code"));
    let page = house.ask(&[("login_hint", ""), ("state", "\"<b>")]).await;
    assert_eq!(page.status(), 200);
    let text = page.text().await.unwrap();
    assert!(
        text.contains("login_hint=eve.tanaka\">Eve Tanaka</a>"),
        "{text}"
    );
    assert!(!text.contains("<b>"), "{text}");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_not_sent_back() {
    let house = House::start();
    for wrong in [
        ("client_id", "demo-auditor"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", ""),
        ("redirect_uri", ""),
        ("redirect_uri", "https://127.0.0.1/callback"),
        ("redirect_uri", "http://login.example/callback"),
        ("redirect_uri", "http://127.0.0.1.example/callback"),
    ] {
        let reply = house.ask(&[wrong]).await;
        assert_eq!(reply.status(), 400, "{wrong:?}");
        assert!(!reply.headers().contains_key("location"), "{wrong:?}");
    }
}
