//! How far a log reaches. Its row says so, and whoever can write to the database can write any
//! size there: what is walked through is bounded by what stands.

use super::{FindingKind, Findings, LogCheck, walk::STEP};
use crate::{
    failure::StepError,
    ledger::Ledger,
    log::journal::{Log, Signers},
};
use model::Digest;
use store::{LogRowId, Reader};
use tlog::{notes::checkpoint::Vkey, tree::tile::WIDTH};

/// Leaves of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// As its row says.
    stated: u64,
    /// As far as anything bears that out: leaves, tiles, or who has signed.
    pub(super) size: u64,
}

impl Extent {
    /// The size by a row that was read later: a log grows meanwhile.
    pub(super) const fn later(self, stated: u64) -> u64 {
        if self.size == self.stated {
            stated
        } else {
            self.size.saturating_add(stated.saturating_sub(self.stated))
        }
    }
}

impl<L: Ledger> LogCheck<L> {
    /// Names a size that nothing bears out.
    pub(super) async fn extent(
        &self,
        log: &Log,
        keys: &[Vkey],
        signed: Option<(u64, Digest)>,
        findings: &mut Findings,
    ) -> Result<Extent, StepError> {
        let stated = self.journal.size(log.id).await?;
        let mut size = self.standing_below(log.id, stated).await?;
        if size < stated {
            let signers = Signers {
                kept: None,
                vkeys: keys.to_vec(),
            };
            let newest = self.journal.newest_checkpoint(log, signers).await?;
            let signed = signed.map(|(size, _)| size);
            let shown = newest.map(|newest| newest.size).max(signed);
            size = size.max(shown.unwrap_or(0)).min(stated);
        }
        if size < stated {
            let problem = "no leaf and no tile stands at the end of a log of this size";
            findings.add(FindingKind::Size, stated, problem);
        }
        Ok(Extent { stated, size })
    }

    /// How far leaves and tiles reach below a size.
    async fn standing_below(&self, log: LogRowId, size: u64) -> Result<u64, StepError> {
        let read = move |reader: &mut Reader| {
            let mut pages = reader.log_pages();
            let entry = pages.last_entry(log, size)?;
            Ok((entry, pages.last_tile(log, size.div_ceil(WIDTH))?))
        };
        let (entry, tile) = self.read(read).await?;
        let entries = entry.map_or(0, |index| index.saturating_add(1));
        let hashes = tile.map_or(0, |tile| {
            let width = (tile.hashes.len() / Digest::LEN) as u64;
            tile.index
                .saturating_mul(WIDTH)
                .saturating_add(width.min(WIDTH))
        });
        Ok(entries.max(hashes).min(size))
    }

    /// Where the next step begins in which a leaf or a tile stands, from `from` on, which a
    /// step begins with; `size` where there is none.
    pub(super) async fn next_standing(
        &self,
        log: LogRowId,
        from: u64,
        size: u64,
    ) -> Result<u64, StepError> {
        let read = move |reader: &mut Reader| {
            let mut pages = reader.log_pages();
            let entry = pages.first_entry(log, from)?;
            Ok((entry, pages.first_tile(log, from / WIDTH)?))
        };
        let (entry, tile) = self.read(read).await?;
        let tile = tile.map(|index| index.saturating_mul(WIDTH));
        let next = entry.into_iter().chain(tile).min();
        let next = next.filter(|next| *next < size);
        Ok(next.map_or(size, |next| next - next % STEP))
    }
}
