//! The dev issuer as relying parties see it: discovery by openidconnect, tokens
//! verified by jsonwebtoken, errors by RFC 6749.

#![expect(clippy::unwrap_used, reason = "test code")]

use devkit::issuer::{DemoUser, DevIssuer, DevIssuerConfig, DevIssuerOptions, IssuerError};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind, jwk::JwkSet,
};
use model::{ManualClock, SystemRandom, Timestamp};
use openidconnect::{
    HttpRequest, HttpResponse, IssuerUrl, core::CoreJsonWebKeySet, core::CoreProviderMetadata,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc,
    time::Duration,
};

const AUDIENCE: &str = "http://127.0.0.1:8080/fhir";
const HOUR: Duration = Duration::from_secs(3_600);

fn config(dir: &Path) -> DevIssuerConfig {
    DevIssuerConfig {
        dir: dir.to_owned(),
        port: None,
        audience: AUDIENCE.to_owned(),
        lifetime: Duration::from_secs(300),
        facilities: ["north".parse().unwrap(), "south".parse().unwrap()],
    }
}

fn users() -> Vec<DemoUser> {
    vec![
        DemoUser::Clinician,
        DemoUser::ClinicianOther,
        DemoUser::Patient {
            id: "p-1".parse().unwrap(),
        },
        DemoUser::Admin,
        DemoUser::AdminSecond,
        DemoUser::Auditor,
        DemoUser::System,
    ]
}

fn http() -> reqwest::Client {
    // The first test to come here wins; the others find it done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn key_set(issuer: &DevIssuer) -> JwkSet {
    let url = format!("{}/jwks", issuer.issuer_url());
    http().get(url).send().await.unwrap().json().await.unwrap()
}

/// The claims, when the token is what a gateway accepts.
async fn verified(issuer: &DevIssuer, token: &str) -> Result<Value, ErrorKind> {
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(header.alg, Algorithm::ES256);
    let set = key_set(issuer).await;
    let key = DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer.issuer_url()]);
    validation.set_audience(&[AUDIENCE]);
    validation.validate_nbf = true;
    validation.leeway = 0;
    decode::<Value>(token, &key, &validation)
        .map(|token| token.claims)
        .map_err(|error| error.into_kind())
}

/// Status and body of an answer of the token endpoint.
async fn token(
    issuer: &DevIssuer,
    basic: Option<(&str, &str)>,
    form: &[(&str, &str)],
) -> (u16, Value) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let mut request = http()
        .post(format!("{}/token", issuer.issuer_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish());
    if let Some((id, secret)) = basic {
        request = request.basic_auth(id, Some(secret));
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status().as_u16();
    if status == 401 {
        assert_eq!(
            answer.headers().contains_key("www-authenticate"),
            basic.is_some()
        );
    }
    (status, answer.json().await.unwrap())
}

#[tokio::test]
async fn openidconnect_discovers_it() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    let client = http();
    let fetch = |request: HttpRequest| {
        let client = client.clone();
        async move {
            let answer = client.get(request.uri().to_string()).send().await?;
            let mut response = HttpResponse::new(Vec::new());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes().await?.to_vec();
            Ok::<_, reqwest::Error>(response)
        }
    };
    let url = IssuerUrl::new(issuer.issuer_url()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(url.clone(), &fetch)
        .await
        .unwrap();
    assert_eq!(metadata.issuer(), &url);
    assert_eq!(
        metadata.token_endpoint().unwrap().as_str(),
        format!("{}/token", issuer.issuer_url())
    );
    let keys: &CoreJsonWebKeySet = metadata.jwks();
    assert_eq!(keys.keys().len(), 1);
    issuer.stop().await;
}

#[tokio::test]
async fn every_user_has_its_own_token() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    let mut claims = Vec::new();
    for user in users() {
        let token = issuer.mint(&user, HOUR).unwrap();
        claims.push(verified(&issuer, &token).await.unwrap());
    }
    let column = |name: &str| -> Vec<Value> { claims.iter().map(|c| c[name].clone()).collect() };
    let own = |name: &str| {
        claims
            .iter()
            .map(|c| c[name].to_string())
            .collect::<BTreeSet<_>>()
    };
    for name in ["sub", "jti", "client_id"] {
        assert_eq!(own(name).len(), 7, "{name}");
    }
    assert_eq!(
        column("roles"),
        [
            json!(["clinician"]),
            json!(["clinician"]),
            json!(["patient"]),
            json!(["admin"]),
            json!(["admin"]),
            json!(["auditor"]),
            json!(["system"]),
        ]
    );
    assert_eq!(
        column("scope"),
        [
            "user/*.cruds",
            "user/*.cruds",
            "patient/*.rs",
            "",
            "",
            "user/AuditEvent.rs",
            "system/*.cruds",
        ]
    );
    assert_eq!(
        column("facility"),
        [
            "north", "south", "north", "north", "north", "north", "north"
        ]
    );
}

