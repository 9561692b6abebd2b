//! Whether the process lives, and whether it can serve.

use crate::{app::App, failure::Failure};
use actix_web::{HttpResponse, web};
use serde_json::json;

/// 200 as long as the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// 200 when database, keys and issuers are there; 503 otherwise, saying which is
/// not.
///
/// # Errors
/// Unavailable, with the name of what is missing.
pub async fn ready(app: web::Data<App>) -> Result<HttpResponse, Failure> {
    match unready(&app).await {
        None => Ok(HttpResponse::Ok().json(json!({"status": "ready"}))),
        Some(missing) => Err(Failure::unavailable(missing)),
    }
}

/// What is missing before the gateway can serve, if anything.
pub async fn unready(app: &App) -> Option<String> {
    if let Err(error) = app.store.ready().await {
        return Some(format!("database: {error}"));
    }
    if app.facilities().is_empty() {
        return Some("keys: no facility is open; make one with `chartseal init`".to_owned());
    }
    if app.hold.is_closed() {
        let why = "registry: the logs are not known to fit it; writes wait";
        return Some(why.to_owned());
    }
    let missing = app.identity.missing();
    (!missing.is_empty()).then(|| format!("issuers: no keys yet from {}", missing.join(", ")))
}
