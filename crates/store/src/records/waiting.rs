//! Rows that wait, inside a transaction on PostgreSQL, for others to be stored with
//! them: there each statement is a message to the server and back, so the versions
//! and audit records of all closures of a group go in one statement each. They go
//! before any other statement of the transaction, which so sees them, and before
//! COMMIT.

use crate::{
    Error, FacilityId,
    access::Writes,
    backend::Backend,
    cards::{put, rows::NewCard},
    records::{
        audit_insert,
        rows::{NewAudit, NewVersion},
        version_insert,
    },
};
use std::collections::BTreeMap;

/// More rows than this in one call go by themselves: little is saved then by waiting,
/// and they would have to be copied.
const MAX_WAITING_ROWS: usize = 32;

#[derive(Default)]
pub(crate) struct Waiting {
    versions: Vec<(FacilityId, NewVersion)>,
    cards: Vec<(FacilityId, NewCard)>,
    audits: Vec<(FacilityId, NewAudit)>,
}

/// How much waited at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    versions: usize,
    cards: usize,
    audits: usize,
}

impl Waiting {
    /// Whether this number of versions waits for others to be stored with them.
    pub(crate) const fn is_for(backend: Backend, versions: usize) -> bool {
        matches!(backend, Backend::Postgres) && versions <= MAX_WAITING_ROWS
    }

    /// Adds versions.
    pub(crate) fn add_versions(&mut self, facility: FacilityId, new: &[NewVersion]) {
        let new = new.iter().cloned().map(|new| (facility, new));
        self.versions.extend(new);
    }

    /// Adds the cards of versions.
    pub(crate) fn add_cards(&mut self, facility: FacilityId, new: &[NewCard]) {
        let new = new.iter().cloned().map(|new| (facility, new));
        self.cards.extend(new);
    }

    /// Adds an audit record.
    pub(crate) fn add_audit(&mut self, facility: FacilityId, new: &NewAudit) {
        self.audits.push((facility, new.clone()));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            versions: self.versions.len(),
            cards: self.cards.len(),
            audits: self.audits.len(),
        }
    }

    /// Forgets what came after the mark.
    pub(crate) fn forget_after(&mut self, mark: Mark) {
        self.versions.truncate(mark.versions);
        self.cards.truncate(mark.cards);
        self.audits.truncate(mark.audits);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.cards.is_empty() && self.audits.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Stores what waited. After an error the transaction must not be committed.
pub(crate) fn store(tx: &mut impl Writes, rows: Waiting) -> Result<(), Error> {
    let Waiting {
        versions,
        cards,
        audits,
    } = rows;
    for (facility, versions) in by_facility(versions) {
        version_insert::insert_many(tx, facility, &versions)?;
    }
    for (facility, cards) in by_facility(cards) {
        put::put_many(tx, facility, &cards)?;
    }
    for (facility, audits) in by_facility(audits) {
        audit_insert::insert_many(tx, facility, &audits)?;
    }
    Ok(())
}

fn by_facility<T>(rows: Vec<(FacilityId, T)>) -> BTreeMap<FacilityId, Vec<T>> {
    let mut grouped: BTreeMap<_, Vec<T>> = BTreeMap::new();
    for (facility, row) in rows {
        grouped.entry(facility).or_default().push(row);
    }
    grouped
}