#[tokio::test]
async fn one_client_can_have_several_users() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    for user in users() {
        let own = issuer.mint(&user, HOUR).unwrap();
        let other = issuer.mint_for(&user, "somebody.else", HOUR).unwrap();
        let own = verified(&issuer, &own).await.unwrap();
        let other = verified(&issuer, &other).await.unwrap();
        assert_eq!(other["sub"], "somebody.else");
        for name in ["client_id", "roles", "scope", "facility", "patient"] {
            assert_eq!(other[name], own[name], "{name}");
        }
    }
}

#[tokio::test]
async fn claims_fit_the_user() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    for user in users() {
        let token = issuer.mint(&user, HOUR).unwrap();
        let claims = verified(&issuer, &token).await.unwrap();
        let (patient, fhir_user) = match user {
            DemoUser::Patient { .. } => (json!("p-1"), json!("Patient/p-1")),
            _ => (Value::Null, Value::Null),
        };
        assert_eq!(claims["patient"], patient);
        assert_eq!(claims["fhirUser"], fhir_user);
        let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        assert_eq!(expires.unwrap() - issued.unwrap(), 3_600);
        assert_eq!(claims["nbf"], claims["iat"]);
        assert!(claims["purpose_of_use"].is_string());
    }
}

#[tokio::test]
async fn times_come_from_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let start = |millis| {
        let options = DevIssuerOptions {
            is_marked: true,
            clock: Arc::new(ManualClock::new(Timestamp::from_millis(millis).unwrap())),
            random: Arc::new(SystemRandom),
        };
        DevIssuer::start_with(config(dir.path()), options).unwrap()
    };
    let past = start(1_500_000_000_000);
    let token = past.mint(&DemoUser::System, HOUR).unwrap();
    assert_eq!(
        verified(&past, &token).await,
        Err(ErrorKind::ExpiredSignature)
    );
    let future = start(4_000_000_000_000);
    let token = future.mint(&DemoUser::System, HOUR).unwrap();
    assert_eq!(
        verified(&future, &token).await,
        Err(ErrorKind::ImmatureSignature)
    );
    assert!(matches!(
        future.mint(&DemoUser::System, Duration::MAX),
        Err(IssuerError::Lifetime)
    ));
}

#[tokio::test]
async fn clients_get_tokens_by_basic_and_by_post() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    for user in users() {
        let (id, secret) = issuer.client(&user);
        let mut form = vec![("grant_type", "client_credentials")];
        if let DemoUser::Patient { .. } = user {
            form.push(("patient", "p-1"));
        }
        let (status, answer) = token(&issuer, Some((id, secret.reveal())), &form).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["expires_in"], 300);
        let by_basic = verified(&issuer, answer["access_token"].as_str().unwrap()).await;
        form.extend([("client_id", id), ("client_secret", secret.reveal())]);
        let (status, answer) = token(&issuer, None, &form).await;
        assert_eq!(status, 200, "{answer}");
        let by_post = verified(&issuer, answer["access_token"].as_str().unwrap()).await;
        assert_eq!(by_basic.unwrap()["sub"], by_post.unwrap()["sub"]);
    }
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn only_the_right_secret_opens() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    let (id, secret) = issuer.client(&DemoUser::Clinician);
    for basic in [
        Some((id, "wrong")),
        Some((id, "")),
        Some(("nobody", secret.reveal())),
        Some(("demo-system", secret.reveal())),
        None,
    ] {
        let (status, answer) = token(&issuer, basic, &[GRANT, ("client_id", id)]).await;
        assert_eq!(status, 401);
        assert_eq!(answer["error"], "invalid_client");
        assert!(answer.get("access_token").is_none());
    }
}

