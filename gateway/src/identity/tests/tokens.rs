//! Good tokens give callers; of the bad ones each is refused for its reason.

use super::issuer::{Signer, TestIssuer, part, token};
use crate::identity::{Identity, Refusal};
use jsonwebtoken::{Algorithm, EncodingKey};
use model::Timestamp;
use policies::{Caller, Purpose, Role};
use serde_json::{Value, json};

async fn ask(identity: &Identity, token: &str) -> Result<Caller, Refusal> {
    let header = format!("Bearer {token}");
    identity
        .authenticate(Some(&header), None)
        .await
        .map_err(|refused| refused.reason)
}

async fn refusal(identity: &Identity, token: &str) -> Refusal {
    ask(identity, token).await.err().unwrap()
}

#[tokio::test]
async fn a_good_token_gives_the_caller_it_speaks_for() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let caller = ask(&identity, &issuer.good()).await.unwrap();
    assert_eq!(caller.issuer, issuer.url);
    assert_eq!(
        (caller.subject.as_str(), caller.client.as_str()),
        ("ada", "ehr")
    );
    assert_eq!(caller.facility.as_str(), "north");
    assert_eq!(caller.roles, [Role::Clinician]);
    assert_eq!(caller.purpose, Some(Purpose::Treat));
    assert_eq!(caller.patient, None);
    assert_eq!(caller.name.as_deref(), Some("Dr. Ada"));
    let scopes: Vec<String> = caller.scopes.iter().map(ToString::to_string).collect();
    assert_eq!(scopes, ["user/*.cruds"]);
}

#[tokio::test]
async fn facts_come_from_the_claims_that_are_configured() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity_with(|config| {
        config.claims.facility = "org".to_owned();
        config.claims.roles = "groups".to_owned();
        config.token_type = "JWT".to_owned();
    });
    let mut claims = issuer.claims();
    claims["org"] = "south".into();
    claims["groups"] = "patient".into();
    claims["fhirUser"] = "Patient/p-1".into();
    claims["aud"] = json!(["https://other.example", super::issuer::AUDIENCE]);
    claims.as_object_mut().unwrap().remove("client_id");
    claims["azp"] = "app".into();
    let header = json!({ "typ": "JWT", "alg": "ES256", "kid": "k1" });
    let caller = ask(&identity, &issuer.sign(&header, &claims))
        .await
        .unwrap();
    assert_eq!(caller.facility.as_str(), "south");
    assert_eq!(caller.roles, [Role::Patient]);
    assert_eq!(caller.client, "app");
    // Which record that is depends on the facility.
    assert_eq!(caller.fhir_user.as_deref(), Some("Patient/p-1"));
    assert_eq!(caller.patient, None);
}

#[tokio::test]
async fn a_header_that_is_no_bearer_token_is_refused() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let good = issuer.good();
    for (header, reason) in [
        (None, Refusal::NoToken),
        (Some(String::new()), Refusal::NotBearer),
        (Some("Bearer".to_owned()), Refusal::NotBearer),
        (Some("Bearer ".to_owned()), Refusal::NotBearer),
        (Some(format!("Basic {good}")), Refusal::NotBearer),
        (Some(good.clone()), Refusal::NotBearer),
        (Some("Bearer   ".to_owned()), Refusal::NotBearer),
        (Some(format!("Bearer\t{good}")), Refusal::NotBearer),
        (Some(format!(" Bearer {good}")), Refusal::NotBearer),
        (Some(format!("Bearer {good} ")), Refusal::NotBearer),
        (Some(format!("Bearer {good} {good}")), Refusal::NotBearer),
        (Some("Bearer \u{fc}".to_owned()), Refusal::NotBearer),
        (
            Some(format!("Bearer {}", "a".repeat(16 * 1024 + 1))),
            Refusal::TooLong,
        ),
        (Some("Bearer garbage".to_owned()), Refusal::Malformed),
        (Some("Bearer a.b.c".to_owned()), Refusal::Malformed),
        (Some("Bearer ..".to_owned()), Refusal::Malformed),
        (Some(format!("Bearer {good}.{good}")), Refusal::Malformed),
    ] {
        let refused = identity
            .authenticate(header.as_deref(), None)
            .await
            .err()
            .unwrap();
        assert_eq!(refused.reason, reason, "{header:?}");
    }
    assert_eq!(issuer.fetches(), 0, "nothing of it is worth a fetch");
    // The scheme in any case, and as many spaces as one likes (RFC 6750, 2.1).
    for header in [format!("bearer {good}"), format!("BEARER    {good}")] {
        let asked = identity.authenticate(Some(&header), None).await;
        assert!(asked.is_ok(), "{header}");
    }
}

