//! Keys are fetched when needed and not more often.

use super::issuer::{Signer, TestIssuer, token};
use crate::identity::{Identity, IdentityConfig, IssuerConfig, Refusal};
use devkit::issuer::{DevIssuer, DevIssuerConfig};
use jsonwebtoken::Algorithm;
use model::SystemClock;
use oidc::HttpClient;
use openidconnect::AsyncHttpClient as _;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const MINUTE: i64 = 60_000;

/// A token that outlives every move of the clock in these tests.
fn lasting(issuer: &TestIssuer, signer: &Signer) -> String {
    let mut claims = issuer.claims();
    claims["exp"] = json!(claims["nbf"].as_i64().unwrap() + 24 * 3_600);
    let mut header = issuer.header();
    header["kid"] = signer.id.into();
    token(&header, &claims, &signer.key, Algorithm::ES256)
}

async fn ask(identity: &Identity, token: &str) -> Result<(), Refusal> {
    ask_from(identity, None, token).await
}

async fn ask_from(identity: &Identity, address: Option<&str>, token: &str) -> Result<(), Refusal> {
    let header = format!("Bearer {token}");
    let address = address.map(|address| address.parse().unwrap());
    identity
        .authenticate(Some(&header), address)
        .await
        .map(|_| ())
        .map_err(|refused| refused.reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_fetch_once() {
    let issuer = TestIssuer::start().await;
    let identity = Arc::new(issuer.identity());
    let token = issuer.good();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (identity, token) = (Arc::clone(&identity), token.clone());
            tokio::spawn(async move { ask(&identity, &token).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_keys_from_one_address_fetches_once_a_minute() {
    let issuer = TestIssuer::start().await;
    let identity = Arc::new(issuer.identity());
    assert_eq!(ask(&identity, &issuer.good()).await, Ok(()));
    assert_eq!(issuer.fetches(), 1);
    issuer.clock.advance_millis(MINUTE);
    for round in 1..=2 {
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let mut header = issuer.header();
                header["kid"] = format!("unknown-{round}-{n}").into();
                let (identity, token) = (
                    Arc::clone(&identity),
                    issuer.sign(&header, &issuer.claims()),
                );
                tokio::spawn(async move { ask(&identity, &token).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Err(Refusal::UnknownKey));
        }
        assert_eq!(issuer.fetches(), 1 + round);
        issuer.clock.advance_millis(MINUTE);
    }
}

#[tokio::test]
async fn strangers_cannot_spend_what_an_emergency_rotation_needs() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let (old, new) = (Signer::new("k1", 7), Signer::new("k2", 8));
    let (old_token, new_token) = (lasting(&issuer, &old), lasting(&issuer, &new));
    assert_eq!(ask(&identity, &old_token).await, Ok(()));
    let unknown = |number: usize| {
        let mut header = issuer.header();
        header["kid"] = format!("unknown-{number}").into();
        issuer.sign(&header, &issuer.claims())
    };
    // Two networks flood for a minute; addresses of one IPv6 network are one.
    for second in 0..60 {
        issuer.clock.advance_millis(1_000);
        for host in 0..4 {
            let six = format!("2001:db8::{second}:{host}");
            for address in ["192.0.2.1", &six] {
                let asked = ask_from(&identity, Some(address), &unknown(second)).await;
                assert_eq!(asked, Err(Refusal::UnknownKey));
            }
        }
    }
    assert!(issuer.fetches() <= 3, "{}", issuer.fetches());
    // The new key is taken within five seconds of its first token, and the old goes.
    issuer.set_keys(vec![new.jwk()]);
    issuer.clock.advance_millis(5_000);
    let asked = ask_from(&identity, Some("198.51.100.7"), &new_token).await;
    assert_eq!(asked, Ok(()));
    assert_eq!(ask(&identity, &old_token).await, Err(Refusal::UnknownKey));
    // Many addresses at once are one fetch in five seconds.
    let before = issuer.fetches();
    for host in 0..100 {
        let address = format!("203.0.113.{host}");
        let asked = ask_from(&identity, Some(&address), &unknown(host)).await;
        assert_eq!(asked, Err(Refusal::UnknownKey));
    }
    assert_eq!(issuer.fetches(), before);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_removed_one_forgotten() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let (old, new) = (Signer::new("k1", 7), Signer::new("k2", 8));
    let (old_token, new_token) = (lasting(&issuer, &old), lasting(&issuer, &new));
    assert_eq!(ask(&identity, &old_token).await, Ok(()));
    issuer.set_keys(vec![new.jwk()]);
    // Still known, from memory and by the keys at hand.
    assert_eq!(ask(&identity, &old_token).await, Ok(()));
    assert_eq!(issuer.fetches(), 1);
    // The new key makes the gateway look again; then the old one is gone, for
    // tokens that were just verified too.
    assert_eq!(ask(&identity, &new_token).await, Ok(()));
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(ask(&identity, &old_token).await, Err(Refusal::UnknownKey));
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn keys_ten_minutes_old_are_fetched_again() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let token = lasting(&issuer, &Signer::new("k1", 7));
    assert_eq!(ask(&identity, &token).await, Ok(()));
    issuer.clock.advance_millis(9 * MINUTE);
    assert_eq!(ask(&identity, &token).await, Ok(()));
    assert_eq!(issuer.fetches(), 1);
    issuer.set_keys(Vec::new());
    issuer.clock.advance_millis(MINUTE);
    assert_eq!(ask(&identity, &token).await, Err(Refusal::UnknownKey));
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn while_the_issuer_is_down_its_keys_stay() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let token = lasting(&issuer, &Signer::new("k1", 7));
    assert_eq!(ask(&identity, &token).await, Ok(()));
    issuer.set_down(true);
    for _ in 0..3 {
        issuer.clock.advance_millis(61 * MINUTE);
        assert_eq!(ask(&identity, &token).await, Ok(()));
    }
    assert_eq!(issuer.fetches(), 4);
    // Within the cool-down it is not asked again.
    issuer.clock.advance_millis(2 * MINUTE);
    assert_eq!(ask(&identity, &token).await, Ok(()));
    assert_eq!(issuer.fetches(), 4);
    assert!(identity.ready());
}

#[tokio::test]
async fn an_issuer_down_for_ten_minutes_is_missed_by_nobody_it_had_served() {
    let issuer = TestIssuer::start().await;
    let (identity, late) = (issuer.identity(), issuer.identity());
    let (old, new) = (Signer::new("k1", 7), Signer::new("k2", 8));
    let (old_token, new_token) = (lasting(&issuer, &old), lasting(&issuer, &new));
    identity.refresh().await;
    issuer.set_down(true);
    // Keys are changed while nobody can see it.
    issuer.set_keys(vec![new.jwk()]);
    let fetched = issuer.fetches();
    for second in 0..600 {
        issuer.clock.advance_millis(1_000);
        assert_eq!(ask(&identity, &old_token).await, Ok(()), "{second}");
        let refused = ask(&identity, &new_token).await;
        assert_eq!(refused, Err(Refusal::UnknownKey), "{second}");
        let refused = ask(&late, &old_token).await;
        assert_eq!(refused, Err(Refusal::KeysUnavailable), "{second}");
        identity.refresh().await;
        late.refresh().await;
    }
    // Two that ask every ten seconds.
    assert!(issuer.fetches() - fetched <= 2 * 61);
    assert!(identity.ready() && identity.missing().is_empty());
    assert_eq!(late.missing(), [issuer.url.as_str()]);
    assert!(identity.standing().all(|(_, failing)| failing));

    issuer.set_down(false);
    issuer.clock.advance_millis(10_000);
    identity.refresh().await;
    assert_eq!(ask(&identity, &new_token).await, Ok(()));
    assert_eq!(ask(&identity, &old_token).await, Err(Refusal::UnknownKey));
    // Without a refresh the first request fetches.
    assert_eq!(ask(&late, &new_token).await, Ok(()));
    assert!(late.ready());
    let standing: Vec<_> = identity.standing().collect();
    assert_eq!(standing, [(issuer.url.as_str(), false)]);
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_tried_again_soon() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    assert!(!identity.ready());
    issuer.set_down(true);
    let token = issuer.good();
    assert_eq!(ask(&identity, &token).await, Err(Refusal::KeysUnavailable));
    assert_eq!(ask(&identity, &token).await, Err(Refusal::KeysUnavailable));
    assert_eq!(issuer.fetches(), 1);
    assert!(!identity.ready());
    issuer.set_down(false);
    issuer.clock.advance_millis(10_000);
    identity.refresh().await;
    assert!(identity.ready());
    assert_eq!(ask(&identity, &token).await, Ok(()));
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let issuer = TestIssuer::start().await;
    issuer.set_redirect();
    assert_eq!(
        ask(&issuer.identity(), &issuer.good()).await,
        Err(Refusal::KeysUnavailable)
    );
}

#[tokio::test]
async fn an_https_issuer_is_asked_by_https_alone() {
    let issuer = TestIssuer::start().await;
    for (of, expected) in [
        ("https://login.example", false),
        (issuer.url.as_str(), true),
    ] {
        let url = format!("{}/jwks", issuer.url);
        let request = http::Request::get(url).body(Vec::new()).unwrap();
        let client = HttpClient::new(false).unwrap().of(of);
        assert_eq!(client.call(request).await.is_ok(), expected, "{of}");
    }
}

#[tokio::test]
async fn keys_that_must_not_verify_are_as_good_as_absent() {
    let issuer = TestIssuer::start().await;
    let good = issuer.signer.jwk();
    let changed = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };
    for key in [
        changed("use", json!("enc")),
        changed("alg", json!("ES384")),
        changed("crv", json!("P-384")),
        changed("kid", json!("other")),
        json!({ "kty": "oct", "kid": "k1", "k": "AAAA", "alg": "HS256" }),
        json!({ "kty": "RSA", "kid": "k1", "n": "AQAB", "e": "AQAB", "alg": "RS256" }),
        json!({ "kty": "unheard-of", "kid": "k1" }),
    ] {
        issuer.set_keys(vec![key.clone()]);
        let refused = ask(&issuer.identity(), &issuer.good()).await;
        assert_eq!(refused, Err(Refusal::UnknownKey), "{key}");
        // One such key does not spoil the others.
        issuer.set_keys(vec![key, good.clone()]);
        assert_eq!(ask(&issuer.identity(), &issuer.good()).await, Ok(()));
    }
}

#[tokio::test]
async fn a_token_that_was_just_verified_still_expires() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let token = issuer.good();
    assert_eq!(ask(&identity, &token).await, Ok(()));
    issuer.clock.advance_millis(299_999);
    assert_eq!(ask(&identity, &token).await, Ok(()));
    issuer.clock.advance_millis(30_001);
    assert_eq!(ask(&identity, &token).await, Err(Refusal::Expired));
    // And is not valid in a past that has come back before it began.
    issuer.clock.advance_millis(-1_000_000);
    assert_eq!(ask(&identity, &token).await, Err(Refusal::NotYetValid));
}

#[tokio::test]
async fn the_dev_issuer_gives_keys_only_where_it_may_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let dev = DevIssuer::start(DevIssuerConfig {
        dir: folder.path().to_owned(),
        port: None,
        audience: "gateway".to_owned(),
        lifetime: Duration::from_secs(60),
        facilities: ["north".parse().unwrap(), "south".parse().unwrap()],
    })
    .unwrap();
    for may_be_dev in [true, false] {
        let mut issuer = IssuerConfig::new(&dev.issuer_url(), "gateway");
        issuer.may_be_dev = may_be_dev;
        let issuers = vec![issuer];
        let identity = Identity::new(IdentityConfig { issuers }, Arc::new(SystemClock)).unwrap();
        identity.refresh().await;
        assert_eq!(identity.ready(), may_be_dev);
    }
}
