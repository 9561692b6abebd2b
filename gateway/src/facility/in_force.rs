//! What is in force at a facility: policy set and registrations, read from rows that
//! nobody without the keys can have made or edited. What was turned back or cut shows by
//! the leaves of statements (`facility/statement/log.rs`).

use crate::{
    facility::{
        policy_set,
        registered::Registered,
        statement::log::{Breach, Source, StatementLog},
    },
    failure::Failure,
};
use model::{Digest, EpochRead, Tag, Timestamp};
use policies::Compiled;
use std::sync::Arc;
use store::{PolicySet, Reader, Registration, StatementKind};

/// How long it may be used without being read again, in milliseconds: an epoch could
/// have been turned back.
pub(crate) const USED_FOR: i64 = 60_000;
/// How often it is read before it is believed that something is wrong with it: another
/// process may be in the middle of a change.
const READINGS: u32 = 3;

/// The policy set in force and who is registered, with the epoch under which both
/// were read.
pub struct InForce {
    /// The set, ready to decide. `None` when what the database holds was refused:
    /// nothing is permitted then.
    pub rules: Option<Arc<Compiled>>,
    /// Clients and administrators.
    pub registered: Registered,
    /// The facility's epoch for policy set, clients, roles and keys.
    pub epoch: EpochRead,
    /// When it was read.
    pub read: Timestamp,
    /// The row of the set: SHA-256 of its envelope, and its time.
    row: Option<(Digest, Timestamp)>,
    /// What was found wrong, in the words of our log.
    pub(crate) troubles: Vec<String>,
}

/// Rows as they were read, the epoch first.
struct Rows {
    epoch: EpochRead,
    set: Option<Result<PolicySet, store::Error>>,
    registrations: Vec<Result<Registration, store::Error>>,
}

impl InForce {
    /// Nothing, at the beginning.
    pub(crate) fn nothing(at: Timestamp) -> Self {
        Self {
            rules: None,
            registered: Registered::default(),
            epoch: EpochRead {
                scope: Tag::ZERO,
                number: 0,
            },
            read: at,
            row: None,
            troubles: Vec::new(),
        }
    }

    /// The number of the policy set; 0 when none is valid.
    #[must_use]
    pub fn policy_number(&self) -> u32 {
        self.rules.as_ref().map_or(0, |rules| rules.number())
    }

    /// The digest of the policy set; zeros when none is valid.
    #[must_use]
    pub fn policy_digest(&self) -> Digest {
        let digest = self.rules.as_ref().map(|rules| rules.digest());
        digest.unwrap_or(Digest::ZERO)
    }

    /// Whether it may be used at this moment.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        // A clock that was set back makes it stale.
        (0..USED_FOR).contains(&now.as_millis().saturating_sub(self.read.as_millis()))
    }

    /// Reads it from the database; `before` is what was read the last time.
    ///
    /// # Errors
    /// When it cannot be read now.
    pub(crate) async fn read(
        source: Source<'_>,
        statements: &StatementLog,
        before: &Self,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut readings = 1;
        loop {
            let rows = Rows::read(source).await?;
            let read = Self::check(source, statements, before, rows, now).await?;
            if read.troubles.is_empty() || readings == READINGS {
                return Ok(read);
            }
            readings += 1;
        }
    }

    async fn check(
        source: Source<'_>,
        statements: &StatementLog,
        before: &Self,
        rows: Rows,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut read = Self {
            epoch: rows.epoch,
            ..Self::nothing(now)
        };
        for kind in [StatementKind::Policy, StatementKind::Registration] {
            if let Err(breach) = statements.read(source, kind).await? {
                read.troubles.push(breach.to_string());
                return Ok(read);
            }
        }
        match rules(source, statements, before, rows.set).await? {
            Ok((rules, row)) => {
                read.rules = Some(rules);
                read.row = Some(row);
            }
            Err(breach) => {
                read.troubles.push(breach.to_string());
                return Ok(read);
            }
        }
        let latest = statements.latest(StatementKind::Registration);
        let (registered, troubles) = Registered::open(source, rows.registrations, &latest).await?;
        read.registered = registered;
        read.troubles = troubles;
        Ok(read)
    }
}

impl Rows {
    async fn read(source: Source<'_>) -> Result<Self, Failure> {
        let id = source.id;
        // The epoch is read first: a set put in force in between makes the epoch
        // stale, never the set newer than its epoch says.
        let read = move |reader: &mut Reader| {
            let epochs = reader.epochs().read(id, &[Tag::ZERO])?;
            Ok((
                epochs.into_iter().next(),
                reader.policies().newest(id)?,
                reader.registrations().newest(id)?,
            ))
        };
        let (epoch, set, registrations) = source.store.read("what is in force", read).await?;
        Ok(Self {
            epoch: epoch.unwrap_or(EpochRead {
                scope: Tag::ZERO,
                number: 0,
            }),
            set,
            registrations,
        })
    }
}

/// The set of the row, when it is the one that was put in force last; with the digest
/// of its envelope and its time.
async fn rules(
    source: Source<'_>,
    statements: &StatementLog,
    before: &InForce,
    row: Option<Result<PolicySet, store::Error>>,
) -> Result<Result<(Arc<Compiled>, (Digest, Timestamp)), Breach>, Failure> {
    let stated = statements.newest_set();
    let row = match row.transpose() {
        Ok(row) => row,
        Err(_) => {
            let number = stated.map_or(0, |stated| stated.number);
            return Ok(Err(Breach::SetUnopened(number)));
        }
    };
    let (row, stated) = match (row, stated) {
        (Some(row), Some(stated)) if row.number == stated.number => (row, stated),
        (Some(row), None) => return Ok(Err(Breach::SetUnstated(row.number))),
        (Some(row), Some(stated)) if row.number > stated.number => {
            return Ok(Err(Breach::SetUnstated(row.number)));
        }
        (_, Some(stated)) => return Ok(Err(Breach::SetMissing(stated.number))),
        (None, None) => return Ok(Err(Breach::NoSet)),
    };
    let number = row.number;
    let written = (sealing::envelope_digest(&row.envelope), row.created);
    // The memory of rulings goes with the compiled set, so the same row keeps it.
    if let Some(rules) = &before.rules
        && rules.number() == number
        && before.row == Some(written)
    {
        return Ok(Ok((Arc::clone(rules), written)));
    }
    let opened = policy_set::open(source.name, source.keys, source.tags, &row).await;
    let Ok(source) = Failure::settled(opened)? else {
        return Ok(Err(Breach::SetUnopened(number)));
    };
    if source.digest() != stated.digest || row.created != stated.time {
        return Ok(Err(Breach::SetUnstated(number)));
    }
    Ok(match Compiled::new(number, &source) {
        Ok(compiled) => Ok((Arc::new(compiled), written)),
        Err(error) => Err(Breach::SetUnusable {
            number,
            reason: error.to_string(),
        }),
    })
}
