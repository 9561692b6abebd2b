//! `[base]/.well-known/smart-configuration`: where clients get tokens for this base
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html>). What the issuer
//! tells in its discovery document is passed on; nothing is said that it does not say.
//! Needs no token.

use crate::{app::App, facility::Facility, failure::Failure, head};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a SMART client looks for and the issuer's document has under the same name.
const PASSED_ON: [&str; 11] = [
    "issuer",
    "jwks_uri",
    "authorization_endpoint",
    "token_endpoint",
    "token_endpoint_auth_methods_supported",
    "registration_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "scopes_supported",
    "response_types_supported",
    "grant_types_supported",
];

/// The document of the base that it is asked at.
///
/// # Errors
/// Not found for a facility that is not here; unavailable until the issuer was found.
pub async fn configuration(
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Failure> {
    head::plain(&request)?;
    let facility = facility_of(&request, &app)?;
    let issuer = issuer_of(&app, facility.as_deref())
        .ok_or_else(|| Failure::unavailable("no issuer was discovered yet"))?;
    Ok(HttpResponse::Ok().json(document(&issuer)))
}

/// The facility that the base names; `None` at the short one.
///
/// # Errors
/// Not found for a facility that is not here.
pub fn facility_of(request: &HttpRequest, app: &App) -> Result<Option<Arc<Facility>>, Failure> {
    let Some(name) = request.match_info().get("facility") else {
        return Ok(None);
    };
    let name = name.parse().map_err(|_| Failure::not_found())?;
    app.facility(&name).ok_or_else(Failure::not_found).map(Some)
}

/// The endpoints of an issuer as the CapabilityStatement has them.
pub fn oauth_uris(issuer: &Value) -> Vec<Value> {
    let known = [
        ("token", "token_endpoint"),
        ("authorize", "authorization_endpoint"),
        ("register", "registration_endpoint"),
        ("introspect", "introspection_endpoint"),
        ("revoke", "revocation_endpoint"),
    ];
    let uri = |(url, member)| Some(json!({"url": url, "valueUri": issuer.get(member)?}));
    known.into_iter().filter_map(uri).collect()
}

/// The discovery document of the first issuer whose tokens are taken at the base, in
/// the order of the configuration.
pub fn issuer_of(app: &App, facility: Option<&Facility>) -> Option<Value> {
    app.identity
        .discovered(facility.map(|facility| &facility.name))
        .next()
}

fn document(issuer: &Value) -> Value {
    let mut document = Map::new();
    for name in PASSED_ON {
        if let Some(value) = issuer.get(name) {
            document.insert(name.to_owned(), value.clone());
        }
    }
    // Without the member an issuer takes codes alone (OpenID Connect Discovery, 3).
    document
        .entry("grant_types_supported")
        .or_insert_with(|| json!(["authorization_code"]));
    // `plain` must not be named, whatever the issuer takes.
    document.insert(
        "code_challenge_methods_supported".to_owned(),
        json!(["S256"]),
    );
    document.insert("capabilities".to_owned(), json!(capabilities(issuer)));
    Value::Object(document)
}

/// What the issuer and the gateway can do together
/// (<https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#capability-sets>).
fn capabilities(issuer: &Value) -> Vec<&'static str> {
    let offers = |member: &str, wanted: &str| {
        let values = issuer.get(member).and_then(Value::as_array);
        values.is_some_and(|values| values.iter().any(|value| value == wanted))
    };
    let method = |wanted| offers("token_endpoint_auth_methods_supported", wanted);
    let standalone = issuer.get("authorization_endpoint").is_some();
    let known = [
        ("launch-standalone", standalone),
        ("client-public", method("none")),
        (
            "client-confidential-symmetric",
            method("client_secret_basic") || method("client_secret_post"),
        ),
        ("client-confidential-asymmetric", method("private_key_jwt")),
        ("permission-patient", true),
        ("permission-user", true),
        ("permission-v2", true),
    ];
    known
        .into_iter()
        .filter_map(|(name, can)| can.then_some(name))
        .collect()
}
