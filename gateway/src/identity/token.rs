//! One access token: taken apart, and verified with the key of its issuer.
//!
//! JWT: <https://www.rfc-editor.org/rfc/rfc7519>, with the rules of
//! <https://www.rfc-editor.org/rfc/rfc8725> and RFC 9068, 4. `jsonwebtoken`
//! checks signature, `iss` and `aud`; the times are checked here, against the
//! clock that the process was given.

use super::{caller, claims::Claims, config::IssuerConfig, refusal::Refusal};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

/// Tokens longer than this are not looked at.
const MAX_BYTES: usize = 16 * 1024;

/// The token of an `Authorization` header: `"Bearer" 1*SP b64token` (RFC 6750, 2.1).
pub(super) fn bearer(header: Option<&str>) -> Result<&str, Refusal> {
    let header = header.ok_or(Refusal::NoToken)?;
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::NotBearer)?;
    let token = token.trim_start_matches(' ');
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        Err(Refusal::NotBearer)
    } else if token.len() > MAX_BYTES {
        Err(Refusal::TooLong)
    } else if !token.bytes().all(plain) {
        Err(Refusal::NotBearer)
    } else {
        Ok(token)
    }
}

/// The members of a header (RFC 7515, 4.1) that matter here.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    // Keys come from the issuer alone, and extensions are not understood.
    jku: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
    crit: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
}

/// A token that nobody has verified yet.
pub(super) struct Token<'a> {
    text: &'a str,
    header: Header,
    issuer: String,
    /// As they stand, whoever signed them.
    stated: Claims,
}

impl<'a> Token<'a> {
    /// Takes a token apart.
    pub(super) fn parse(text: &'a str) -> Result<Self, Refusal> {
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Malformed);
        };
        let decode = |part| BASE64URL.decode(part).map_err(|_| Refusal::Malformed);
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| Refusal::Malformed)?;
        let claims: Map<String, Value> =
            serde_json::from_slice(&decode(claims)?).map_err(|_| Refusal::Malformed)?;
        let issuer = claims.get("iss").ok_or(Refusal::Missing("iss"))?;
        Ok(Self {
            text,
            header,
            issuer: issuer.as_str().ok_or(Refusal::Claim("iss"))?.to_owned(),
            stated: Claims::new(claims),
        })
    }

    /// Who the token says it is from. It tells which keys and rules to verify
    /// it with, no more.
    pub(super) fn stated_issuer(&self) -> &str {
        &self.issuer
    }

    /// The client that it says it was given to: for the log, once the signature held.
    pub(super) fn stated_client(&self) -> Option<String> {
        caller::client(&self.stated).ok()
    }

    /// What it says, for whoever wants to know why it is refused.
    pub(super) const fn stated(&self) -> &Claims {
        &self.stated
    }

    /// `typ` and `alg` as they stand.
    pub(super) fn stated_kind(&self) -> (&str, &str) {
        let header = &self.header;
        (header.typ.as_deref().unwrap_or_default(), &header.alg)
    }

    pub(super) fn key_id(&self) -> Result<&str, Refusal> {
        self.header.kid.as_deref().ok_or(Refusal::NoKeyId)
    }

    /// Checks the header by the issuer's rules, and gives the algorithm.
    pub(super) fn check_header(&self, issuer: &IssuerConfig) -> Result<Algorithm, Refusal> {
        let header = &self.header;
        for (name, member) in [
            ("jku", &header.jku),
            ("jwk", &header.jwk),
            ("x5u", &header.x5u),
            ("x5c", &header.x5c),
            ("crit", &header.crit),
            ("zip", &header.zip),
            ("enc", &header.enc),
        ] {
            if member.is_some() {
                return Err(Refusal::ForbiddenHeader(name));
            }
        }
        let algorithm: Algorithm = header.alg.parse().map_err(|_| Refusal::Algorithm)?;
        if !issuer.algorithms.contains(&algorithm) {
            return Err(Refusal::Algorithm);
        }
        // RFC 7515, 4.1.9: `application/` may be left out, case does not matter.
        let typ = header
            .typ
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        if typ != issuer.token_type.to_ascii_lowercase() {
            return Err(Refusal::TokenType);
        }
        Ok(algorithm)
    }

    /// Verifies signature, issuer and audience.
    pub(super) fn verify(
        &self,
        issuer: &IssuerConfig,
        algorithm: Algorithm,
        key: &DecodingKey,
    ) -> Result<Claims, Refusal> {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&issuer.url]);
        validation.set_audience(&[&issuer.audience]);
        // Both are checked by `check_time`; this library asks the machine.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let verified = jsonwebtoken::decode::<Map<String, Value>>(self.text, key, &validation)
            .map_err(|error| match error.kind() {
                ErrorKind::MissingRequiredClaim(name) => Refusal::Missing(claim_name(name)),
                ErrorKind::InvalidClaimFormat(name) => Refusal::Claim(claim_name(name)),
                ErrorKind::InvalidIssuer => Refusal::Issuer,
                ErrorKind::InvalidAudience => Refusal::Audience,
                ErrorKind::InvalidSignature => Refusal::Signature,
                ErrorKind::InvalidAlgorithm => Refusal::Algorithm,
                _ => Refusal::Malformed,
            })?;
        let claims = Claims::new(verified.claims);
        if claims.get("cnf").is_some() {
            return Err(Refusal::Bound);
        }
        Ok(claims)
    }
}

fn claim_name(name: &str) -> &'static str {
    ["exp", "iss", "aud", "sub"]
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or("claims")
}
