//! Which rows of checkpoints are shown: whoever can write to the database can put one
//! there, and that is passed over. The anchor-service names it.

use crate::log::unshown_keys::UnshownKeys;
use model::Digest;
use store::{Error, Log, Numbered, Reader, StoredCheckpoint};
use tlog::notes::checkpoint::{self, Checkpoint, Origin, Vkey};

/// Rows that are looked at.
const MOST_ROWS: u32 = 16;

/// A log with the keys that its checkpoints are signed by.
struct Signers {
    origin: Origin,
    vkeys: Vec<Vkey>,
}

impl Signers {
    /// Of keys that nothing shows to be the log's none counts.
    fn of(reader: &mut Reader, log: &Log, unshown: &UnshownKeys) -> Result<Self, Error> {
        let damaged = |_| Error::Corrupt("origin");
        let origin: Origin = log.origin.parse().map_err(damaged)?;
        let set = reader.log_keys().find(log)?;
        let keys = match set.shown() {
            Ok(keys) => keys,
            Err(problem) => {
                unshown.note(&problem);
                &[]
            }
        };
        let vkeys = keys
            .iter()
            .filter_map(|key| Vkey::of_log(&origin, &key.public_key));
        Ok(Self {
            vkeys: vkeys.collect(),
            origin,
        })
    }

    fn made(&self, row: &StoredCheckpoint) -> bool {
        let claim = Checkpoint {
            origin: self.origin.clone(),
            size: row.size,
            root: row.root,
        };
        checkpoint::says(&row.note, &self.vkeys, &claim)
    }

    fn first(
        &self,
        rows: impl IntoIterator<Item = Numbered<StoredCheckpoint>>,
    ) -> Option<StoredCheckpoint> {
        let mut rows = rows.into_iter().filter_map(|row| row.row.ok());
        rows.find(|row| self.made(row))
    }
}

/// The newest that the log's keys signed.
pub fn newest(
    reader: &mut Reader,
    log: &Log,
    unshown: &UnshownKeys,
) -> Result<Option<StoredCheckpoint>, Error> {
    let rows = reader
        .log_pages()
        .newest_checkpoints(log.id, i64::MAX, MOST_ROWS)?;
    Ok(Signers::of(reader, log, unshown)?.first(rows))
}

/// That of this size and root, if the log's keys signed it.
pub fn of_root(
    reader: &mut Reader,
    log: &Log,
    size: u64,
    root: Digest,
    unshown: &UnshownKeys,
) -> Result<Option<StoredCheckpoint>, Error> {
    let most = i64::try_from(size).map_err(|_| Error::Corrupt("size"))?;
    let rows = reader.log_pages().newest_checkpoints(log.id, most, 1)?;
    let found = Signers::of(reader, log, unshown)?.first(rows);
    Ok(found.filter(|found| (found.size, found.root) == (size, root)))
}

/// The first that covers the leaf at an index; where many rows before it are somebody
/// else's, the newest.
pub fn covering(
    reader: &mut Reader,
    log: &Log,
    index: u64,
    unshown: &UnshownKeys,
) -> Result<Option<StoredCheckpoint>, Error> {
    let after = i64::try_from(index).map_err(|_| Error::Corrupt("index"))?;
    let rows = reader.log_pages().checkpoints(log.id, after, MOST_ROWS)?;
    match Signers::of(reader, log, unshown)?.first(rows) {
        None => Ok(newest(reader, log, unshown)?.filter(|newest| newest.size > index)),
        found => Ok(found),
    }
}
