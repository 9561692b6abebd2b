//! The HTTP server around the routes, and what goes on beside it.

use crate::{
    app::App,
    audit::unauthenticated,
    form::packed,
    http::percent,
    listener::{
        access_log::access_log,
        answer, held_writes,
        proxies::{self, Proxies},
        streams,
        tls::Certificates,
        unread_body,
    },
    routes::{self, origins},
    work::runner::Runners,
};
use actix_web::{
    HttpServer,
    dev::{Server, ServerHandle},
    middleware::from_fn,
    rt, web,
};
use std::{
    error::Error,
    io,
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

/// How often requests without a valid token are audited.
const UNAUTHENTICATED_EVERY: Duration = Duration::from_secs(60);
/// How often the issuers' keys and the facilities are looked after.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often the files of the certificate are looked at.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(5);
/// Seconds that requests under way get to finish when the server stops.
const GRACE_SECONDS: u64 = 20;
/// How long the threads of a stopped server may take to end.
const THREAD_END_TIMEOUT: Duration = Duration::from_secs(2);

/// How the server listens.
pub struct Listening {
    /// Where; bound already.
    pub listener: TcpListener,
    /// Threads that serve.
    pub workers: usize,
    /// TLS, unless it is plain HTTP.
    pub certificates: Option<Arc<Certificates>>,
    /// The proxies in front of it.
    pub proxies: Proxies,
}

/// A gateway that serves.
pub struct Gateway {
    app: web::Data<App>,
    certificates: Option<Arc<Certificates>>,
    handle: ServerHandle,
    serving: JoinHandle<io::Result<()>>,
    beside: Vec<JoinHandle<()>>,
    jobs: Runners,
}

impl Gateway {
    /// Serves an app, with everything that goes on beside it.
    ///
    /// # Errors
    /// When the listener or the certificate cannot be used.
    pub fn start(app: web::Data<App>, listening: Listening) -> Result<Self, Box<dyn Error>> {
        let mut beside = vec![
            rt::spawn(audit_unauthenticated(app.clone())),
            rt::spawn(keep_keys_fresh(app.clone())),
            rt::spawn(look_for_facilities(app.clone())),
        ];
        let certificates = listening.certificates.clone();
        if let Some(certificates) = &certificates {
            beside.push(rt::spawn(follow(Arc::clone(certificates))));
        }
        let server = listen(app.clone(), listening)?;
        Ok(Self {
            jobs: Runners::start(app.clone()),
            app,
            certificates,
            handle: server.handle(),
            serving: rt::spawn(server),
            beside,
        })
    }

    /// What it shows to its callers, where it ends TLS.
    #[must_use]
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// Waits until the server ends by itself, which it should not.
    ///
    /// # Errors
    /// With what ended it.
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.serving).await.map_err(io::Error::other)?
    }

    /// Takes no more connections, finishes the requests under way, and audits
    /// what is left to be audited. The server's threads let go of the app a moment
    /// after they have stopped; that is waited for, so that a database of one
    /// process is closed and not torn off.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        self.jobs.stop().await;
        for task in self.beside {
            task.abort();
        }
        if let Err(failure) = unauthenticated::audit(&self.app).await {
            tracing::warn!(%failure, "requests without a token were not audited");
        }
        let (app, started) = (self.app.into_inner(), Instant::now());
        while Arc::strong_count(&app) > 1 && started.elapsed() < THREAD_END_TIMEOUT {
            rt::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Audits requests without a valid token, in aggregate, until the task is ended.
async fn audit_unauthenticated(app: web::Data<App>) {
    loop {
        rt::time::sleep(UNAUTHENTICATED_EVERY).await;
        if let Err(failure) = unauthenticated::audit(&app).await {
            tracing::warn!(%failure, "requests without a token were not audited yet");
        }
    }
}

/// Keeps the issuers' keys fresh, and asks those again that could not be asked.
async fn keep_keys_fresh(app: web::Data<App>) {
    loop {
        app.identity.refresh().await;
        rt::time::sleep(LOOK_EVERY).await;
    }
}

/// Opens facilities that were made since. An issuer that takes its time holds up
/// nobody here.
async fn look_for_facilities(app: web::Data<App>) {
    loop {
        if let Err(failure) = app.look_for_facilities().await {
            tracing::warn!(%failure, "new facilities cannot be looked for");
        }
        rt::time::sleep(LOOK_EVERY).await;
    }
}

/// Reads the certificate again when its files change, and at SIGHUP.
async fn follow(certificates: Arc<Certificates>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return;
    };
    loop {
        tokio::select! {
            _ = hangup.recv() => certificates.reload(true),
            () = rt::time::sleep(CERTIFICATE_EVERY) => certificates.reload(false),
        }
    }
}

/// Serves an app in plain HTTP, with no proxy in front, until the returned server
/// is stopped; nothing goes on beside it.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(app: web::Data<App>, listener: TcpListener, workers: usize) -> io::Result<Server> {
    let listening = Listening {
        listener,
        workers,
        certificates: None,
        proxies: Proxies::default(),
    };
    listen(app, listening)
}

fn listen(app: web::Data<App>, listening: Listening) -> io::Result<Server> {
    // Of every connection: what was written and is not taken ends it.
    let patience = app.limits.body_seconds.saturating_mul(1_000);
    rustix::net::sockopt::set_tcp_user_timeout(&listening.listener, patience)?;
    let proxies = web::Data::new(listening.proxies);
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .app_data(proxies.clone())
            .wrap(from_fn(packed::send))
            .wrap(from_fn(answer::send))
            .wrap(from_fn(held_writes::admit))
            .wrap(from_fn(percent::admit))
            .wrap(from_fn(origins::admit))
            // The last one is the outermost: what is not admitted is logged too, but for
            // more requests on one connection than anybody sends who reads the answers.
            .wrap(from_fn(proxies::admit))
            .wrap(from_fn(unread_body::read))
            .wrap(from_fn(access_log))
            .wrap(from_fn(streams::admit))
            .configure(routes::mount)
    })
    .on_connect(streams::count)
    .workers(listening.workers)
    .client_request_timeout(Duration::from_secs(30))
    .keep_alive(Duration::from_secs(75))
    // The end of an answer of several writes would wait until its beginning is acknowledged,
    // which a peer puts off by 40 ms (RFC 1122, 4.2.3.2 and 4.2.3.4).
    .tcp_nodelay(true)
    // Whoever closes waits for no answer: what goes on for it ends (`Store::search`).
    .h1_allow_half_closed(false)
    .shutdown_timeout(GRACE_SECONDS)
    .disable_signals();
    let server = match listening.certificates {
        None => server.listen(listening.listener)?,
        Some(certificates) => {
            let config = certificates.server_config().map_err(io::Error::other)?;
            server.listen_rustls_0_23(listening.listener, config)?
        }
    };
    Ok(server.run())
}
