//! A configuration of issuers that must not be used is refused before anyone is asked.

use crate::identity::{Identity, IdentityConfig, IdentityError, IssuerConfig};
use jsonwebtoken::Algorithm;
use model::ManualClock;
use std::sync::Arc;

fn check(issuers: Vec<IssuerConfig>) -> Option<IdentityError> {
    let clock = Arc::new(ManualClock::new(super::issuer::NOW.parse().unwrap()));
    Identity::new(IdentityConfig { issuers }, clock).err()
}

#[test]
fn two_issuers_list_their_facilities_and_tokens_end_within_a_day() {
    let good = IssuerConfig::new("http://127.0.0.1:1", "a");
    for seconds in [0, 86_401] {
        let issuer = IssuerConfig {
            token_lifetime_seconds: seconds,
            ..good.clone()
        };
        assert!(matches!(
            check(vec![issuer]),
            Some(IdentityError::Lifetime(_))
        ));
    }
    let other = IssuerConfig::new("http://127.0.0.1:2", "a");
    let serving = |issuer: &IssuerConfig, names: &[&str]| IssuerConfig {
        facilities: Some(names.iter().map(|name| name.parse().unwrap()).collect()),
        ..issuer.clone()
    };
    let (north, south) = (serving(&good, &["north"]), serving(&other, &["south"]));
    assert_eq!(check(vec![north.clone()]), None);
    assert_eq!(check(vec![north.clone(), south.clone()]), None);
    for issuers in [
        vec![serving(&good, &[])],
        vec![good.clone(), south],
        vec![good.clone(), serving(&other, &[])],
    ] {
        assert!(matches!(check(issuers), Some(IdentityError::Facilities(_))));
    }
    assert_eq!(
        check(vec![north, other.clone()]),
        Some(IdentityError::Facilities(other.url))
    );
}

#[test]
fn a_configuration_that_must_not_be_used_is_refused() {
    let good = IssuerConfig::new("http://127.0.0.1:1", "a");
    assert_eq!(check(vec![good.clone()]), None);
    assert_eq!(check(Vec::new()), Some(IdentityError::NoIssuer));
    let twice = IssuerConfig {
        facilities: Some(["north".parse().unwrap()].into()),
        ..good.clone()
    };
    assert_eq!(
        check(vec![twice.clone(), twice]),
        Some(IdentityError::Twice(good.url.clone()))
    );
    for url in [
        "http://issuer.example",
        "ftp://127.0.0.1",
        "issuer.example",
        "",
        "https://a@b.example",
        "https://b.example?x",
        "https://b.example#x",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
    ] {
        let issuer = IssuerConfig {
            url: url.to_owned(),
            ..good.clone()
        };
        assert_eq!(
            check(vec![issuer]),
            Some(IdentityError::Url(url.to_owned()))
        );
    }
    for algorithms in [
        vec![],
        vec![Algorithm::HS256],
        vec![Algorithm::ES256, Algorithm::HS512],
    ] {
        let issuer = IssuerConfig {
            algorithms,
            ..good.clone()
        };
        assert!(matches!(
            check(vec![issuer]),
            Some(IdentityError::Algorithms(_))
        ));
    }
    let issuer = IssuerConfig {
        audience: String::new(),
        ..good
    };
    assert!(matches!(
        check(vec![issuer]),
        Some(IdentityError::NoAudience(_))
    ));
}

#[test]
fn the_configuration_file_refuses_unknown_keys() {
    let read = |text: &str| serde_json::from_str::<IdentityConfig>(text);
    let config = read(
        r#"{"issuers":[{"url":"https://i.example","audience":"a","algorithms":["ES384"],
            "claims":{"facility":"org"}}]}"#,
    )
    .unwrap();
    assert_eq!(config.issuers[0].token_type, "at+jwt");
    assert_eq!(config.issuers[0].claims.facility, "org");
    assert_eq!(config.issuers[0].claims.roles, "roles");
    assert!(!config.issuers[0].may_be_dev);
    assert_eq!(config.issuers[0].token_lifetime_seconds, 3_600);
    for text in [
        "{}",
        r#"{"issuers":[],"x":1}"#,
        r#"{"issuers":[{"url":"https://i.example"}]}"#,
        r#"{"issuers":[{"url":"https://i.example","audience":"a","alg":"ES256"}]}"#,
        r#"{"issuers":[{"url":"https://i.example","audience":"a","algorithms":["none"]}]}"#,
        r#"{"issuers":[{"url":"https://i.example","audience":"a","token_type":"JWT"}]}"#,
        r#"{"issuers":[{"url":"https://i.example","audience":"a","mayBeDev":true}]}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}
