//! All that a facility has stated about itself, as this process has read it.
//!
//! Statements are sealed and numbered without gaps, and each has a leaf. So rows that
//! were cut show as a gap, or by the leaf of the next number, as long as nobody gives that
//! leaf another name (the tree holds its commitment alone); and what this process has
//! read once it does not forget, whatever becomes of the rows.

use crate::{
    facility::{
        keyring::Keyring,
        own_seal::OwnSeal,
        statement::{self, Said},
    },
    failure::Failure,
};
use model::{Digest, FacilityName, Tag, Timestamp, VersionNumber};
use sealing::IdRoot;
use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};
use store::{FacilityId, NewStatement, Reader, StatementKind, Store};

/// What is wrong with what a facility's rules are read from. Somebody has written to
/// the database who holds no key, or it was put back to an earlier state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Breach {
    #[error("statement {number} of kind `{kind}` is missing")]
    StatementMissing { kind: &'static str, number: u32 },
    #[error("statement {number} of kind `{kind}` does not open")]
    StatementUnopened { kind: &'static str, number: u32 },
    #[error("policy set {0}, which was put in force, is missing")]
    SetMissing(u32),
    #[error("policy set {0} does not open")]
    SetUnopened(u32),
    #[error("policy set {0} is not one that was put in force")]
    SetUnstated(u32),
    #[error("policy set {number} cannot be used: {reason}")]
    SetUnusable { number: u32, reason: String },
    #[error("no policy set is there")]
    NoSet,
    #[error("change {0}, which was proposed, is missing")]
    ChangeMissing(Tag),
    #[error("changes or decisions are missing, or some are there that nobody made")]
    ChangesMissing,
    #[error("change {0} is not as it was proposed")]
    ChangeUnstated(Tag),
    #[error("change {0} or its decision does not open")]
    ChangeUnopened(Tag),
    #[error("the decision over change {0} is not as it was made")]
    DecisionUnstated(Tag),
}

/// A statement that has been read.
#[derive(Debug, Clone, Copy)]
struct Known {
    said: Said,
    time: Timestamp,
}

/// The newest entry of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Latest {
    /// Its number under the tag, from 1.
    pub entry: u32,
    /// SHA-256 of its envelope.
    pub digest: Digest,
    /// When it was written.
    pub time: Timestamp,
}

/// A policy set as its statement names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatedSet {
    /// Its number.
    pub number: u32,
    /// Its policy digest.
    pub digest: Digest,
    /// When it was put in force.
    pub time: Timestamp,
}

/// From where statements are read.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub name: &'a FacilityName,
    pub id: FacilityId,
    pub store: &'a Store,
    pub keys: &'a Keyring,
    pub tags: &'a IdRoot,
}

/// The statements of a facility.
#[derive(Default)]
pub(crate) struct StatementLog {
    known: RwLock<BTreeMap<StatementKind, Vec<Known>>>,
    /// Whoever holds it is reading.
    turn: tokio::sync::Mutex<()>,
}

impl StatementLog {
    /// Reads what was stated since the last time.
    ///
    /// # Errors
    /// When it cannot be read now; the breach when what is there is not all of it, or
    /// more than it.
    pub(crate) async fn read(
        &self,
        source: Source<'_>,
        kind: StatementKind,
    ) -> Result<Result<(), Breach>, Failure> {
        let _turn = self.turn.lock().await;
        let mut again = false;
        loop {
            let more = match self.read_rows(source, kind).await? {
                Ok(more) => more,
                Err(breach) => return Ok(Err(breach)),
            };
            let next = self.next(kind);
            let record = statement::record_tag(source.tags, kind, next);
            let id = source.id;
            let leaves =
                move |reader: &mut Reader| reader.leaves().of_row(id, record, VersionNumber::FIRST);
            if source
                .store
                .read("leaf of a statement", leaves)
                .await?
                .is_empty()
            {
                return Ok(Ok(()));
            }
            // It may have been stated after the rows were read; then it is found now.
            if again && !more {
                return Ok(Err(missing(kind, next)));
            }
            again = true;
        }
    }

