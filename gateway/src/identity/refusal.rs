//! Why a request has no caller: many reasons inside, one outside.

/// The request has no valid token. To the outside every reason looks alike, so
/// that no one learns from trying.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no valid access token: {reason}")]
pub struct Unauthenticated {
    /// The reason, for counters and the operator's log.
    pub reason: Refusal,
    /// The client that the token was given to, where the signature says so; for the
    /// operator's log.
    pub client: Option<String>,
}

impl From<Refusal> for Unauthenticated {
    fn from(reason: Refusal) -> Self {
        Self {
            reason,
            client: None,
        }
    }
}

/// The reasons. None holds anything of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no `Authorization` header.
    #[error("there is no token")]
    NoToken,
    /// The header is not `Bearer` and one token.
    #[error("the authorization header is not a bearer token")]
    NotBearer,
    /// Longer than any token should be.
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url and JSON.
    #[error("the token is not a signed JWT")]
    Malformed,
    /// The header brings keys or asks for what is not understood here.
    #[error("the token's header may not have `{0}`")]
    ForbiddenHeader(&'static str),
    /// `iss` is no configured issuer.
    #[error("the token's issuer is not configured")]
    Issuer,
    /// `alg` is not one of those pinned for the issuer.
    #[error("the token's algorithm is not one of its issuer's")]
    Algorithm,
    /// `typ` is another, such as that of an ID token.
    #[error("the token is not an access token")]
    TokenType,
    /// There is no `kid`.
    #[error("the token names no key")]
    NoKeyId,
    /// The issuer has no such key.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The issuer's keys could not be fetched yet.
    #[error("the issuer's keys cannot be fetched")]
    KeysUnavailable,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// `aud` does not name this gateway.
    #[error("the token is for another audience")]
    Audience,
    /// A claim is missing, or not of its type.
    #[error("the token has no usable `{0}`")]
    Missing(&'static str),
    /// A claim breaks its rule.
    #[error("the token's `{0}` cannot be used")]
    Claim(&'static str),
    /// The issuer does not speak for people of this facility.
    #[error("the token's facility is none of those that its issuer serves")]
    Facility,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// From its begin to `exp` it is more than is allowed.
    #[error("the token is valid for longer than its issuer's tokens may be")]
    TooLongLived,
    /// The token is bound to a key (`cnf`), and a bearer proves none.
    #[error("the token is bound to a key and cannot be used as a bearer token")]
    Bound,
}

impl Refusal {
    /// Whether the signature was found to be right before the token was refused.
    pub(super) const fn is_of_signed(self) -> bool {
        matches!(
            self,
            Self::Audience
                | Self::Missing(_)
                | Self::Claim(_)
                | Self::Facility
                | Self::Expired
                | Self::NotYetValid
                | Self::TooLongLived
                | Self::Bound
        )
    }

    /// One word for counters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoToken => "no-token",
            Self::NotBearer => "not-bearer",
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::ForbiddenHeader(_) => "forbidden-header",
            Self::Issuer => "issuer",
            Self::Algorithm => "algorithm",
            Self::TokenType => "token-type",
            Self::NoKeyId => "no-key-id",
            Self::UnknownKey => "unknown-key",
            Self::KeysUnavailable => "keys-unavailable",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::Missing(_) => "missing-claim",
            Self::Claim(_) => "claim",
            Self::Facility => "facility",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::TooLongLived => "too-long-lived",
            Self::Bound => "bound",
        }
    }
}
