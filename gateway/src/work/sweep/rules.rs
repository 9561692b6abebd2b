//! Statements and what they are about: policy sets, registrations, changes, decisions. As
//! many rows as statements, and each statement's row as it was stated, so no row is there
//! that nobody stated.

use super::{
    BOUND, Sweep,
    fault::{Fault, FaultKind, SweptTable},
    progress::{Batch, Pass, Place},
};
use crate::{
    admin::open_change,
    facility::{
        policy_set, registration,
        statement::log::Latest,
        statement::{self, Said},
    },
    failure::Failure,
};
use model::{Digest, Timestamp};
use store::{
    Change, ChangeDecision, PolicySet, Reader, Registration, Statement, StatementKind, SweptRow,
};

/// The row that a statement is about, where there is one that can be read.
enum About {
    Nothing,
    Policy(PolicySet),
    Registration(Registration),
    Change(Change),
    Decision(ChangeDecision),
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
            if let Some(said) = said.filter(|said| !matches!(said, Said::Continues { .. })) {
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
            Err(store::Error::Corrupt(_)) => Ok(About::Nothing),
            found => found,
        };
        let row = self.store.search("sweep: stated row", read).await?;
        let fits = match said {
            Said::Policy { digest, .. } => self.is_set(row, digest, stated.created).await?,
            Said::Entry { entry, digest, .. } => {
                let time = stated.created;
                let latest = Latest {
                    entry,
                    digest,
                    time,
                };
                self.is_entry(row, latest).await?
            }
            Said::Continues { .. } => return Ok(None),
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

    /// Whether a row is the policy set that was put in force.
    async fn is_set(&self, row: About, digest: Digest, time: Timestamp) -> Result<bool, Failure> {
        let About::Policy(row) = row else {
            return Ok(false);
        };
        let facility = &self.facility;
        let (keys, tags) = (&facility.keys, &facility.tags);
        let opened = policy_set::open(&facility.name, keys, tags, &row).await;
        let opened = Failure::settled(opened)?;
        Ok(opened.is_ok_and(|set| set.digest() == digest) && row.created == time)
    }

    /// Whether a row is the entry that was stated, and says in clear what is sealed in it.
    async fn is_entry(&self, row: About, stated: Latest) -> Result<bool, Failure> {
        let facility = &self.facility;
        let is_stated = |entry, envelope: &[u8], time| {
            let digest = sealing::envelope_digest(envelope);
            stated
                == Latest {
                    entry,
                    digest,
                    time,
                }
        };
        let opened = match row {
            About::Registration(row) if is_stated(row.number, &row.envelope, row.created) => {
                let opened = registration::open_row(facility.source(), &row).await;
                opened.map(drop)
            }
            About::Change(row) if is_stated(1, &row.envelope, row.created) => {
                open_change::content(facility, &row).await.map(drop)
            }
            About::Decision(row) => match &row.sealed {
                Some(sealed) if is_stated(1, &sealed.envelope, row.created) => {
                    open_change::decider(facility, &row).await.map(drop)
                }
                _ => return Ok(false),
            },
            _ => return Ok(false),
        };
        Ok(Failure::settled(opened)?.is_ok())
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
            let set = reader.policies().find(id, set)?;
            return Ok(set.map_or(About::Nothing, About::Policy));
        }
        Said::Entry { tag, entry, .. } => (tag, entry),
        Said::Continues { .. } => return Ok(About::Nothing),
    };
    Ok(match kind {
        StatementKind::Registration => {
            let row = reader.registrations().find(id, tag, entry)?;
            row.map_or(About::Nothing, About::Registration)
        }
        StatementKind::Change => {
            let change = reader.changes().find(id, tag)?;
            change.map_or(About::Nothing, |(row, _)| About::Change(row))
        }
        StatementKind::Decision => {
            let decision = reader.changes().find(id, tag)?.and_then(|(_, it)| it);
            decision.map_or(About::Nothing, About::Decision)
        }
        StatementKind::Policy | StatementKind::Continues => About::Nothing,
    })
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
