//! The newest checkpoint of a log. A row counts when its note is what is kept outside the
//! database, or opens under keys of the log and says the row's size and root: whoever can
//! write to the database can put another there, and it is passed over.

use super::{Journal, Log};
use crate::{failure::StepError, keys::signed::state::SignedState};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use store::{Error, LogRowId, Numbered, Reader, StoredCheckpoint};
use tlog::notes::{
    checkpoint::{self, Checkpoint, Vkey},
    log_key::LogKey,
};

/// Rows that are looked at. Behind as many of somebody else's the one that was signed last
/// is looked for by its size.
const MOST_ROWS: u32 = 16;
/// Rows that are named; each stands in the next check of the logs all the same.
const MOST_TOLD: usize = 1_000;

/// The rows that were named: each once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Mutex<BTreeSet<(LogRowId, i64)>>>);

impl Told {
    fn tell(&self, log: &Log, size: i64) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MOST_TOLD && told.insert((log.id, size)) {
            tracing::error!(log = %log.origin, size,
                "a checkpoint in the database is not signed by the log's keys, and is passed over");
        }
    }
}

/// By what a checkpoint is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signers {
    /// The state that is kept outside the database.
    pub(crate) kept: Option<SignedState>,
    /// Keys of the log.
    pub(crate) vkeys: Vec<Vkey>,
}

impl Signers {
    /// These keys, which are here.
    pub(crate) fn of(keys: &[Arc<LogKey>]) -> Self {
        Self {
            kept: None,
            vkeys: keys.iter().map(|key| key.vkey()).collect(),
        }
    }

    fn made(&self, log: &Log, row: &StoredCheckpoint) -> bool {
        let claim = Checkpoint {
            origin: log.origin.clone(),
            size: row.size,
            root: row.root,
        };
        let is_kept =
            |kept: &SignedState| kept.note() == row.note && kept.claim() == (row.size, row.root);
        self.kept.as_ref().is_some_and(is_kept) || checkpoint::says(&row.note, &self.vkeys, &claim)
    }
}

impl Log {
    /// Keys that sign it, by the database's word.
    pub(crate) fn stored_signers(&self) -> Signers {
        let keys = self.keys.as_they_stand().iter().map(|key| &key.public_key);
        let vkeys = keys.chain([&self.public_key]);
        Signers {
            kept: None,
            vkeys: vkeys
                .filter_map(|key| Vkey::of_log(&self.origin, key))
                .collect(),
        }
    }
}

impl Journal {
    /// The newest checkpoint of a log that these signed.
    pub(crate) async fn newest_checkpoint(
        &self,
        log: &Log,
        signers: Signers,
    ) -> Result<Option<StoredCheckpoint>, StepError> {
        let known = log.clone();
        let read = move |reader: &mut Reader| newest(reader, &known, &signers);
        let (newest, others) = self.read("newest checkpoint", read).await?;
        others
            .into_iter()
            .for_each(|size| self.told.tell(log, size));
        Ok(newest)
    }

    /// The size of the newest row, whoever made it and whatever else it holds.
    pub(crate) async fn newest_row(&self, log: LogRowId) -> Result<Option<u64>, StepError> {
        let newest = move |reader: &mut Reader| {
            let mut pages = reader.log_pages();
            pages.newest_checkpoints(log, i64::MAX, 1)
        };
        let newest = self.read("newest checkpoint", newest).await?;
        let newest = newest.first().map(|row| row.number);
        Ok(newest.and_then(|size| u64::try_from(size).ok()))
    }
}

/// With the sizes of rows that were passed over.
pub(super) fn newest(
    reader: &mut Reader,
    log: &Log,
    signers: &Signers,
) -> Result<(Option<StoredCheckpoint>, Vec<i64>), Error> {
    let mut rows = reader
        .log_pages()
        .newest_checkpoints(log.id, i64::MAX, MOST_ROWS)?;
    if rows.len() >= MOST_ROWS as usize
        && let Some(kept) = &signers.kept
        && let Ok(size) = i64::try_from(kept.claim().0)
    {
        rows.extend(reader.log_pages().newest_checkpoints(log.id, size, 1)?);
    }
    let mut others = Vec::new();
    for Numbered { number, row } in rows {
        match row {
            Ok(row) if signers.made(log, &row) => return Ok((Some(row), others)),
            _ => others.push(number),
        }
    }
    Ok((None, others))
}
