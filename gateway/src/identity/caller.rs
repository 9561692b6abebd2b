//! Verified claims become a [`Caller`].
//!
//! What a policy needs and a token lacks is not guessed: without a facility
//! there is no caller; a role or purpose that is not known here is none.

use super::{claims::Claims, config::IssuerConfig, refusal::Refusal};
use fhir::{LocalBase, LocalReference};
use model::{FacilityName, LogicalId};
use policies::{Caller, parse_scopes};
use serde_json::Value;

/// Subjects, clients and names longer than this are not used.
const MAX_CHARS: usize = 255;

/// The caller that the claims speak for.
pub(super) fn of_claims(claims: &Claims, issuer: &IssuerConfig) -> Result<Caller, Refusal> {
    let names = &issuer.claims;
    let facility: FacilityName = claims
        .at(&names.facility)
        .ok_or(Refusal::Missing("facility"))?
        .as_str()
        .and_then(|name| name.parse().ok())
        .ok_or(Refusal::Claim("facility"))?;
    if !issuer.serves(&facility) {
        return Err(Refusal::Facility);
    }
    let scope = match claims.get("scope") {
        None => "",
        Some(scope) => scope.as_str().ok_or(Refusal::Claim("scope"))?,
    };
    let roles = roles(claims, &names.roles)?;
    let purpose = claims.at(&names.purpose_of_use).and_then(Value::as_str);
    Ok(Caller {
        issuer: issuer.url.clone(),
        subject: word(claims, "sub")?.ok_or(Refusal::Missing("sub"))?,
        client: client(claims)?,
        facility,
        roles: roles.iter().filter_map(|role| role.parse().ok()).collect(),
        purpose: purpose.and_then(|code| code.parse().ok()),
        patient: patient(claims, &names.patient)?,
        scopes: parse_scopes(scope).0,
        name: plain(claims, "name"),
        fhir_user: fhir_user(claims),
        email: is_verified(claims)
            .then(|| plain(claims, "email"))
            .flatten(),
    })
}

/// The client that the token was given to; many issuers say it as `azp`.
pub(super) fn client(claims: &Claims) -> Result<String, Refusal> {
    match word(claims, "client_id")? {
        Some(client) => Ok(client),
        None => word(claims, "azp")?.ok_or(Refusal::Missing("client_id")),
    }
}

/// Whether the email may tell that two accounts are one person's. Some issuers write the
/// boolean of OpenID Connect Core 5.1 as text or number; what is not plainly false keeps two
/// apart from approving alone.
fn is_verified(claims: &Claims) -> bool {
    match claims.get("email_verified") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::String(text)) => !text.eq_ignore_ascii_case("false") && !text.is_empty(),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(_) => true,
    }
}

/// A claim that must be plain text when it is there.
pub(super) fn word(claims: &Claims, name: &'static str) -> Result<Option<String>, Refusal> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    match value.as_str() {
        Some(text) if is_plain(text) => Ok(Some(text.to_owned())),
        _ => Err(Refusal::Claim(name)),
    }
}

/// A claim that is left out when it cannot be used.
fn plain(claims: &Claims, name: &str) -> Option<String> {
    let text = claims.get(name)?.as_str()?;
    is_plain(text).then(|| text.to_owned())
}

/// Whether a token's text can be an id, a subject or a name: 1 to 255 characters, none of
/// them a control character. What is registered anew is read more strictly.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_CHARS && !text.chars().any(char::is_control)
}

/// The words of the claim of roles, known here or not.
pub(super) fn roles<'c>(claims: &'c Claims, name: &str) -> Result<Vec<&'c str>, Refusal> {
    match claims.at(name) {
        None => Ok(Vec::new()),
        Some(Value::String(role)) => Ok(vec![role]),
        Some(Value::Array(roles)) => Ok(roles.iter().filter_map(Value::as_str).collect()),
        Some(_) => Err(Refusal::Claim("roles")),
    }
}

/// The token's patient as its claim says it: a logical id, as SMART has it. Without the
/// claim it may be [`patient_of_user`], which depends on the facility.
pub(super) fn patient(claims: &Claims, name: &str) -> Result<Option<LogicalId>, Refusal> {
    let Some(claim) = claims.at(name) else {
        return Ok(None);
    };
    let id = claim.as_str().and_then(|id| id.parse().ok());
    id.map(Some).ok_or(Refusal::Claim("patient"))
}

/// The claim `fhirUser`, if it can be used.
pub(super) fn fhir_user(claims: &Claims) -> Option<String> {
    plain(claims, "fhirUser")
}

/// The patient that `fhirUser` names, if it is one of the caller's own facility: a
/// relative reference, or one by any URL that the gateway has or had
/// (<https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html>).
pub(crate) fn patient_of_user(user: &str, home: &LocalBase) -> Option<LogicalId> {
    let record = LocalReference::parse(user, home)?;
    (record.resource_type.as_str() == "Patient").then_some(record.id)
}
