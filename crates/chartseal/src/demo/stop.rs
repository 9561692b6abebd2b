//! When the demo ends: at Ctrl-C, at SIGTERM, or when the anchor-service halts
//! with an alarm.

use super::Failed;
use anchor_service::Alarm;
use std::future::{self, Future};
use tokio::signal::unix::{SignalKind, signal};

/// Gets ready and then waits for the end, which may come before; to fail to get
/// ready and an alarm are errors.
pub async fn wait(
    ready: impl Future<Output = Result<(), Failed>>,
    anchoring: tokio::task::JoinHandle<Result<(), Alarm>>,
) -> Result<(), Failed> {
    let mut terminate = signal(SignalKind::terminate())?;
    let unready = async {
        match ready.await {
            Ok(()) => future::pending().await,
            Err(problem) => problem,
        }
    };
    tokio::select! {
        problem = unready => Err(problem),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
        ended = anchoring => match ended? {
            Ok(()) => Ok(()),
            Err(alarm) => Err(alarm.into()),
        },
    }
}
