//! The listener for whoever runs the services: metrics, and whether the process
//! lives and is ready. Nothing of a record is on it, and nothing can be changed by
//! it.

mod metrics;

use crate::service::root_keys::RootKeys;
use actix_web::{
    App as WebApp, HttpResponse, HttpServer,
    dev::ServerHandle,
    rt,
    web::{self, Data},
};
use anchor_service::StatusReader;
use gateway::{App, Certificates};
use serde_json::json;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};
use store::Store;

/// What the process has to tell of.
#[derive(Clone)]
pub struct Sources {
    /// The database.
    pub store: Store,
    /// The gateway, where it runs here.
    pub gateway: Option<Data<App>>,
    /// The file of the root keys, where a gateway runs here.
    pub root_keys: Option<RootKeys>,
    /// What the gateway shows to its callers, where it ends TLS.
    pub certificates: Option<Arc<Certificates>>,
    /// The anchor-service, where it runs here.
    pub anchor: Option<StatusReader>,
}

/// Listens and serves until it is stopped.
pub fn start(address: SocketAddr, sources: Sources) -> io::Result<ServerHandle> {
    let cannot = |error: io::Error| {
        io::Error::other(format!(
            "cannot listen on {address}: {error}; choose another `listen` in `[operations]`"
        ))
    };
    let listener = TcpListener::bind(address).map_err(cannot)?;
    tracing::info!(address = %listener.local_addr()?, "metrics and health are served");
    let sources = Data::new(sources);
    let server = HttpServer::new(move || {
        WebApp::new()
            .app_data(sources.clone())
            .route("/metrics", web::get().to(metrics))
            .route("/healthz", web::get().to(live))
            .route("/readyz", web::get().to(ready))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    rt::spawn(server);
    Ok(handle)
}

async fn metrics(sources: Data<Sources>) -> HttpResponse {
    match metrics::text(&sources).await {
        Ok(text) => HttpResponse::Ok()
            .content_type(prometheus::TEXT_FORMAT)
            .body(text),
        Err(error) => {
            tracing::warn!(%error, "metrics cannot be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// 200 when all that runs here is ready, else 503 with what is missing.
async fn ready(sources: Data<Sources>) -> HttpResponse {
    let mut missing = Vec::new();
    if let Some(app) = &sources.gateway {
        missing.extend(gateway::unready(app).await);
    }
    let root_keys = sources.root_keys.as_ref().and_then(RootKeys::trouble);
    missing.extend(root_keys.map(|problem| format!("root keys: {problem}")));
    if let Some(anchor) = &sources.anchor {
        missing.extend(unready(anchor).await);
    }
    if missing.is_empty() {
        HttpResponse::Ok().json(json!({"status": "ready"}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "missing": missing}))
    }
}

/// What keeps the anchor-service from its work.
async fn unready(anchor: &StatusReader) -> Vec<String> {
    let mut missing = Vec::new();
    if let Err(error) = anchor.read().await {
        missing.push(format!("database: {error}"));
    }
    missing.extend(anchor.alarm().map(|alarm| format!("alarm: {alarm}")));
    let troubles = anchor.troubles();
    missing.extend(
        troubles
            .iter()
            .map(|(step, text)| format!("{step}: {text}")),
    );
    missing
}
