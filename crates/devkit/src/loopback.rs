//! A small HTTP server on 127.0.0.1 that lives on a thread of its own, so that
//! it can be started from any runtime, or from none.

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    rt::System,
    web::{JsonConfig, PayloadConfig, ServiceConfig},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::mpsc,
    thread::{Builder, JoinHandle},
};

/// The largest request body, in bytes.
const MAXIMUM_BODY: usize = 4 * 1024 * 1024;
/// Seconds that open connections get when the server stops.
const PATIENCE: u64 = 1;

/// A running server; it stops when it is dropped.
pub(crate) struct Loopback {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// A port of 127.0.0.1 that is taken, but not yet served: what is served may
/// have to know its own address.
pub(crate) struct Reserved(TcpListener);

/// Takes `port`, or any free one.
pub(crate) fn reserve(port: Option<u16>) -> io::Result<Reserved> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).map(Reserved)
}

impl Reserved {
    /// The address that was taken.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves `routes` on a thread called `name`.
    pub(crate) fn serve<R>(self, name: &str, routes: R) -> io::Result<Loopback>
    where
        R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let address = self.address()?;
        let (started, starting) = mpsc::channel();
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(PayloadConfig::new(MAXIMUM_BODY))
                        .app_data(JsonConfig::default().limit(MAXIMUM_BODY))
                        .configure(routes.clone())
                })
                .workers(1)
                .disable_signals()
                .shutdown_timeout(PATIENCE)
                .listen(self.0)?
                .run();
                // The receiver waits for this and for nothing else.
                let _ = started.send(server.handle());
                server.await
            })
        })?;
        let handle = starting
            .recv()
            .map_err(|_| io::Error::other("the server did not start"))?;
        Ok(Loopback {
            address,
            handle,
            thread: Some(thread),
        })
    }
}

impl Loopback {
    /// `http://127.0.0.1:port`, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers what has been asked, then stops.
    pub(crate) async fn stop(mut self) {
        self.handle.stop(true).await;
        if let Some(thread) = self.thread.take() {
            // It has nothing left to do; how it ended no longer matters.
            let _ = thread.join();
        }
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // The command is sent by the call; only its completion is a future.
            drop(self.handle.stop(false));
        }
    }
}
