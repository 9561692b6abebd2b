//! The rows of the database that say which keys a log has. Verifiers are handed what they
//! say, and a retired mark ends signing, so they have a mac under the leaf key
//! (docs/storage-format.md, "Keys of logs").
//!
//! Rows without a mac, of an earlier release, are taken over where this process holds the
//! private key of each, and nothing that was signed speaks against them. A mac that does not
//! hold is another leaf key's, or somebody changed the rows: it stays until an operator says
//! so. A mac cannot tell rows from their own copy of before. What the
//! keys signed last, which is kept outside the database, can.

use crate::{
    failure::StepError,
    keys::{
        keys_fault::KeysFault,
        log_keys::LogKeys,
        signed::{Signed, SignedKeeper, SignedState},
    },
    log::journal::{Journal, Log},
};
use std::sync::Arc;
use store::{Error, KeysShown, Store, StoredLogKey};
use tlog::notes::checkpoint::{Origin, SignedCheckpoint, Vkey};

/// What becomes of rows whose mac is of no leaf key that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherMac {
    /// They stay as they are.
    Stays,
    /// They are taken over like those without: the leaf key was lost, and another was made.
    Replaced,
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
    other: OtherMac,
) -> Result<u64, StepError> {
    let signed = Signed::new(keeper);
    signed.refresh().await?;
    let journal = Journal::new(store.clone());
    take_over(&journal, keys, &signed, other).await
}

/// See [`adopt_log_keys`].
pub(crate) async fn tend(
    journal: &Journal,
    keys: &LogKeys,
    signed: &Signed,
) -> Result<u64, StepError> {
    take_over(journal, keys, signed, OtherMac::Stays).await
}

/// The origins of the logs that [`tend`] would write to; writes nothing.
pub(crate) async fn survey(
    journal: &Journal,
    keys: &LogKeys,
    signed: &Signed,
) -> Result<Vec<Origin>, StepError> {
    let mut unshown = Vec::new();
    let logs = journal.all_logs().await?;
    let fit = LeafKeyFit::of(journal, &logs, OtherMac::Stays).await?;
    for log in logs {
        if log.keys.by() != KeysShown::Newest {
            check_unshown(journal, &log, keys, signed, fit).await?;
            unshown.push(log.origin);
        }
    }
    Ok(unshown)
}

async fn take_over(
    journal: &Journal,
    keys: &LogKeys,
    signed: &Signed,
    other: OtherMac,
) -> Result<u64, StepError> {
    let (mut shown, mut failed) = (0, None);
    let logs = journal.all_logs().await?;
    let fit = LeafKeyFit::of(journal, &logs, other).await?;
    for log in logs {
        if log.keys.by() == KeysShown::Newest {
            continue;
        }
        if let Err(problem) = check_unshown(journal, &log, keys, signed, fit).await {
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

/// Whether the leaf keys that are held show nothing, and another showed something.
pub(crate) async fn leaf_key_is_strange(journal: &Journal) -> Result<bool, StepError> {
    let logs = journal.all_logs().await?;
    let fit = LeafKeyFit::of(journal, &logs, OtherMac::Stays).await?;
    Ok(fit.is_strange)
}

/// How the leaf keys that are held stand to what is there.
#[derive(Clone, Copy)]
struct LeafKeyFit {
    other: OtherMac,
    /// Nothing is shown by them, and something by another: they are the wrong ones.
    is_strange: bool,
}

impl LeafKeyFit {
    async fn of(journal: &Journal, logs: &[Log], other: OtherMac) -> Result<Self, StepError> {
        let shown = |log: &Log| matches!(log.keys.by(), KeysShown::Newest | KeysShown::Older);
        let mut is_strange = false;
        if !logs.iter().any(shown) {
            for log in logs {
                is_strange |= log.keys.by() == KeysShown::Wrong
                    || journal.is_of_other_leaf_key(log.id).await?;
            }
        }
        Ok(Self { other, is_strange })
    }
}

/// Whether the newest leaf key may show the keys of a log that it does not show yet.
async fn check_unshown(
    journal: &Journal,
    log: &Log,
    keys: &LogKeys,
    signed: &Signed,
    fit: LeafKeyFit,
) -> Result<(), StepError> {
    let stays = fit.other == OtherMac::Stays;
    // With the wrong leaf key it would be given a mac that the right one does not hold.
    let wrong = match log.keys.by() {
        KeysShown::Newest | KeysShown::Older => return Ok(()),
        KeysShown::Unknown => return Err(Error::NoLeafKey.into()),
        KeysShown::Wrong => stays,
        KeysShown::Never => {
            stays && (fit.is_strange || journal.is_of_other_leaf_key(log.id).await?)
        }
    };
    signed.readable(&log.origin)?;
    let known = if wrong {
        Err(KeysFault::Mac)
    } else {
        known(log, keys, signed.of(&log.origin).as_ref())
    };
    known.map_err(|problem| StepError::KeysNotAdopted {
        origin: log.origin.to_string(),
        problem,
    })
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
        drop(folder.read_of(log, key)?);
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
