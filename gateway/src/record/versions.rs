//! The versions that a request writes, a part of it. Its own reads, searches and histories
//! see them, though nothing is committed yet (<https://hl7.org/fhir/R4/http.html#trules>).

use crate::{
    exchange::{
        Exchange,
        asked::Asked,
        part::{Part, Step},
    },
    failure::Failure,
    limits::stored,
    record::{index_card::writes::CardWrites, version::is_delete},
};
use fhir::audit_event::AuditPatient;
use model::{Tag, Timestamp, VersionNumber};
use store::{FacilityId, NewVersion, Tx, Version};

/// Versions of a request for whose rows others would wait.
const LONG_WRITES: usize = 50;

/// What a request writes of records.
#[derive(Default)]
pub(crate) struct Versions {
    /// In the order in which they were made.
    rows: Vec<NewVersion>,
    /// Bytes that each of them counts with.
    sizes: Vec<usize>,
    /// Number of data keys that were made for them. Each was a commit of its own and stays
    /// when the rest is given up.
    keys_made: usize,
    given_up: bool,
}

impl Part for Versions {
    fn step(&self) -> Step {
        Step::Records
    }

    fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        tx.versions().insert_many(facility, &self.rows)
    }

    fn give_up(&mut self) {
        self.rows.clear();
        self.sizes.clear();
        self.given_up = true;
    }

    fn stored(&self) -> Vec<usize> {
        if self.given_up {
            return vec![0; self.keys_made];
        }
        self.sizes.clone()
    }

    fn is_long(&self) -> bool {
        self.rows.len() > LONG_WRITES
    }
}

impl Exchange<'_> {
    /// Asks whether the caller may store another version. What was not committed yet does
    /// not count.
    ///
    /// # Errors
    /// As [`Throttle::may_store`](crate::limits::rates::Throttle::may_store).
    pub(crate) fn require_store(&self) -> Result<(), Failure> {
        let app = self.app();
        let may = app.throttle.may_store(&self.context.caller);
        may.inspect_err(|_| app.counters.not_stored())
    }

    /// What the request has written so far.
    pub(crate) fn written(&self) -> &[NewVersion] {
        let versions = self.parts.get::<Versions>();
        versions.map_or(&[], |versions| versions.rows.as_slice())
    }

    /// Writes a version that was permitted, after its card, with the commit of the request.
    /// Its entry in the audit says whom it concerns.
    pub(crate) fn write_version(
        &mut self,
        asked: &Asked,
        version: NewVersion,
        concerned: Vec<AuditPatient>,
    ) {
        self.complete(asked, Some(version.version.number), concerned);
        let cards = self.parts.get::<CardWrites>();
        let card = cards.map_or(0, |cards| cards.bytes_of(version.version.record));
        self.parts.change(|versions: &mut Versions| {
            versions.sizes.push(stored::bytes_of(&version, card));
            versions.rows.push(version);
        });
    }

    /// Counts a data key that was made for a version.
    pub(crate) fn count_made_key(&mut self) {
        self.parts
            .change(|versions: &mut Versions| versions.keys_made += 1);
    }
}

/// Which versions of a record a history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRange {
    /// Those before this version.
    pub before: Option<VersionNumber>,
    /// Those that were written at this time or later.
    pub since: Option<Timestamp>,
    /// Those that were current from a moment on.
    pub current: Option<CurrentFrom>,
}

/// Versions that were current from a moment on, and deletes from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentFrom {
    /// The version that was current then, the first of all if none was.
    pub number: VersionNumber,
    /// The moment.
    pub moment: Timestamp,
}

impl CurrentFrom {
    /// Whether a version is one of them.
    #[must_use]
    pub fn holds(&self, version: &Version) -> bool {
        let ended = is_delete(version) && version.time < self.moment;
        version.number >= self.number && !ended
    }
}

impl HistoryRange {
    /// Whether a version is in it.
    #[must_use]
    pub fn holds(&self, version: &Version) -> bool {
        self.before.is_none_or(|before| version.number < before)
            && self.since.is_none_or(|since| version.time >= since)
            && self.current.is_none_or(|current| current.holds(version))
    }
}

/// The newest version that the request wrote of a record.
#[must_use]
pub fn current(writes: &[NewVersion], record: Tag) -> Option<&Version> {
    let newest = writes.iter().rev().map(|write| &write.version);
    newest.into_iter().find(|version| version.record == record)
}

/// One version, if the request wrote it.
#[must_use]
pub fn version(writes: &[NewVersion], record: Tag, number: VersionNumber) -> Option<&Version> {
    let mut versions = writes.iter().map(|write| &write.version);
    versions.find(|version| version.record == record && version.number == number)
}

/// What the request wrote of a record in this range, newest first. All of it is newer than
/// what is stored.
#[must_use]
pub fn history(writes: &[NewVersion], record: Tag, range: HistoryRange) -> Vec<Version> {
    let newest = writes.iter().rev().map(|write| &write.version);
    newest
        .filter(|version| version.record == record && range.holds(version))
        .cloned()
        .collect()
}
