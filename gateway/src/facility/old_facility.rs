//! Whether a facility is still as version 0.1 left it. The rows that say so stand in clear,
//! so whoever can write to the database can make any facility look like one. What later
//! versions leave behind speaks against it, as far as it was not cut too.

use crate::{
    facility::{Facility, statement},
    failure::Failure,
};
use model::{Tag, VersionNumber};
use std::fmt;
use store::{Reader, StatementKind};

/// The number of ids that are looked at in one read, which is bounded in time.
const IDS: i64 = 100_000;

/// What no facility of version 0.1 has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trace {
    /// A statement of this kind.
    Statement(StatementKind),
    /// The leaf of a statement of this kind.
    Leaf(StatementKind),
    /// A row of this table that a later version wrote.
    Row(&'static str),
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(kind) => write!(f, "a statement of kind `{}`", kind.as_str()),
            Self::Leaf(kind) => write!(f, "the leaf of a statement of kind `{}`", kind.as_str()),
            Self::Row(table) => write!(f, "a row of `{table}` that a later version wrote"),
        }
    }
}

impl Facility {
    /// Whether it is still as version 0.1 left it.
    ///
    /// # Errors
    /// When the database cannot be read, or the facility has policy sets in clear and was
    /// sealed all the same.
    pub(crate) async fn is_of_0_1(&self) -> Result<bool, Failure> {
        let id = self.id;
        let read = move |reader: &mut Reader| {
            Ok(reader.policies().newest(id)?.is_none()
                && reader
                    .statements()
                    .count_to(id, StatementKind::Policy, u32::MAX)?
                    == 0
                && !reader.policies().in_clear(id)?.is_empty())
        };
        if !self.store.read("version of a facility", read).await? {
            return Ok(false);
        }
        let Some(trace) = self.later_trace().await? else {
            return Ok(true);
        };
        self.note_refusal();
        let failure = Failure::fault(format!(
            "facility `{}` has policy sets in clear alone, as version 0.1 left them, but {trace} \
             shows that it was sealed since; someone without the keys has cut its policy sets and \
             statements, so keep this database as evidence and restore a backup",
            self.name
        ));
        tracing::error!(facility = %self.name, %failure, "a facility was turned back to version 0.1");
        Err(failure)
    }

    /// What a later version has left of itself.
    async fn later_trace(&self) -> Result<Option<Trace>, Failure> {
        let id = self.id;
        let leaves: Vec<(StatementKind, Tag)> = StatementKind::ALL
            .map(|kind| (kind, statement::record_tag(&self.tags, kind, 1)))
            .into();
        let read = move |reader: &mut Reader| {
            for kind in StatementKind::ALL {
                if reader.statements().count_to(id, kind, u32::MAX)? > 0 {
                    return Ok((Some(Trace::Statement(kind)), 0));
                }
            }
            for (kind, record) in leaves {
                let first = VersionNumber::FIRST;
                if !reader.leaves().of_row(id, record, first)?.is_empty() {
                    return Ok((Some(Trace::Leaf(kind)), 0));
                }
            }
            let mut rows = reader.later_rows();
            Ok((rows.table(id)?.map(Trace::Row), rows.newest_id()?))
        };
        let (trace, newest) = self.store.read("traces of later versions", read).await?;
        if trace.is_some() {
            return Ok(trace);
        }
        // The newest first: rows of a later version came later.
        let mut last = newest;
        while last > 0 {
            let after = last.saturating_sub(IDS);
            let read = move |reader: &mut Reader| reader.later_rows().record(id, after, last);
            if let Some(table) = self.store.read("rows of later versions", read).await? {
                return Ok(Some(Trace::Row(table)));
            }
            last = after;
        }
        Ok(None)
    }
}
