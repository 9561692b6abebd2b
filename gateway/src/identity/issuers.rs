//! The issuers whose tokens are accepted, and their discovery.
//!
//! Discovery: <https://openid.net/specs/openid-connect-discovery-1_0.html>,
//! through `openidconnect`, which checks that the document names the issuer it
//! was fetched from. What is pinned in the configuration (algorithms, audience,
//! type) is never taken from the document or the token.

use super::{http_client::HttpClient, jwks::IssuerKeys};
use jsonwebtoken::Algorithm;
use model::FacilityName;
use openidconnect::{
    AdditionalProviderMetadata, IssuerUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
        CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};
use url::{Host, Url};

/// The most seconds that a token may be good for, whatever is configured: a day.
const LONGEST_LIFETIME: u32 = 24 * 3_600;

/// A discovery document, in which the dev issuer says what it is.
type Metadata = ProviderMetadata<
    Marker,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Marker {
    #[serde(default)]
    chartseal_dev_issuer: bool,
}

impl AdditionalProviderMetadata for Marker {}

/// The issuers whose tokens are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityConfig {
    /// At least one.
    pub issuers: Vec<IssuerConfig>,
}

/// One issuer and what its tokens must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table of an issuer"
)]
pub struct IssuerConfig {
    /// The `iss` of its tokens, exactly; https, or http on a loopback host.
    pub url: String,
    /// What `aud` must hold: this gateway.
    pub audience: String,
    /// The signature algorithms it may use; public-key ones only.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<Algorithm>,
    /// What `typ` must be.
    #[serde(default = "default_token_type")]
    pub token_type: String,
    /// Under which names its tokens tell the facts of a caller.
    #[serde(default)]
    pub claims: ClaimNames,
    /// The facilities whose people it speaks for; `None` for all of them, which is
    /// for a sole issuer alone.
    pub facilities: Option<BTreeSet<FacilityName>>,
    /// Seconds that a token may be good for, from its begin to `exp`.
    #[serde(default = "default_lifetime")]
    pub token_lifetime_seconds: u32,
    /// Whether it may be the dev issuer, which gives anyone a token; for the demo
    /// and for tests, never in a file.
    #[serde(skip)]
    pub may_be_dev: bool,
}

/// Names of the claims that no standard fixes; a dot leads into an object, as in
/// `realm_access.roles`.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "a table of claim names"
)]
pub struct ClaimNames {
    /// The facility; required in every token.
    pub facility: String,
    /// A role or a list of roles.
    pub roles: String,
    /// A v3-ActReason code.
    pub purpose_of_use: String,
    /// The logical id of the token's patient at that facility.
    pub patient: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            facility: "facility".to_owned(),
            roles: "roles".to_owned(),
            purpose_of_use: "purpose_of_use".to_owned(),
            patient: "patient".to_owned(),
        }
    }
}

impl IdentityConfig {
    /// Checks what types cannot; nobody is contacted.
    ///
    /// # Errors
    /// When no issuer is named, or one that must not be trusted as it stands.
    pub fn check(&self) -> Result<(), IdentityError> {
        check(self.clone()).map(drop)
    }
}

impl IssuerConfig {
    /// An issuer with ES256, `at+jwt` and the default claim names, whose tokens may be
    /// good for a day and which may be the dev issuer.
    #[must_use]
    pub fn new(url: &str, audience: &str) -> Self {
        Self {
            url: url.to_owned(),
            audience: audience.to_owned(),
            algorithms: default_algorithms(),
            token_type: default_token_type(),
            claims: ClaimNames::default(),
            facilities: None,
            token_lifetime_seconds: LONGEST_LIFETIME,
            may_be_dev: true,
        }
    }

    /// Whether it speaks for people of this facility (RFC 8725, 3.8).
    #[must_use]
    pub fn serves(&self, facility: &FacilityName) -> bool {
        self.facilities
            .as_ref()
            .is_none_or(|facilities| facilities.contains(facility))
    }
}

fn default_algorithms() -> Vec<Algorithm> {
    vec![Algorithm::ES256]
}

const fn default_lifetime() -> u32 {
    3_600
}

fn default_token_type() -> String {
    "at+jwt".to_owned()
}

/// A configuration that must not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No issuer.
    #[error("no issuer is configured; nobody could call")]
    NoIssuer,
    /// Two entries of one issuer.
    #[error("issuer `{0}` is configured twice")]
    Twice(String),
    /// Not an https URL.
    #[error(
        "issuer `{0}` must be an https URL without query and fragment; http only on a loopback host"
    )]
    Url(String),
    /// No audience.
    #[error("issuer `{0}` needs an `audience`, or tokens meant for others would be accepted")]
    NoAudience(String),
    /// No algorithm, or one whose key is a shared secret.
    #[error(
        "issuer `{0}` needs `algorithms`, such as `ES256`; those with a shared secret (`HS…`) are not accepted"
    )]
    Algorithms(String),
    /// No token type.
    #[error("issuer `{0}` needs a `tokenType`, such as `at+jwt`")]
    NoTokenType(String),
    /// A lifetime of nothing, or of more than a day.
    #[error(
        "issuer `{0}` needs `tokenLifetimeSeconds` from 1 to 86400: a token that was stolen is \
         good until it expires"
    )]
    Lifetime(String),
    /// No list of facilities beside another issuer, or an empty one.
    #[error(
        "issuer `{0}` needs `facilities`, such as `[\"riverside\"]`: whose people its tokens \
         may speak for; only a sole issuer may leave it out"
    )]
    Facilities(String),
    /// The HTTP client cannot be made.
    #[error("the HTTP client for issuers cannot be made; are CA certificates installed?")]
    HttpClient,
}

/// A checked issuer with its keys.
pub(super) struct Issuer {
    pub(super) config: IssuerConfig,
    pub(super) keys: IssuerKeys,
    /// Its discovery document as it was last fetched.
    pub(super) document: RwLock<Option<Value>>,
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
        issuers.push(Arc::new(Issuer {
            config: issuer,
            keys,
            document: RwLock::default(),
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

/// A URL that keys may come from: https, or http from this machine.
pub(super) fn parse_safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || url.scheme() == "http" && loopback;
    (safe && url.username().is_empty() && url.password().is_none()).then_some(url)
}

impl Issuer {
    /// Discovers the issuer and fetches its key set.
    pub(super) async fn discover(&self, http: &HttpClient) -> Result<CoreJsonWebKeySet, String> {
        let url = IssuerUrl::new(self.config.url.clone()).map_err(|error| error.to_string())?;
        let metadata = Metadata::discover_async(url, &http.of(&self.config.url))
            .await
            .map_err(|error| error.to_string())?;
        if metadata.additional_metadata().chartseal_dev_issuer && !self.config.may_be_dev {
            return Err(
                "this is the dev issuer, which gives anyone a token and is for `chartseal demo` \
                 alone; configure another"
                    .to_owned(),
            );
        }
        let document = serde_json::to_value(&metadata).map_err(|error| error.to_string())?;
        *self
            .document
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(document);
        Ok(metadata.jwks().clone())
    }
}
