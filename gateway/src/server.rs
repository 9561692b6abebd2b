//! The HTTP server around the routes.

use crate::{access_log::access_log, app::App, routes, unauthenticated};
use actix_web::{HttpServer, dev::Server, middleware::from_fn, web};
use std::{io, net::TcpListener, time::Duration};

/// How often requests without a valid token are audited.
const UNAUTHENTICATED_EVERY: Duration = Duration::from_secs(60);
/// Seconds that requests under way get to finish when the server stops.
const GRACE_SECONDS: u64 = 20;

/// Audits requests without a valid token, in aggregate, until the task is ended.
pub async fn audit_unauthenticated(app: web::Data<App>) {
    loop {
        actix_web::rt::time::sleep(UNAUTHENTICATED_EVERY).await;
        if let Err(failure) = unauthenticated::audit(&app).await {
            tracing::warn!(%failure, "requests without a token were not audited yet");
        }
    }
}

/// Serves an app on a listener until the returned server is stopped.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(app: web::Data<App>, listener: TcpListener, workers: usize) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .wrap(from_fn(access_log))
            .configure(routes::mount)
    })
    .workers(workers)
    .client_request_timeout(Duration::from_secs(30))
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(GRACE_SECONDS)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}
