//! When a process is asked to stop: SIGTERM, as service managers send it, or
//! SIGINT, which is Ctrl-C.

use std::future;
use tokio::signal::unix::{SignalKind, signal};

/// Returns when the process is asked to stop.
pub async fn asked() {
    tokio::select! {
        () = came(SignalKind::terminate()) => {}
        () = came(SignalKind::interrupt()) => {}
    }
}

/// From now on SIGHUP does not end the process: whoever renews certificates sends it to
/// every service, also to those that have none to read again.
pub fn survive_hangup() {
    // Once it was waited for, the system's own answer to it is gone for good.
    if signal(SignalKind::hangup()).is_err() {
        tracing::warn!("SIGHUP will end this process");
    }
}

async fn came(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        // It cannot be waited for; then it ends the process by itself.
        Err(_) => future::pending().await,
    }
}
