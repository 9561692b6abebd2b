//! When the demo ends: at Ctrl-C, at SIGTERM, or when the anchor-service halts
//! with an alarm.

use crate::services::service::{anchoring::Anchoring, stop};
use command::CommandError;
use std::future::{self, Future};

/// Gets ready, looks after the tokens and waits for the end, which may come before; to
/// fail to get ready and an alarm are errors.
pub async fn wait(
    work: impl Future<Output = Result<(), CommandError>>,
    anchoring: &mut Anchoring,
) -> Result<(), CommandError> {
    let failed = async {
        match work.await {
            Ok(()) => future::pending().await,
            Err(problem) => problem,
        }
    };
    tokio::select! {
        problem = failed => Err(problem),
        () = stop::asked() => Ok(()),
        ended = anchoring.ended() => ended,
    }
}
