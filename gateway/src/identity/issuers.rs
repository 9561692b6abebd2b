//! The issuers whose tokens are accepted. What is pinned in the configuration (algorithms,
//! audience, type) is never taken from a discovery document or a token.

use super::{
    config::{IdentityConfig, IssuerConfig, LONGEST_LIFETIME},
    discovery::Discovery,
    error::IdentityError,
    jwks::IssuerKeys,
};
use jsonwebtoken::Algorithm;
use oidc::parse_safe;
use std::{collections::BTreeSet, sync::Arc};

impl IdentityConfig {
    /// Checks what types cannot; nobody is contacted.
    ///
    /// # Errors
    /// When no issuer is named, or one that must not be trusted as it stands.
    pub fn check(&self) -> Result<(), IdentityError> {
        check(self.clone()).map(drop)
    }
}

/// A checked issuer with its keys.
pub(super) struct Issuer {
    pub(super) config: Arc<IssuerConfig>,
    pub(super) discovery: Arc<Discovery>,
    pub(super) keys: Arc<IssuerKeys>,
}

/// Checks a configuration.
pub(super) fn check(config: IdentityConfig) -> Result<Vec<Arc<Issuer>>, IdentityError> {
    let mut urls = BTreeSet::new();
    let mut issuers = Vec::new();
    let sole = config.issuers.len() == 1;
    for issuer in config.issuers {
        let url = issuer.url.clone();
        if !parse_safe(&url).is_some_and(|url| url.query().is_none() && url.fragment().is_none()) {
            return Err(IdentityError::Url(url));
        }
        if issuer.audience.is_empty() {
            return Err(IdentityError::NoAudience(url));
        }
        if issuer.token_type.is_empty() {
            return Err(IdentityError::NoTokenType(url));
        }
        if issuer.algorithms.is_empty() || issuer.algorithms.iter().any(is_symmetric) {
            return Err(IdentityError::Algorithms(url));
        }
        if !urls.insert(url.clone()) {
            return Err(IdentityError::Twice(url));
        }
        if !(1..=LONGEST_LIFETIME).contains(&issuer.token_lifetime_seconds) {
            return Err(IdentityError::Lifetime(url));
        }
        // Two hospitals' issuers on one gateway: neither may name the other's people.
        let listed = issuer.facilities.as_ref();
        if !listed.map_or(sole, |facilities| !facilities.is_empty()) {
            return Err(IdentityError::Facilities(url));
        }
        let keys = IssuerKeys::new(issuer.algorithms.clone());
        let config = Arc::new(issuer);
        issuers.push(Arc::new(Issuer {
            discovery: Arc::new(Discovery::new(Arc::clone(&config))),
            config,
            keys: Arc::new(keys),
        }));
    }
    if issuers.is_empty() {
        return Err(IdentityError::NoIssuer);
    }
    Ok(issuers)
}

fn is_symmetric(algorithm: &Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512
    )
}
