//! Access tokens, JWTs by RFC 9068, and ID tokens, both signed with ES256.

use super::{DemoUser, Issuer, IssuerError, authorize, key::Keys};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Serialize;
use serde_json::json;
use std::{
    sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    /// Present even when empty: then the token opens no FHIR interaction.
    scope: &'a str,
    name: &'a str,
    facility: &'a str,
    roles: [&'a str; 1],
    purpose_of_use: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<&'a str>,
    #[serde(rename = "fhirUser", skip_serializing_if = "Option::is_none")]
    fhir_user: Option<String>,
}

impl Issuer {
    /// A token for `user`, of another name if `subject` gives one, with less than its
    /// scope if `scope` says so.
    pub(crate) fn mint(
        &self,
        user: &DemoUser,
        subject: Option<&str>,
        scope: Option<&str>,
        lifetime: Duration,
    ) -> Result<String, IssuerError> {
        let profile = user.profile();
        let (now, expiry) = self.validity(lifetime)?;
        let patient = match user {
            DemoUser::Patient { id } => Some(id.as_str()),
            _ => None,
        };
        let [first, second] = &self.facilities;
        let claims = Claims {
            iss: &self.url,
            // Each patient is a user of its own.
            sub: match (subject, patient) {
                (Some(subject), _) => subject.to_owned(),
                (None, Some(id)) => format!("{}-{id}", profile.subject),
                (None, None) => profile.subject.to_owned(),
            },
            aud: &self.audience,
            exp: expiry,
            nbf: now,
            iat: now,
            jti: model::new_uuid(self.options.random.as_ref())?,
            client_id: profile.client_id,
            scope: scope.unwrap_or(profile.scope),
            name: profile.name,
            facility: if profile.second_facility {
                second
            } else {
                first
            }
            .as_str(),
            roles: [profile.role],
            purpose_of_use: profile.purpose_of_use,
            patient,
            fhir_user: patient.map(|id| format!("Patient/{id}")),
        };
        Ok(self.sign("at+jwt", &claims))
    }

    /// Tells the client of the login who has logged in
    /// (<https://openid.net/specs/openid-connect-core-1_0.html>, 2).
    pub(crate) fn identify(
        &self,
        user: &DemoUser,
        nonce: Option<&str>,
    ) -> Result<String, IssuerError> {
        let profile = user.profile();
        let (now, expiry) = self.validity(self.lifetime)?;
        let mut claims = json!({
            "iss": self.url, "sub": profile.subject, "aud": authorize::LOGIN_CLIENT,
            "exp": expiry, "iat": now, "name": profile.name,
        });
        if let (Some(nonce), Some(members)) = (nonce, claims.as_object_mut()) {
            members.insert("nonce".to_owned(), nonce.into());
        }
        Ok(self.sign("JWT", &claims))
    }

    /// From now, until.
    fn validity(&self, lifetime: Duration) -> Result<(i64, i64), IssuerError> {
        let now = self.options.clock.now().as_seconds();
        let expiry = i64::try_from(lifetime.as_secs())
            .ok()
            .and_then(|seconds| now.checked_add(seconds))
            .ok_or(IssuerError::Lifetime)?;
        Ok((now, expiry))
    }

    fn sign(&self, kind: &str, claims: &impl Serialize) -> String {
        let keys = self.keys();
        let header = json!({ "typ": kind, "alg": "ES256", "kid": keys.kid() });
        let input = format!("{}.{}", part(&header), part(claims));
        let signature = BASE64URL.encode(keys.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// A rotation that died halfway has changed nothing in memory, so that a
    /// poisoned lock is as good as any.
    pub(crate) fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys_mut(&self) -> RwLockWriteGuard<'_, Keys> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Strings, numbers and lists of strings always become JSON.
fn part(value: &impl Serialize) -> String {
    BASE64URL.encode(serde_json::to_vec(value).unwrap_or_default())
}
