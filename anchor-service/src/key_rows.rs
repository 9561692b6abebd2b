//! The rows of the database that say which keys a log has. Verifiers are handed what they
//! say, and a retired mark ends signing, so they have a mac under the leaf key
//! (docs/storage-format.md, "Keys of logs").
//!
//! Rows without a mac that holds, of an earlier release or of another leaf key, are taken
//! over where this process holds the private key of each, and nothing that was signed
//! speaks against them. A mac cannot tell rows from their own copy of before. What the
//! keys signed last, which is kept outside the database, can.

use crate::{
    failure::StepError,
    journal::{Journal, Log},
    key_file::KeyFileError,
    log_keys::LogKeys,
    signed::{Signed, SignedKeeper, SignedState},
};
use std::sync::Arc;
use store::{Error, KeysShown, Store, StoredLogKey};
use tlog::checkpoint::{Origin, SignedCheckpoint, Vkey};

/// Why the keys that the database names for a log are not taken for its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysFault {
    /// The private key of one of them is not here.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// What was signed last says otherwise.
    #[error("what the log's keys signed last was not signed by those that it names")]
    Signature,
}

/// Takes over what can be taken over, in all logs, and renews what an older leaf key
/// shows; how many logs.
///
/// # Errors
/// With the first log whose keys are not shown; the others are.
pub async fn adopt_log_keys(
    store: &Store,
    keys: &LogKeys,
    keeper: Arc<dyn SignedKeeper>,
) -> Result<u64, StepError> {
    let signed = Signed::new(keeper);
    signed.refresh().await?;
    tend(&Journal::new(store.clone()), keys, &signed).await
}

/// See [`adopt_log_keys`].
pub(crate) async fn tend(
    journal: &Journal,
    keys: &LogKeys,
    signed: &Signed,
) -> Result<u64, StepError> {
    let (mut shown, mut failed) = (0, None);
    for log in journal.all_logs().await? {
        let known = match log.keys.by() {
            KeysShown::Newest => continue,
            KeysShown::Older => Ok(()),
            KeysShown::Unknown => Err(Error::NoLeafKey.into()),
            KeysShown::Never | KeysShown::Wrong => signed
                .readable(&log.origin)
                .map_err(StepError::from)
                .and_then(|()| {
                    known(&log, keys, signed.of(&log.origin).as_ref()).map_err(|problem| {
                        StepError::KeysNotAdopted {
                            origin: log.origin.to_string(),
                            problem,
                        }
                    })
                }),
        };
        if let Err(problem) = known {
            failed.get_or_insert(problem);
            continue;
        }
        journal.adopt_keys(&log).await?;
        shown += 1;
        if log.keys.by() != KeysShown::Older {
            tracing::warn!(facility = %log.facility, origin = %log.origin, keys = log.keys.as_they_stand().len(),
                "the keys of a log had no mac that holds; they were taken over, for their files are \
                 here and fit what was signed last");
        }
    }
    failed.map_or(Ok(shown), Err)
}

/// Whether the keys may sign: shown, and not those of an earlier time.
pub(crate) fn check(log: &Log, signed: &Signed) -> Result<(), StepError> {
    let keys = log.keys.shown()?;
    signed.readable(&log.origin)?;
    match signed.of(&log.origin) {
        Some(last) if !follow(&log.origin, keys, &last) => Err(StepError::KeysTurnedBack {
            origin: log.origin.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Whether each key's file is here, and whoever signed last is said to sign.
fn known(log: &Log, folder: &LogKeys, last: Option<&SignedState>) -> Result<(), KeysFault> {
    let keys = log.keys.as_they_stand();
    for key in keys {
        let origin = log.origin.clone();
        drop(folder.read(&log.facility, (log.epoch, log.log_id), key, origin)?);
    }
    let fits = |last: &SignedState| {
        let retired = keys.iter().filter(|key| key.retired.is_some());
        follow(&log.origin, keys, last)
            && signers(&log.origin, retired, last).is_some_and(|signed| signed.is_empty())
    };
    if last.is_none_or(fits) {
        Ok(())
    } else {
        Err(KeysFault::Signature)
    }
}

/// Whether a log with these keys can be later than what was signed last: whoever signed
/// then is among them, and none that had ended signs again. An old key that signs while a
/// newer one signed without it had ended, or its file was missing under an earlier release.
#[must_use]
pub fn follow(origin: &Origin, keys: &[StoredLogKey], last: &SignedState) -> bool {
    let Some(signed) = signers(origin, keys.iter(), last) else {
        return false;
    };
    let note = SignedCheckpoint::parse(last.note());
    let all = note.is_ok_and(|note| note.signatures() == signed.len());
    let newest = signed.iter().max();
    let mut signing = keys.iter().filter(|key| key.retired.is_none());
    all && signing.all(|key| Some(&key.number) > newest || signed.contains(&key.number))
}

/// The numbers of those keys which signed; `None` when one of them is none.
fn signers<'a>(
    origin: &Origin,
    keys: impl Iterator<Item = &'a StoredLogKey>,
    last: &SignedState,
) -> Option<Vec<u32>> {
    let note = SignedCheckpoint::parse(last.note()).ok()?;
    let mut signed = Vec::new();
    for key in keys {
        if note.is_signed_by(&Vkey::of_log(origin, &key.public_key)?) {
            signed.push(key.number);
        }
    }
    Some(signed)
}