#[tokio::test]
async fn a_bad_header_is_refused() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let changed = |name: &str, value: Value| {
        let mut header = issuer.header();
        header[name] = value;
        issuer.sign(&header, &issuer.claims())
    };
    for (name, value, reason) in [
        ("alg", json!("none"), Refusal::Algorithm),
        ("alg", json!("NONE"), Refusal::Algorithm),
        ("alg", json!("HS256"), Refusal::Algorithm),
        ("alg", json!("RS256"), Refusal::Algorithm),
        ("alg", json!("ES384"), Refusal::Algorithm),
        ("alg", json!(1), Refusal::Malformed),
        ("typ", json!("JWT"), Refusal::TokenType),
        ("typ", json!(""), Refusal::TokenType),
        ("typ", json!("logout+jwt"), Refusal::TokenType),
        ("kid", json!("../k1"), Refusal::UnknownKey),
        ("kid", json!("' or 1=1"), Refusal::UnknownKey),
        ("kid", json!(7), Refusal::Malformed),
        (
            "jku",
            json!("https://evil.example/jwks"),
            Refusal::ForbiddenHeader("jku"),
        ),
        (
            "x5u",
            json!("https://evil.example/x"),
            Refusal::ForbiddenHeader("x5u"),
        ),
        ("x5c", json!(["MII"]), Refusal::ForbiddenHeader("x5c")),
        ("jwk", issuer.signer.jwk(), Refusal::ForbiddenHeader("jwk")),
        ("crit", json!(["exp"]), Refusal::ForbiddenHeader("crit")),
        ("zip", json!("DEF"), Refusal::ForbiddenHeader("zip")),
    ] {
        assert_eq!(
            refusal(&identity, &changed(name, value)).await,
            reason,
            "{name}"
        );
    }
    for name in ["alg", "typ", "kid"] {
        let mut header = issuer.header();
        header.as_object_mut().unwrap().remove(name);
        let refused = refusal(&identity, &issuer.sign(&header, &issuer.claims())).await;
        let reasons = [Refusal::Malformed, Refusal::TokenType, Refusal::NoKeyId];
        assert!(reasons.contains(&refused), "{name}: {refused}");
    }
    assert!(
        ask(&identity, &changed("typ", json!("application/AT+JWT")))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let good = issuer.good();
    let (input, signature) = good.rsplit_once('.').unwrap();
    let header = part(&issuer.header());
    let mut claims = issuer.claims();
    claims["sub"] = "eve".into();

    let foreign = Signer::new("k1", 9);
    let by_other = token(
        &issuer.header(),
        &issuer.claims(),
        &foreign.key,
        Algorithm::ES256,
    );
    let forged = format!("{header}.{}.{signature}", part(&claims));
    let zeros = format!("{input}.{}", "A".repeat(86));
    for bad in [by_other, forged, zeros] {
        assert_eq!(refusal(&identity, &bad).await, Refusal::Signature);
    }
    for bad in [format!("{input}."), format!("{input}.{}", &signature[..20])] {
        let refused = refusal(&identity, &bad).await;
        assert!(
            matches!(refused, Refusal::Signature | Refusal::Malformed),
            "{refused}"
        );
    }
    // The public key as the secret of an HMAC.
    let public = EncodingKey::from_secret(issuer.signer.jwk().to_string().as_bytes());
    let mut header = issuer.header();
    header["alg"] = "HS256".into();
    let confused = token(&header, &issuer.claims(), &public, Algorithm::HS256);
    assert_eq!(refusal(&identity, &confused).await, Refusal::Algorithm);
    header["alg"] = "none".into();
    let unsigned = format!("{}.{}.", part(&header), part(&issuer.claims()));
    assert_eq!(refusal(&identity, &unsigned).await, Refusal::Algorithm);
}

