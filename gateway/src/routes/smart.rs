//! `[base]/.well-known/smart-configuration`: where clients get tokens for this base
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html>). What the issuer
//! tells in its discovery document is passed on; nothing is said that it does not say.
//! Needs no token.

use crate::{app::App, facility::Facility, failure::Failure, http::head};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a SMART client looks for and the issuer's document has under the same name.
const PASSED_ON: [&str; 10] = [
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

/// Whose id_tokens a client gets; left out where it gets none.
const ISSUER: &str = "issuer";
const SIGN_ON: &str = "sso-openid-connect";

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
    let (mut document, capabilities) = (Map::new(), capabilities(issuer));
    let named = capabilities.contains(&SIGN_ON).then_some(ISSUER);
    for name in PASSED_ON.into_iter().chain(named) {
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
    document.insert("capabilities".to_owned(), json!(capabilities));
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
    let scope = |wanted| standalone && offers("scopes_supported", wanted);
    let known = [
        ("launch-standalone", standalone),
        // Who asks for both gets an id_token that says who the user is.
        (SIGN_ON, scope("openid") && scope("fhirUser")),
        ("context-standalone-patient", scope("launch/patient")),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(scopes: &[&str]) -> Value {
        json!({
            "issuer": "https://issuer.example",
            "jwks_uri": "https://issuer.example/jwks",
            "authorization_endpoint": "https://issuer.example/authorize",
            "token_endpoint": "https://issuer.example/token",
            "scopes_supported": scopes,
        })
    }

    #[test]
    fn an_issuer_is_named_to_those_who_get_an_id_token() {
        for (scopes, signs_on) in [
            (&["openid", "fhirUser"][..], true),
            (&["openid"], false),
            (&["fhirUser"], false),
            (&[], false),
        ] {
            let document = document(&issuer(scopes));
            let capabilities = document["capabilities"].as_array().unwrap();
            assert_eq!(capabilities.contains(&json!(SIGN_ON)), signs_on);
            assert_eq!(document.get(ISSUER).is_some(), signs_on, "{scopes:?}");
            assert!(document.get("jwks_uri").is_some());
        }
    }

    #[test]
    fn a_patient_is_chosen_where_the_issuer_lets_it_be() {
        for (scopes, chosen) in [(&["launch/patient"][..], true), (&["launch"], false)] {
            let capabilities = capabilities(&issuer(scopes));
            let name = "context-standalone-patient";
            assert_eq!(capabilities.contains(&name), chosen, "{scopes:?}");
        }
    }
}
