//! What the issuer tells about itself: OpenID Connect Discovery 1.0
//! (<https://openid.net/specs/openid-connect-discovery-1_0.html>) and its keys.

use super::Issuer;
use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use serde_json::json;

/// Serves the documents; `issuer` is shared with the token endpoint.
pub(crate) fn routes(app: &mut ServiceConfig, issuer: Data<Issuer>) {
    app.app_data(issuer)
        .route("/", web::get().to(front_page))
        .route("/.well-known/openid-configuration", web::get().to(document))
        .route("/jwks", web::get().to(keys));
}

/// For a person who opens the issuer in a browser.
async fn front_page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", "default-src 'none'"))
        .body(
            "<!doctype html><html lang=\"en\"><title>Dev issuer</title><h1>Dev issuer</h1>\
             <p>It gives tokens to the invented users of a Chartseal demo and believes whoever \
             comes. Log in by <code>chartseal login</code>, which prints the address to open.\
             <p><a href=\"/.well-known/openid-configuration\">What it offers</a> (JSON)",
        )
}

async fn document(issuer: Data<Issuer>) -> HttpResponse {
    let url = &issuer.url;
    HttpResponse::Ok().json(json!({
        "issuer": url,
        // Services look for this and refuse.
        "chartseal_dev_issuer": issuer.options.is_marked,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
        "grant_types_supported": ["client_credentials", "authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "scopes_supported":
            ["openid", "profile", "user/*.cruds", "patient/*.rs", "user/AuditEvent.rs", "system/*.cruds"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "name",
            "facility", "roles", "purpose_of_use", "patient", "fhirUser"
        ],
    }))
}

async fn keys(issuer: Data<Issuer>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "keys": issuer.keys().set() }))
}
