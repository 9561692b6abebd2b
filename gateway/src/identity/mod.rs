//! Who is calling: from an `Authorization` header to a [`Caller`], or nobody.
//!
//! Access tokens are JWTs by RFC 9068 (<https://www.rfc-editor.org/rfc/rfc9068>)
//! of configured issuers, sent as bearer tokens
//! (<https://www.rfc-editor.org/rfc/rfc6750>). Issuers are found by OpenID
//! Connect Discovery. Not here: logins, introspection of opaque tokens, DPoP,
//! and what a caller may do, which is for `policies`.

mod caller;
mod claims;
mod config;
mod discovery;
mod error;
mod explain;
mod issuers;
mod jwks;
mod network;
mod refusal;
#[cfg(test)]
mod tests;
mod token;
mod verified;

pub use self::{
    config::{ClaimNames, IdentityConfig, IssuerConfig},
    error::IdentityError,
    explain::{Rule, Verdict, explain},
    refusal::{Refusal, Unauthenticated},
};

pub(crate) use self::{
    caller::{is_plain, patient_of_user},
    network::network,
};

use self::{issuers::Issuer, jwks::Wanted, token::Token, verified::VerifiedTokens};
use jsonwebtoken::{Algorithm, DecodingKey};
use model::{Clock, FacilityName, Timestamp};
use oidc::HttpClient;
use policies::Caller;
use serde_json::Value;
use std::{net::IpAddr, sync::Arc};

/// Turns tokens into callers.
pub struct Identity {
    issuers: Vec<Arc<Issuer>>,
    clock: Arc<dyn Clock>,
    http: HttpClient,
    verified: VerifiedTokens,
}

impl Identity {
    /// Checks the configuration; no issuer is contacted yet.
    ///
    /// # Errors
    /// When the configuration names no issuer, or one that must not be trusted
    /// as it stands.
    pub fn new(config: IdentityConfig, clock: Arc<dyn Clock>) -> Result<Self, IdentityError> {
        let issuers = issuers::check(config)?;
        let tls = issuers
            .iter()
            .any(|issuer| issuer.config.url.starts_with("https:"));
        Ok(Self {
            issuers,
            clock,
            http: HttpClient::new(tls)?,
            verified: VerifiedTokens::new(),
        })
    }

    /// Fetches the keys of every issuer, so that no request need do it. Keys that are
    /// fresh, and issuers just asked in vain, are left alone.
    pub async fn refresh(&self) {
        for issuer in &self.issuers {
            issuer
                .keys
                .refresh(&issuer.discovery, &self.http, self.clock.now())
                .await;
        }
    }

    /// Whether tokens can be verified: there are keys of every issuer.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.missing().is_empty()
    }

    /// The issuers that gave no keys yet.
    #[must_use]
    pub fn missing(&self) -> Vec<&str> {
        self.issuers
            .iter()
            .filter(|issuer| !issuer.keys.ready())
            .map(|issuer| issuer.config.url.as_str())
            .collect()
    }

    /// Every issuer, and whether its keys could not be fetched the last time.
    pub fn standing(&self) -> impl Iterator<Item = (&str, bool)> {
        self.issuers
            .iter()
            .map(|issuer| (issuer.config.url.as_str(), issuer.keys.failing()))
    }

    /// The discovery documents of the issuers that were found, in the order of the
    /// configuration: of all, or of those that serve this facility.
    pub fn discovered<'i>(
        &'i self,
        facility: Option<&'i FacilityName>,
    ) -> impl Iterator<Item = Value> + 'i {
        let serving =
            move |issuer: &&Arc<Issuer>| facility.is_none_or(|one| issuer.config.serves(one));
        let serving = self.issuers.iter().filter(serving);
        serving.filter_map(|issuer| issuer.discovery.document())
    }

    /// Whether tokens of this issuer are taken for people of this facility.
    #[must_use]
    pub fn takes(&self, issuer: &str, facility: &FacilityName) -> bool {
        let of = |one: &Arc<Issuer>| one.config.url == issuer && one.config.serves(facility);
        self.issuers.iter().any(of)
    }

    /// The issuer whose tokens are taken for people of this facility, when there is but
    /// one.
    #[must_use]
    pub fn only_issuer(&self, facility: &FacilityName) -> Option<&str> {
        let mut of = self
            .issuers
            .iter()
            .filter(|issuer| issuer.config.serves(facility));
        let first = of.next()?;
        of.next().is_none().then_some(first.config.url.as_str())
    }

    /// The caller for whom the header's bearer token speaks. The address is that of
    /// the sender, if it is known.
    ///
    /// # Errors
    /// When there is no such token, or it is not valid now. The reason is for
    /// counting and for the operator; a caller is told only that it is so.
    pub async fn authenticate(
        &self,
        authorization_header: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Caller, Unauthenticated> {
        let text = token::bearer(authorization_header)?;
        let now = self.clock.now();
        if let Some(caller) = self.verified.find(text, now, &self.issuers) {
            return Ok(caller);
        }
        let token = Token::parse(text)?;
        let place = self
            .issuers
            .iter()
            .position(|issuer| issuer.config.url == token.stated_issuer());
        let (place, issuer) = place
            .and_then(|place| Some((place, self.issuers.get(place)?)))
            .ok_or(Refusal::Issuer)?;
        let algorithm = token.check_header(&issuer.config)?;
        let wanted = Wanted {
            key_id: token.key_id()?,
            algorithm,
            now,
            address: &network(address),
        };
        let found = issuer
            .keys
            .find(&wanted, &issuer.discovery, &self.http)
            .await?;
        let (caller, expires) =
            speaks_for(&token, issuer, algorithm, &found.key, now).map_err(|reason| {
                let client = token.stated_client().filter(|_| reason.is_of_signed());
                Unauthenticated { reason, client }
            })?;
        self.verified
            .keep(text, &caller, expires, now, place, found.generation);
        Ok(caller)
    }
}

/// The caller of a token, and when that ends.
fn speaks_for(
    token: &Token<'_>,
    issuer: &Issuer,
    algorithm: Algorithm,
    key: &DecodingKey,
    now: Timestamp,
) -> Result<(Caller, i64), Refusal> {
    let claims = token.verify(&issuer.config, algorithm, key)?;
    let expires = claims.check_time(now, issuer.config.token_lifetime_seconds)?;
    Ok((caller::of_claims(&claims, &issuer.config)?, expires))
}
