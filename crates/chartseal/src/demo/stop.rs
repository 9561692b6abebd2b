//! When the demo ends: at Ctrl-C, at SIGTERM, or when the anchor-service halts
//! with an alarm.

use super::Failed;
use anchor_service::Alarm;
use tokio::signal::unix::{SignalKind, signal};

/// Waits for the end; an alarm is an error.
pub async fn wait(anchoring: tokio::task::JoinHandle<Result<(), Alarm>>) -> Result<(), Failed> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
        ended = anchoring => match ended? {
            Ok(()) => Ok(()),
            Err(alarm) => Err(alarm.into()),
        },
    }
}
