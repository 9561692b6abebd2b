//! Changes the key of a log. From [`rotate`] to [`finish`] both keys sign, so that
//! verifiers who know either can verify; the log's name on the chain stays made of its
//! first key. A running service reads the rows before it signs, so it needs no restart.

use crate::keys::{key_file::KeyFileError, log_keys::LogKeys};
use model::{Invalid, Random, Timestamp};
use store::{Error, Facility, Log, Store, StoredLogKey, Taken, Tx};
use tlog::notes::checkpoint::{self, Origin, Vkey};

/// Rows of checkpoints that are looked at: some may be somebody else's.
const MOST_ROWS: u32 = 16;

/// Why a key was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// The facility has no log.
    #[error("the facility has no log yet; start the anchor-service, which makes it")]
    NoLog,
    /// Two keys sign already.
    #[error("the log's key is being changed already; end that with `--finish` first")]
    UnderWay,
    /// One key signs.
    #[error("the log's key is not being changed; begin without `--finish`")]
    NotUnderWay,
    /// Nobody has seen the new key sign.
    #[error(
        "the newest checkpoint is not signed by the new key: see that its file is where the \
         anchor-service reads log keys, let it sign once more (any request makes a new leaf), \
         then try again"
    )]
    NotSigned,
    /// The new key could not be made.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A stored key or origin is damaged.
    #[error(transparent)]
    Damaged(#[from] Invalid),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// A log with its keys.
struct Standing {
    log: Log,
    origin: Origin,
    keys: Vec<StoredLogKey>,
    /// The newest checkpoint's note.
    newest: Option<String>,
}

/// The keys of a log as others verify with them, the oldest first, each with what is
/// stored of it.
///
/// # Errors
/// When a stored key is none.
pub fn vkeys(log: &Log, keys: &[StoredLogKey]) -> Result<Vec<(Vkey, StoredLogKey)>, Invalid> {
    let origin: Origin = log.origin.parse()?;
    let of = |key: &StoredLogKey| Some((Vkey::of_log(&origin, &key.public_key)?, key.clone()));
    let all: Option<Vec<_>> = keys.iter().map(of).collect();
    all.ok_or(Invalid {
        what: "log key",
        rule: "a point of the curve",
    })
}

/// Makes a new key for the facility's log, which from now on signs beside the old one;
/// gives it. Order of effects: the file, then the row, because a row without a key
/// would leave checkpoints without a signature that is counted on. Cut short, it is
/// called again.
///
/// # Errors
/// When two keys sign already, or file or row cannot be written.
pub async fn rotate(
    store: &Store,
    keys: &LogKeys,
    facility: &Facility,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Vkey, RotationError> {
    let standing = read(store, facility).await?;
    if standing.signing().count() > 1 {
        return Err(RotationError::UnderWay);
    }
    let number = standing
        .keys
        .iter()
        .map(|key| key.number)
        .max()
        .unwrap_or(0)
        + 1;
    let (epoch, origin) = (standing.log.epoch, standing.origin.clone());
    let key = keys.create(&facility.name, epoch, number, origin, random)?;
    let (vkey, log, before) = (key.vkey(), standing.log, standing.keys);
    let (public_key, created) = (vkey.public_key(), facility.created);
    let add = move |tx: &mut Tx| {
        if tx.log_keys().of(&log)? != before {
            return Err(Error::Taken(Taken::LogKey));
        }
        if before.iter().all(|key| key.created.is_none()) {
            tx.log_keys().insert(log.id, 1, log.public_key, created)?;
        }
        tx.log_keys().insert(log.id, number, public_key, now)
    };
    store.run_tx("rotate log key", &[], add).await?;
    Ok(vkey)
}

/// Ends the old key's signing; gives the key that signs alone now. Only when the new
/// key has been seen to sign, or is here where the old one's file is lost: it never signs
/// without an older key that has not ended.
///
/// # Errors
/// When one key signs, or the new one has not signed.
pub async fn finish(
    store: &Store,
    keys: Option<&LogKeys>,
    facility: &Facility,
    now: Timestamp,
) -> Result<Vkey, RotationError> {
    let standing = read(store, facility).await?;
    let signing: Vec<_> = standing.signing().cloned().collect();
    let [old, new] = signing.as_slice() else {
        return Err(RotationError::NotUnderWay);
    };
    let all = vkeys(&standing.log, std::slice::from_ref(new))?;
    let (vkey, _) = all.into_iter().next().ok_or(RotationError::NotUnderWay)?;
    let signed = standing
        .newest
        .as_deref()
        .is_some_and(|note| checkpoint::open(note, std::slice::from_ref(&vkey)).is_ok());
    let is_lost = keys.is_some_and(|keys| standing.has_only(keys, facility, [old, new]));
    if !signed && !is_lost {
        return Err(RotationError::NotSigned);
    }
    let (log, number) = (standing.log.id, old.number);
    let retire = move |tx: &mut Tx| tx.log_keys().retire(log, number, now);
    store.run_tx("retire log key", &[], retire).await?;
    Ok(vkey)
}

impl Standing {
    fn signing(&self) -> impl Iterator<Item = &StoredLogKey> {
        self.keys.iter().filter(|key| key.retired.is_none())
    }

    /// Whether the file of the old key is missing, and that of the new one is here.
    fn has_only(
        &self,
        keys: &LogKeys,
        facility: &Facility,
        [old, new]: [&StoredLogKey; 2],
    ) -> bool {
        let read = |key| {
            let (epoch, log_id) = (self.log.epoch, self.log.log_id);
            keys.read(&facility.name, epoch, log_id, key, self.origin.clone())
        };
        matches!(read(old), Err(KeyFileError::MissingLogKey { .. })) && read(new).is_ok()
    }
}

async fn read(store: &Store, facility: &Facility) -> Result<Standing, RotationError> {
    let id = facility.id;
    let read = store.read("keys of a log", move |reader| {
        let Some(log) = reader.logs().find(id)? else {
            return Ok(None);
        };
        let keys = reader.log_keys().of(&log)?;
        let newest = reader
            .log_pages()
            .newest_checkpoints(log.id, i64::MAX, MOST_ROWS)?;
        let notes = newest
            .into_iter()
            .filter_map(|row| Some(row.row.ok()?.note));
        Ok(Some((log, keys, notes.collect())))
    });
    let (log, keys, notes): (Log, _, Vec<String>) = read.await?.ok_or(RotationError::NoLog)?;
    let known: Vec<_> = vkeys(&log, &keys)?
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    let mut notes = notes.into_iter();
    Ok(Standing {
        origin: log.origin.parse()?,
        newest: notes.find(|note| checkpoint::open(note, &known).is_ok()),
        log,
        keys,
    })
}
