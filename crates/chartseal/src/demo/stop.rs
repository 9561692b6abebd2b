//! When the demo ends: at Ctrl-C, at SIGTERM, or when the anchor-service halts
//! with an alarm.

use super::Failed;
use crate::service::{anchoring::Anchoring, stop};
use std::future::{self, Future};

/// Gets ready and then waits for the end, which may come before; to fail to get
/// ready and an alarm are errors.
pub async fn wait(
    ready: impl Future<Output = Result<(), Failed>>,
    anchoring: &mut Anchoring,
) -> Result<(), Failed> {
    let unready = async {
        match ready.await {
            Ok(()) => future::pending().await,
            Err(problem) => problem,
        }
    };
    tokio::select! {
        problem = unready => Err(problem),
        () = stop::asked() => Ok(()),
        ended = anchoring.ended() => ended,
    }
}
