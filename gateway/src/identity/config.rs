//! The issuers of a configuration, and what their tokens must be.

use jsonwebtoken::Algorithm;
use model::FacilityName;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The most seconds that a token may be good for, whatever is configured: a day.
pub(super) const LONGEST_LIFETIME: u32 = 24 * 3_600;

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
