//! A page of a history: what part is asked for, the versions on it, and the links that ask for
//! it again.

use super::at::At;
use crate::{
    failure::Failure,
    record::version::{OpenVersion, is_delete},
};
use fhir::bundle::{self, HistoryEntry};
use model::{LogicalId, Timestamp};
use serde::{Deserialize, Serialize};
use store::Period;

/// What part of a history is asked for, as the cursor of a next link holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Window<E> {
    /// Where the page before ended; none on the first.
    pub(super) end: Option<E>,
    /// Versions written at this time or later.
    pub(super) since: Option<Timestamp>,
    /// Versions that were current then.
    pub(super) at: Option<At>,
}

impl<E> Window<E> {
    /// Whether not all versions are asked for.
    pub(super) const fn is_narrowed(&self) -> bool {
        self.since.is_some() || self.at.is_some()
    }

    /// When the versions were current.
    pub(super) fn period(&self) -> Option<Period> {
        self.at.as_ref().map(|at| at.period())
    }
}

/// Where a page is, the first one and the next.
pub(super) struct Links {
    pub(super) own: String,
    pub(super) first: String,
    pub(super) next: Option<String>,
}

impl Links {
    /// As a Bundle has them. Nothing is counted.
    pub(super) fn page(&self) -> bundle::Page<'_> {
        bundle::Page {
            self_link: &self.own,
            first_link: Some(&self.first),
            next_link: self.next.as_deref(),
            total: None,
        }
    }
}

/// A version of the answer.
pub(super) enum OneVersion {
    /// As it was stored.
    Whole(OpenVersion),
    /// Its row, and why it is refused.
    Damaged(store::Version, Failure),
}

impl OneVersion {
    pub(super) fn row(&self) -> &store::Version {
        match self {
            Self::Whole(version) => &version.row,
            Self::Damaged(row, _) => row,
        }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Self::Whole(version) => version.content.len(),
            Self::Damaged(..) => 0,
        }
    }

    pub(super) fn outcome(&self) -> Option<Vec<u8>> {
        match self {
            Self::Whole(_) => None,
            Self::Damaged(_, failure) => Some(failure.operation_outcome().to_canonical()),
        }
    }

    /// Its entry, as of a version that did not begin its record.
    pub(super) fn entry<'v>(&'v self, base: &str, id: &'v LogicalId) -> HistoryEntry<'v> {
        match self {
            Self::Whole(version) => entry(base, version),
            Self::Damaged(row, _) => of_row(base, row, id),
        }
    }
}

/// The entry of a version that did not begin its record.
pub(super) fn entry<'v>(base: &str, version: &'v OpenVersion) -> HistoryEntry<'v> {
    let content = (!is_delete(&version.row)).then_some(version.content.as_slice());
    HistoryEntry {
        resource: content,
        ..of_row(base, &version.row, &version.id)
    }
}

fn of_row<'v>(base: &str, row: &'v store::Version, id: &'v LogicalId) -> HistoryEntry<'v> {
    let kind = &row.resource_type;
    HistoryEntry {
        full_url: format!("{base}/{kind}/{id}"),
        resource_type: kind,
        id,
        version: row.number,
        interaction: row.interaction,
        last_modified: row.time,
        resource: None,
        begun: false,
        outcome: None,
    }
}
