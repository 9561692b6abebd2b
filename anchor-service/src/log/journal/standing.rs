//! How the logs stand, read at one moment.

use super::{Journal, Log, checkpoints, current, list_logs, readable};
use crate::{
    failure::StepError,
    log::standing::{FinalAnchor, LogStatus, Standing},
};
use model::{AnchorState, Timestamp};
use store::{Error, LogRowId, Reader};

impl Journal {
    /// Pending leaves and how each log stands.
    pub(crate) async fn standing(&self) -> Result<Standing, Error> {
        self.read("standing", |reader| {
            let (mut pending, mut refused_leaves, mut oldest) = (0, 0, None::<Timestamp>);
            for facility in readable(reader)? {
                pending += reader.leaves().pending_count(facility.id)?;
                refused_leaves += reader.leaves().refused_count(facility.id)?;
                let since = reader.leaves().oldest_since(facility.id)?;
                oldest = oldest.into_iter().chain(since).min();
            }
            let mut logs = Vec::new();
            for log in current(list_logs(reader)?) {
                let (newest, _) = checkpoints::newest(reader, &log, &log.stored_signers())?;
                let (last_final, unknown) = known_final(reader, &log)?;
                let first_signed = match last_final {
                    None if unknown.is_none() => first_signed(reader, &log)?,
                    _ => None,
                };
                logs.push(LogStatus {
                    first_signed,
                    checkpoint_size: newest.map_or(0, |checkpoint| checkpoint.size),
                    last_final,
                    unknown,
                    facility: log.facility,
                    log_id: log.log_id,
                    size: log.size,
                    refused: None,
                });
            }
            Ok(Standing {
                pending,
                refused_leaves,
                oldest,
                logs,
            })
        })
        .await
    }

    /// The newest final anchor of a log.
    pub(crate) async fn last_final(&self, log: LogRowId) -> Result<Option<FinalAnchor>, StepError> {
        let read = move |reader: &mut Reader| {
            let moved_at = reader.registries().find()?.shown()?.last_seq(log);
            last_final(reader, log, moved_at)
        };
        Ok(self.read("last final anchor", read).await?)
    }
}

fn last_final(
    reader: &mut Reader,
    log: LogRowId,
    moved_at: u64,
) -> Result<Option<FinalAnchor>, Error> {
    let newest = reader.anchors().newest_final(log)?;
    Ok(newest.and_then(|anchor| match anchor.state {
        AnchorState::Finalized { time, .. } => Some(FinalAnchor {
            // 0 while the newest is at a registry of before.
            seq: anchor.new.seq.saturating_sub(moved_at),
            size: anchor.new.size,
            time,
        }),
        _ => None,
    }))
}

/// The newest final anchor as far as it is known, and why no more is: what one row says
/// must not hide how the logs stand.
fn known_final(
    reader: &mut Reader,
    log: &Log,
) -> Result<(Option<FinalAnchor>, Option<Error>), Error> {
    let moved_at = log.moved_at();
    // At which registry it is, and so its number there, is not known without it.
    match last_final(reader, log.id, moved_at.clone().unwrap_or(u64::MAX)) {
        Ok(last) => Ok((last, moved_at.err())),
        Err(error @ Error::Corrupt(_)) => Ok((None, Some(error))),
        Err(error) => Err(error),
    }
}

/// The time of the oldest checkpoint that can be read.
fn first_signed(reader: &mut Reader, log: &Log) -> Result<Option<Timestamp>, Error> {
    let first = reader.log_pages().checkpoints(log.id, -1, 1)?.pop();
    Ok(first.and_then(|first| first.row.ok()).map(|row| row.time))
}
