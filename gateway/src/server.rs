//! The HTTP server around the routes.

use crate::{access_log::access_log, app::App, routes};
use actix_web::{HttpServer, dev::Server, middleware::from_fn, web};
use std::{io, net::TcpListener, time::Duration};

/// Seconds that requests under way get to finish when the server stops.
const GRACE_SECONDS: u64 = 20;

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
