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
    app.store
        .read("ready", |reader| reader.facilities().list().map(|_| ()))
        .await
        .map_err(|error| Failure::unavailable(format!("database: {error}")))?;
    if app.facilities().next().is_none() {
        return Err(Failure::unavailable("keys: no facility is open"));
    }
    if !app.identity.ready() {
        return Err(Failure::unavailable("issuers: none has answered yet"));
    }
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}