    /// Whether there were any.
    async fn read_rows(
        &self,
        source: Source<'_>,
        kind: StatementKind,
    ) -> Result<Result<bool, Breach>, Failure> {
        let (id, known) = (source.id, self.count(kind));
        let read = move |reader: &mut Reader| {
            let count = reader.statements().count_to(id, kind, known)?;
            Ok((count, reader.statements().after(id, kind, known)?))
        };
        let (count, rows) = source.store.read("statements", read).await?;
        if count != u64::from(known) {
            return Ok(Err(missing(kind, known)));
        }
        let mut fresh = Vec::with_capacity(rows.len());
        for (number, row) in (known.saturating_add(1)..).zip(rows) {
            let row = match row {
                Ok(row) if row.number == number => row,
                Ok(_) => return Ok(Err(missing(kind, number))),
                Err(error) => {
                    return Ok(Err(unopened(source.name, kind, number, &error)));
                }
            };
            let said = statement::open(source.name, source.keys, source.tags, &row).await;
            match Failure::settled(said)? {
                Ok(said) => fresh.push(Known {
                    said,
                    time: row.created,
                }),
                Err(failure) => {
                    return Ok(Err(unopened(source.name, kind, number, &failure)));
                }
            }
        }
        let more = !fresh.is_empty();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(kind).or_default().extend(fresh);
        Ok(Ok(more))
    }

    /// How many statements of a kind are known.
    pub(crate) fn count(&self, kind: StatementKind) -> u32 {
        self.with(kind, |known| u32::try_from(known.len()).unwrap_or(u32::MAX))
    }

    /// The number of the next statement of a kind.
    pub(crate) fn next(&self, kind: StatementKind) -> u32 {
        self.count(kind).saturating_add(1)
    }

    /// Makes the next statement of a kind.
    ///
    /// # Errors
    /// When sealing fails.
    pub(crate) fn make(
        &self,
        own: &OwnSeal<'_>,
        kind: StatementKind,
        at: Timestamp,
        said: &Said,
    ) -> Result<NewStatement, Failure> {
        statement::seal(own, kind, self.next(kind), at, said)
    }

    /// The policy set that was put in force last.
    pub(crate) fn newest_set(&self) -> Option<StatedSet> {
        self.with(StatementKind::Policy, |known| {
            known.last().and_then(stated_set)
        })
    }

    /// The digest of the policy set of this number.
    pub(crate) fn digest_of_set(&self, number: u32) -> Option<Digest> {
        self.with(StatementKind::Policy, |known| {
            let mut sets = known.iter().filter_map(stated_set);
            sets.find(|set| set.number == number).map(|set| set.digest)
        })
    }

    /// The newest entry of each tag.
    pub(crate) fn latest(&self, kind: StatementKind) -> BTreeMap<Tag, Latest> {
        self.with(kind, |known| {
            known.iter().filter_map(stated_entry).collect()
        })
    }

    /// The newest entry of a tag.
    pub(crate) fn latest_of(&self, kind: StatementKind, tag: Tag) -> Option<Latest> {
        self.with(kind, |known| {
            let mut newest = known.iter().rev().filter_map(stated_entry);
            newest.find(|(of, _)| *of == tag).map(|(_, latest)| latest)
        })
    }

    fn with<T>(&self, kind: StatementKind, read: impl FnOnce(&[Known]) -> T) -> T {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        read(known.get(&kind).map_or(&[], Vec::as_slice))
    }
}

fn stated_set(known: &Known) -> Option<StatedSet> {
    match known.said {
        Said::Policy { set, digest } => Some(StatedSet {
            number: set,
            digest,
            time: known.time,
        }),
        Said::Entry { .. } | Said::Continues { .. } => None,
    }
}

fn stated_entry(known: &Known) -> Option<(Tag, Latest)> {
    match known.said {
        Said::Entry { tag, entry, digest } => Some((
            tag,
            Latest {
                entry,
                digest,
                time: known.time,
            },
        )),
        Said::Policy { .. } | Said::Continues { .. } => None,
    }
}

const fn missing(kind: StatementKind, number: u32) -> Breach {
    Breach::StatementMissing {
        kind: kind.as_str(),
        number,
    }
}

/// Says why, which the breach does not.
fn unopened(
    facility: &FacilityName,
    kind: StatementKind,
    number: u32,
    failure: &dyn std::error::Error,
) -> Breach {
    let kind = kind.as_str();
    tracing::error!(%facility, kind, number, %failure, "a statement does not open");
    Breach::StatementUnopened { kind, number }
}
