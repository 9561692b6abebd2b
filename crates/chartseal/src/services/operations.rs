//! The listener for whoever runs the services: metrics, and whether the process
//! lives and is ready. Nothing of a record is on it, and nothing can be changed by
//! it.

mod metrics;

use crate::{services::service::root_keys::RootKeys, setup::leaf_key::LeafKeyFile};
use actix_web::{
    App as WebApp, FromRequest, Handler, HttpResponse, HttpServer, Resource, Responder,
    dev::ServerHandle,
    http::header,
    rt,
    web::{self, Data},
};
use anchor_service::StatusReader;
use gateway::{App, Certificates};
use model::{Clock as _, SystemClock};
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
    /// The file of the leaf keys.
    pub leaf_keys: Option<LeafKeyFile>,
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
            .service(read_only("/metrics", metrics))
            .service(read_only("/healthz", live))
            .service(read_only("/readyz", ready))
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

/// A path that takes GET, and HEAD, which is GET without the content; any other method
/// is told so (<https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2>).
fn read_only<F: Handler<A> + Clone, A: FromRequest + 'static>(path: &str, handler: F) -> Resource
where
    F::Output: Responder + 'static,
{
    let refuse = || async {
        HttpResponse::MethodNotAllowed()
            .insert_header((header::ALLOW, "GET, HEAD"))
            .finish()
    };
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(refuse))
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
    let leaf_keys = sources.leaf_keys.as_ref().and_then(LeafKeyFile::trouble);
    missing.extend(leaf_keys.map(|problem| format!("leaf key: {problem}")));
    if let Some(anchor) = &sources.anchor {
        missing.extend(unready(anchor).await);
    }
    if missing.is_empty() {
        let passed_over = sources.anchor.as_ref().map(passed_over);
        HttpResponse::Ok().json(match passed_over.filter(|nodes| !nodes.is_empty()) {
            Some(nodes) => json!({"status": "ready", "passedOver": nodes}),
            None => json!({"status": "ready"}),
        })
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "missing": missing}))
    }
}

/// The L2 nodes that others are asked in the place of.
fn passed_over(anchor: &StatusReader) -> Vec<String> {
    let nodes = anchor.nodes().into_iter();
    nodes
        .filter_map(|(node, problem)| problem.map(|problem| format!("{node}: {problem}")))
        .collect()
}

/// What keeps the anchor-service from its work.
async fn unready(anchor: &StatusReader) -> Vec<String> {
    let mut missing = Vec::new();
    match anchor.read().await {
        Err(error) => missing.push(format!("database: {error}")),
        Ok(status) => {
            let overdue = anchor.overdue(&status, SystemClock.now());
            let wrong = overdue.into_iter().chain(status.unknown());
            missing.extend(wrong.map(|text| format!("anchors: {text}")));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{
        http::Method,
        test::{TestRequest, call_service, init_service},
    };

    #[actix_web::test]
    async fn a_path_is_read_with_get_and_head_alone() {
        let app = init_service(WebApp::new().service(read_only("/x", live))).await;
        for (method, status) in [
            (Method::GET, 200),
            (Method::HEAD, 200),
            (Method::POST, 405),
            (Method::OPTIONS, 405),
        ] {
            let request = TestRequest::with_uri("/x").method(method.clone());
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status().as_u16(), status, "{method}");
            let allow = response.headers().get(header::ALLOW);
            let told = allow.and_then(|allow| allow.to_str().ok());
            assert_eq!(told, (status == 405).then_some("GET, HEAD"), "{method}");
        }
    }
}