#[tokio::test]
async fn errors_are_those_of_rfc_6749() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    let clinician = DemoUser::Clinician;
    let patient = DemoUser::Patient {
        id: "p-1".parse().unwrap(),
    };
    for (user, form, code) in [
        (&clinician, &[][..], "invalid_request"),
        (&clinician, &[GRANT, GRANT], "invalid_request"),
        (
            &clinician,
            &[GRANT, ("client_secret", "x")],
            "invalid_request",
        ),
        (
            &clinician,
            &[("grant_type", "password")],
            "unsupported_grant_type",
        ),
        (
            &clinician,
            &[GRANT, ("scope", "system/*.cruds")],
            "invalid_scope",
        ),
        (&patient, &[GRANT], "invalid_request"),
        (&patient, &[GRANT, ("patient", "no id!")], "invalid_request"),
    ] {
        let (id, secret) = issuer.client(user);
        let (status, answer) = token(&issuer, Some((id, secret.reveal())), form).await;
        assert_eq!((status, &answer["error"]), (400, &json!(code)), "{form:?}");
        assert!(answer.get("access_token").is_none());
    }
    let unread = http()
        .post(format!("{}/token", issuer.issuer_url()))
        .header("content-type", "application/json")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(unread.status(), 400);
}

#[tokio::test]
async fn rotated_keys_stay_in_the_set_and_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    let old = issuer.mint(&DemoUser::System, HOUR).unwrap();
    let port = issuer
        .issuer_url()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    issuer.rotate().unwrap();
    let new = issuer.mint(&DemoUser::System, HOUR).unwrap();
    assert_ne!(
        decode_header(&old).unwrap().kid,
        decode_header(&new).unwrap().kid
    );
    assert_eq!(key_set(&issuer).await.keys.len(), 2);
    let (_, secret) = issuer.client(&DemoUser::System);
    issuer.stop().await;

    let again = DevIssuer::start(DevIssuerConfig {
        port: Some(port),
        ..config(dir.path())
    })
    .unwrap();
    for token in [&old, &new] {
        assert!(verified(&again, token).await.is_ok());
    }
    assert_eq!(again.client(&DemoUser::System).1.reveal(), secret.reveal());
    let mut forged = new.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    assert_eq!(
        verified(&again, &forged).await,
        Err(ErrorKind::InvalidSignature)
    );
}

#[tokio::test]
async fn secrets_are_private_files() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("issuer");
    drop(DevIssuer::start(config(&home)).unwrap());
    let mut files = 0;
    for entry in fs::read_dir(&home).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert_eq!(files, 2);
    let keys = home.join("issuer-keys.json");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(
        DevIssuer::start(config(&home)),
        Err(IssuerError::NotPrivate { .. })
    ));
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&keys, "{}").unwrap();
    assert!(matches!(
        DevIssuer::start(config(&home)),
        Err(IssuerError::Damaged { .. })
    ));
}

#[tokio::test]
async fn a_browser_is_told_what_the_issuer_is() {
    let dir = tempfile::tempdir().unwrap();
    let issuer = DevIssuer::start(config(dir.path())).unwrap();
    let page = http().get(issuer.issuer_url()).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(
        page.headers()["content-security-policy"],
        "default-src 'none'"
    );
    let text = page.text().await.unwrap();
    assert!(text.contains("chartseal login"), "{text}");
    assert!(!text.contains("<script"), "{text}");
}
