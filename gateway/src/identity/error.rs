//! Why a configuration of issuers is refused.

use oidc::NoHttpClient;

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
    #[error(transparent)]
    HttpClient(#[from] NoHttpClient),
}
