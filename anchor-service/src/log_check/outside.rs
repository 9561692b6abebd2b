//! What stands beyond a log's end. Its row is read last, so that what a running service adds
//! meanwhile is within it.

use super::{FindingKind, Findings, LogCheck, claims::Claims, extent::Extent, tiles};
use crate::{failure::StepError, ledger::Ledger, log::journal::Log};
use store::{Error, Reader};

/// Rows beyond the end that are looked at in each table.
const MAX_OUTSIDE_ROWS: u32 = 100;

impl<L: Ledger> LogCheck<L> {
    /// Names what stands there.
    pub(super) async fn outside(
        &self,
        log: &Log,
        extent: Extent,
        claims: &mut Claims,
        findings: &mut Findings,
    ) -> Result<(), StepError> {
        let (id, size) = (log.id, extent.size);
        let tiles = tiles::counts(size);
        let read = move |reader: &mut Reader| {
            let entries = reader
                .log_pages()
                .entries_outside(id, size, MAX_OUTSIDE_ROWS)?;
            let tiles = reader
                .log_pages()
                .tiles_outside(id, &tiles, MAX_OUTSIDE_ROWS)?;
            let log = reader.logs().get(id)?.ok_or(Error::Corrupt("log"))?;
            Ok((entries, tiles, log.size))
        };
        let (entries, tiles, stated) = self.read(read).await?;
        let now = extent.later(stated);
        for index in entries {
            if u64::try_from(index).is_ok_and(|index| (size..now).contains(&index)) {
                continue;
            }
            findings.add(FindingKind::ExtraEntry, index, "the log has no such index");
        }
        let counts = tiles::counts(now);
        for (level, index) in tiles {
            let count = usize::try_from(level)
                .ok()
                .and_then(|level| counts.get(level));
            let within =
                count.is_some_and(|count| u64::try_from(index).is_ok_and(|index| index < *count));
            if !within {
                let place = format!("{level}/{index}");
                findings.add(FindingKind::Tile, place, "the log has no such tile");
            }
        }
        claims.beyond(self, log, extent, findings).await
    }
}