#[tokio::test]
async fn claims_that_are_missing_or_wrong_are_refused() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    for name in ["iss", "sub", "aud", "exp", "nbf", "client_id", "facility"] {
        let mut claims = issuer.claims();
        claims.as_object_mut().unwrap().remove(name);
        let refused = refusal(&identity, &issuer.sign(&issuer.header(), &claims)).await;
        // Of `nbf` and `iat` one must be there.
        let missing = if name == "nbf" { "iat" } else { name };
        assert_eq!(refused, Refusal::Missing(missing));
    }
    let now = super::issuer::NOW
        .parse::<Timestamp>()
        .unwrap()
        .as_seconds();
    for (name, value, reason) in [
        ("iss", json!("https://other.example"), Refusal::Issuer),
        ("iss", json!(format!("{}/", issuer.url)), Refusal::Issuer),
        ("iss", json!([issuer.url]), Refusal::Claim("iss")),
        ("aud", json!("https://other.example"), Refusal::Audience),
        ("aud", json!([]), Refusal::Audience),
        ("aud", json!(7), Refusal::Claim("aud")),
        ("sub", json!(""), Refusal::Claim("sub")),
        ("sub", json!("a\nb"), Refusal::Claim("sub")),
        ("sub", json!(7), Refusal::Claim("sub")),
        ("exp", json!(now - 30), Refusal::Expired),
        ("exp", json!("never"), Refusal::Claim("exp")),
        ("exp", json!(-1), Refusal::Claim("exp")),
        ("exp", json!(1e30), Refusal::Claim("exp")),
        ("exp", json!(1e10), Refusal::TooLongLived),
        ("iat", json!(now + 31), Refusal::NotYetValid),
        ("iat", json!("now"), Refusal::Claim("iat")),
        ("nbf", json!(now + 31), Refusal::NotYetValid),
        ("facility", json!("North"), Refusal::Claim("facility")),
        ("facility", json!(["north"]), Refusal::Claim("facility")),
        ("scope", json!(["user/*.rs"]), Refusal::Claim("scope")),
        ("roles", json!(1), Refusal::Claim("roles")),
        ("patient", json!("a/b"), Refusal::Claim("patient")),
        (
            "client_id",
            json!("x".repeat(256)),
            Refusal::Claim("client_id"),
        ),
        ("cnf", json!({ "jkt": "x" }), Refusal::Bound),
    ] {
        let mut claims = issuer.claims();
        claims[name] = value.clone();
        let refused = refusal(&identity, &issuer.sign(&issuer.header(), &claims)).await;
        // The library calls a claim of the wrong type missing.
        let as_missing = reason == Refusal::Claim(name) && refused == Refusal::Missing(name);
        assert!(refused == reason || as_missing, "{name} {value}: {refused}");
    }
    for (name, value) in [("exp", json!(now - 29)), ("nbf", json!(now + 30))] {
        let mut claims = issuer.claims();
        claims[name] = value;
        assert!(
            ask(&identity, &issuer.sign(&issuer.header(), &claims))
                .await
                .is_ok(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_token_without_nbf_begins_when_it_was_issued() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let now = super::issuer::NOW
        .parse::<Timestamp>()
        .unwrap()
        .as_seconds();
    for (issued, expected) in [
        (json!(now), None),
        (json!(now + 30), None),
        (json!(now + 31), Some(Refusal::NotYetValid)),
        (json!("now"), Some(Refusal::Claim("iat"))),
    ] {
        let mut claims = issuer.claims();
        claims.as_object_mut().unwrap().remove("nbf");
        claims["iat"] = issued.clone();
        let asked = ask(&identity, &issuer.sign(&issuer.header(), &claims)).await;
        assert_eq!(asked.err(), expected, "{issued}");
    }
    // Where both are, both must have come.
    let mut claims = issuer.claims();
    claims["iat"] = json!(now + 1_000);
    let token = issuer.sign(&issuer.header(), &claims);
    assert_eq!(refusal(&identity, &token).await, Refusal::NotYetValid);
}

#[tokio::test]
async fn a_token_is_good_for_as_long_as_is_configured() {
    let issuer = TestIssuer::start().await;
    let now = super::issuer::NOW
        .parse::<Timestamp>()
        .unwrap()
        .as_seconds();
    for (longest, iat, nbf, exp, good) in [
        (3_600, Some(now), None, now + 3_600, true),
        (3_600, Some(now), None, now + 3_601, false),
        (3_600, None, Some(now), now + 3_601, false),
        (3_600, Some(now - 60), Some(now), now + 3_600, false),
        // An issuer that knows no begin may write the beginning of time.
        (3_600, Some(now), Some(0), now + 3_600, true),
        (60, Some(now), None, now + 61, false),
        (86_400, Some(now), None, now + 86_400, true),
    ] {
        let identity = issuer.identity_with(|config| config.token_lifetime_seconds = longest);
        let mut claims = issuer.claims();
        claims["exp"] = json!(exp);
        for (name, value) in [("iat", iat), ("nbf", nbf)] {
            claims[name] = json!(value);
            if value.is_none() {
                claims.as_object_mut().unwrap().remove(name);
            }
        }
        let asked = ask(&identity, &issuer.sign(&issuer.header(), &claims)).await;
        let expected = (!good).then_some(Refusal::TooLongLived);
        assert_eq!(asked.err(), expected, "{longest} {iat:?} {nbf:?} {exp}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_client_once_the_signature_held() {
    let issuer = TestIssuer::start().await;
    let identity = issuer.identity();
    let client = async |token: String| {
        let header = format!("Bearer {token}");
        let refused = identity.authenticate(Some(&header), None).await.err();
        refused.unwrap().client
    };
    let changed = |name: &str, value: Value| {
        let mut claims = issuer.claims();
        claims[name] = value;
        claims
    };
    for claims in [
        changed("aud", json!("https://other.example")),
        changed("facility", json!("NORTH")),
        changed("exp", json!(1)),
        changed("cnf", json!({})),
    ] {
        let token = issuer.sign(&issuer.header(), &claims);
        assert_eq!(client(token).await.as_deref(), Some("ehr"));
    }
    let forged = token(
        &issuer.header(),
        &changed("aud", json!("https://other.example")),
        &Signer::new("k1", 9).key,
        Algorithm::ES256,
    );
    assert_eq!(client(forged).await, None);
    let nameless = issuer.sign(&issuer.header(), &changed("client_id", json!("a\nb")));
    assert_eq!(client(nameless).await, None);
}

#[tokio::test]
async fn what_is_not_known_here_gives_nothing() {
    let issuer = TestIssuer::start().await;
    let mut claims = issuer.claims();
    claims["roles"] = json!(["root", 7]);
    claims["purpose_of_use"] = "CURIOSITY".into();
    claims["scope"] = "everything".into();
    claims["fhirUser"] = "https://other.example/Patient/p-1".into();
    let caller = ask(&issuer.identity(), &issuer.sign(&issuer.header(), &claims))
        .await
        .unwrap();
    assert!(caller.roles.is_empty() && caller.scopes.is_empty());
    assert!(caller.purpose.is_none() && caller.patient.is_none());
}

#[tokio::test]
async fn an_issuer_speaks_for_the_facilities_of_its_list() {
    let issuer = TestIssuer::start().await;
    let of = |names: &[&str]| Some(names.iter().map(|name| name.parse().unwrap()).collect());
    for (facilities, expected) in [
        (None, Ok("north".to_owned())),
        (of(&["north"]), Ok("north".to_owned())),
        (of(&["south", "north"]), Ok("north".to_owned())),
        (of(&["south"]), Err(Refusal::Facility)),
        (of(&["north-wing"]), Err(Refusal::Facility)),
    ] {
        let identity = issuer.identity_with(|config| config.facilities = facilities);
        // The second time it comes from memory, if it came at all.
        for _ in 0..2 {
            let caller = ask(&identity, &issuer.good()).await;
            let facility = caller.map(|caller| caller.facility.as_str().to_owned());
            assert_eq!(facility, expected);
        }
    }
}

#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let issuer = TestIssuer::start().await;
    let mut claims = issuer.claims();
    claims["aud"] = "ehr".into();
    claims["nonce"] = "n".into();
    let header = json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" });
    let refused = refusal(&issuer.identity(), &issuer.sign(&header, &claims)).await;
    assert_eq!(refused, Refusal::TokenType);
}

#[test]
fn a_refusal_says_nothing_of_the_token() {
    let refused = crate::identity::Unauthenticated {
        reason: Refusal::Claim("sub"),
        client: Some("ehr".to_owned()),
    };
    assert_eq!(
        refused.to_string(),
        "no valid access token: the token's `sub` cannot be used"
    );
}
