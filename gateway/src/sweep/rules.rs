//! Statements and what they are about: policy sets, registrations, changes, decisions. As
//! many rows as statements, and each statement's row as it was stated, so no row is there
//! that nobody stated.

use super::{
    BOUND, Sweep,
    fault::{Fault, FaultKind, SweptTable},
    progress::{Batch, Pass, Place},
};
use crate::{
    failure::{Category, Failure},
    policy_set,
    statement::{self, Said},
    statement_log::Latest,
};
use store::{PolicySet, Reader, Statement, StatementKind, SweptRow};

/// The row that a statement is about.
enum About {
    Policy(Option<PolicySet>),
    /// As it is written.
    Entry(Option<Latest>),
}

impl Sweep {
    pub(super) async fn rules(&self) -> Result<Batch, Failure> {
        let id = self.facility.id;
        let count = move |reader: &mut Reader| {
            let (changes, decisions) = reader.changes().counts(id)?;
            let rows = [
                (StatementKind::Policy, reader.policies().count(id)?),
                (
                    StatementKind::Registration,
                    reader.registrations().count(id)?,
                ),
                (StatementKind::Change, changes),
                (StatementKind::Decision, decisions),
            ];
            let mut counts = Vec::with_capacity(rows.len());
            for (kind, rows) in rows {
                let stated = reader.statements().count_to(id, kind, u32::MAX)?;
                counts.push((kind, rows, stated));
            }
            Ok(counts)
        };
        let mut batch = Batch::of(Pass::Statements { after: None });
        for (kind, rows, stated) in self.store.search("sweep: rules", count).await? {
            if rows != stated {
                batch
                    .faults
                    .push(Fault::at(FaultKind::Rule, table_of(kind)));
            }
        }
        Ok(batch)
    }

    pub(super) async fn statements(&self, after: Option<&Place>) -> Result<Batch, Failure> {
        let (id, from) = (self.facility.id, after.and_then(Place::name));
        let read = move |reader: &mut Reader| reader.sweep().statements(id, from.as_ref(), BOUND);
        let rows = self.store.search("sweep: statements", read).await?;
        let mut batch = Batch::of(match rows.last() {
            Some(row) => Pass::Statements {
                after: Some(Place::from(&row.name)),
            },
            None => Pass::Versions { after: None },
        });
        for SweptRow { name, row, leaves } in rows {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    let unread = Err(Failure::fault(error));
                    batch.check(SweptTable::Statement, &name, &leaves, unread)?;
                    continue;
                }
            };
            let facility = &self.facility;
            let (keys, tags) = (&facility.keys, &facility.tags);
            let (said, commitment) =
                match statement::open_with_leaf(&facility.name, keys, tags, &row).await {
                    Ok((said, commitment)) => (Some(said), Ok(commitment)),
                    Err(failure) => (None, Err(failure)),
                };
            batch.check(SweptTable::Statement, &name, &leaves, commitment)?;
            if let Some(said) = said.filter(|it| !matches!(it, Said::Continues { .. })) {
                batch.faults.extend(self.about(&row, said).await?);
            }
        }
        Ok(batch)
    }

    /// What is wrong with the row that a statement is about.
    async fn about(&self, stated: &Statement, said: Said) -> Result<Option<Fault>, Failure> {
        let (id, kind) = (self.facility.id, stated.kind);
        let read = move |reader: &mut Reader| match about(reader, id, kind, said) {
            // One row that cannot be read must not stop the others.
            Err(store::Error::Corrupt(_)) => Ok(About::Entry(None)),
            found => found,
        };
        let fits = match (said, self.store.search("sweep: stated row", read).await?) {
            (Said::Policy { digest, .. }, About::Policy(Some(row))) => {
                let facility = &self.facility;
                let (keys, tags) = (&facility.keys, &facility.tags);
                match policy_set::open(&facility.name, keys, tags, &row).await {
                    Ok(source) => source.digest() == digest && row.created == stated.created,
                    Err(failure) if failure.category == Category::Unavailable => {
                        return Err(failure);
                    }
                    Err(_) => false,
                }
            }
            (Said::Entry { entry, digest, .. }, About::Entry(Some(row))) => {
                let time = stated.created;
                row == Latest {
                    entry,
                    digest,
                    time,
                }
            }
            _ => false,
        };
        let (record, number) = match said {
            Said::Entry { tag, entry, .. } => (tag.to_string(), entry),
            Said::Policy { set, .. } => (String::new(), set),
            Said::Continues { .. } => return Ok(None),
        };
        Ok((!fits).then(|| Fault {
            record,
            version: Some(i64::from(number)),
            ..Fault::at(FaultKind::Rule, table_of(kind))
        }))
    }
}

fn about(
    reader: &mut Reader,
    id: store::FacilityId,
    kind: StatementKind,
    said: Said,
) -> Result<About, store::Error> {
    let (tag, entry) = match said {
        Said::Policy { set, .. } => {
            return Ok(About::Policy(reader.policies().find(id, set)?));
        }
        Said::Entry { tag, entry, .. } => (tag, entry),
        Said::Continues { .. } => return Ok(About::Entry(None)),
    };
    let written = |entry, envelope: &[u8], time| Latest {
        entry,
        digest: sealing::envelope_digest(envelope),
        time,
    };
    let found = match kind {
        StatementKind::Registration => reader
            .registrations()
            .find(id, tag, entry)?
            .map(|row| written(row.number, &row.envelope, row.created)),
        StatementKind::Change => reader
            .changes()
            .find(id, tag)?
            .map(|(row, _)| written(1, &row.envelope, row.created)),
        StatementKind::Decision => {
            let decision = reader.changes().find(id, tag)?.and_then(|(_, it)| it);
            let sealed = decision.and_then(|it| it.sealed.map(|sealed| (sealed, it.created)));
            sealed.map(|(sealed, created)| written(1, &sealed.envelope, created))
        }
        StatementKind::Policy | StatementKind::Continues => None,
    };
    Ok(About::Entry(found))
}

const fn table_of(kind: StatementKind) -> SweptTable {
    match kind {
        StatementKind::Policy => SweptTable::PolicySet,
        StatementKind::Registration => SweptTable::Registration,
        StatementKind::Change => SweptTable::Change,
        StatementKind::Decision => SweptTable::ChangeDecision,
        StatementKind::Continues => SweptTable::Statement,
    }
}
