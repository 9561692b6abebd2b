//! Taking over a facility of version 0.1, whose policy sets stood in clear and whose
//! registrations had no statements: once, by a command of the operator, who sees what is
//! found before it is sealed. Nothing here can tell whether someone changed it before;
//! what the log says of it is shown beside.

mod old_set;

pub use old_set::OldSet;

use super::{
    first_profile,
    operator::{self, Act, Touched},
};
use crate::{
    admin::{OldChanges, state_old_changes},
    audit::administered::Did,
    facility::{
        Facility,
        policy_set::{self, NewSet, Numbers},
        registration::{Administrator, Client, Entry, NewRegistration, Registrant, open_row},
        statement::{self, Said},
    },
    failure::Failure,
    ports::Ports,
};
use model::{Clock, FacilityName, Random, Scope, Tag, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::{
    DecidedChange, NewStatement, PolicySetInClear, Reader, Registration, StatementKind, Store,
};

/// What version 0.1 left of a facility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldFacility {
    /// Its name.
    pub name: FacilityName,
    /// Its policy sets; the last is the one in force.
    pub sets: Vec<OldSet>,
    /// Who is registered as administrator.
    pub administrators: Vec<Administrator>,
    /// Which clients are registered; they have no issuer yet.
    pub clients: Vec<Client>,
    /// How many changes were proposed.
    pub changes: usize,
    /// Whether it is the first one of the database, whose administrators make others.
    pub first: bool,
}

impl OldFacility {
    /// Whether version 0.1.0 shipped every policy set.
    #[must_use]
    pub fn is_as_shipped(&self) -> bool {
        self.sets.iter().all(|set| set.shipped)
    }
}

/// What the operator adds.
#[derive(Debug, Clone, Default)]
pub struct Confirmed {
    /// The issuer of the registered clients; needed when there are any.
    pub client_issuer: Option<String>,
    /// With which facilities it shares.
    pub shares_with: BTreeSet<FacilityName>,
}

/// A facility that is about to be taken over.
pub struct TakeOver {
    facility: Arc<Facility>,
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    rows: Rows,
    found: OldFacility,
    /// Every administrator who was ever registered.
    people: Vec<Administrator>,
}

#[derive(Clone, PartialEq, Eq)]
struct Rows {
    sets: Vec<PolicySetInClear>,
    registrations: Vec<Registration>,
    /// Oldest first.
    changes: Vec<DecidedChange>,
}

/// What is written.
struct Writes {
    sets: Vec<NewSet>,
    statements: Vec<NewStatement>,
    registrations: Vec<NewRegistration>,
    changes: OldChanges,
}

impl TakeOver {
    /// Looks at a facility; `None` when it is not as version 0.1 left it. Writes nothing.
    ///
    /// # Errors
    /// When something does not open, the log contradicts it, or it was sealed before.
    pub async fn look(name: &FacilityName, ports: Ports<'_>) -> Result<Option<Self>, Failure> {
        let facility = Facility::open_keys(name, ports).await?;
        let Ports {
            store,
            clock,
            random,
            ..
        } = ports;
        if !facility.is_of_0_1().await? {
            return Ok(None);
        }
        let id = facility.id;
        let read = move |reader: &mut Reader| {
            let changes = oldest_first(reader.changes().newest(id, None, u32::MAX)?);
            let first = reader
                .facilities()
                .list()?
                .first()
                .map(|facility| facility.id)
                == Some(id);
            let rows = Rows {
                sets: reader.policies().in_clear(id)?,
                registrations: reader.registrations().all(id)?,
                changes,
            };
            Ok((rows, first))
        };
        let (rows, first) = store.read("facility of version 0.1", read).await?;
        let mut sets = Vec::new();
        for (number, row) in (1..).zip(&rows.sets) {
            sets.push(old_set::look(&facility, store, number, row).await?);
        }
        let (people, administrators, clients) = registered(&facility, &rows.registrations).await?;
        let found = OldFacility {
            name: name.clone(),
            sets,
            administrators,
            clients,
            changes: rows.changes.len(),
            first,
        };
        Ok(Some(Self {
            facility: Arc::new(facility),
            store: store.clone(),
            clock: Arc::clone(clock),
            random: Arc::clone(random),
            rows,
            found,
            people,
        }))
    }

    /// What was found.
    #[must_use]
    pub const fn found(&self) -> &OldFacility {
        &self.found
    }

    /// Seals and states all of it, in one transaction with its audit.
    ///
    /// # Errors
    /// When an issuer is needed and none was named, or what was looked at has changed.
    pub async fn seal(self, confirmed: &Confirmed) -> Result<(), Failure> {
        let now = self.clock.now();
        let writes = self.writes(confirmed, now).await?;
        let touched = self.found.sets.iter().map(|set| Touched {
            path: format!("policies/{}", set.number),
            did: Did::Update,
        });
        let act = Act {
            name: "take-over",
            command: "chartseal take-over",
            touched: touched.collect(),
        };
        let audit = operator::audit(&self.facility, &act, now, &*self.random).await?;
        let (id, looked_at) = (self.facility.id, self.rows);
        self.store
            .run_tx("take-over", &[], move |tx| {
                let same = tx.policies().in_clear(id)? == looked_at.sets
                    && tx.policies().newest(id)?.is_none()
                    && tx.registrations().all(id)? == looked_at.registrations
                    && oldest_first(tx.changes().newest(id, None, u32::MAX)?) == looked_at.changes;
                if !same {
                    return Err(store::Error::Taken(store::Taken::Seen));
                }
                for set in &writes.sets {
                    set.insert(tx, id)?;
                }
                for statement in &writes.statements {
                    tx.statements().insert(id, statement)?;
                }
                for registration in &writes.registrations {
                    registration.insert(tx, id)?;
                }
                writes.changes.insert(tx, id)?;
                tx.policies().remove_in_clear(id)?;
                tx.epochs().bump(id, Tag::ZERO)?;
                tx.audits().insert(id, &audit)
            })
            .await?;
        Ok(())
    }

    async fn writes(&self, confirmed: &Confirmed, now: Timestamp) -> Result<Writes, Failure> {
        let facility = &self.facility;
        let key = facility.keys.for_scope(Scope::Facility).await?;
        let own = facility.own_seal(&key, &*self.random);
        let mut sets = Vec::new();
        for row in &self.rows.sets {
            let numbers = Numbers {
                set: row.number,
                statement: row.number,
            };
            sets.push(policy_set::make(
                &own,
                numbers,
                &old_set::source(row)?,
                row.created,
            )?);
        }
        // Every row that is there is stated as it is; then clients get an issuer, which
        // gives them another tag, so that their old one ends.
        let mut statements = Vec::new();
        let mut newest = BTreeMap::new();
        for row in &self.rows.registrations {
            let number = next(statements.len());
            let said = Said::entry(row.tag, row.number, &row.envelope);
            let kind = StatementKind::Registration;
            statements.push(statement::seal(&own, kind, number, row.created, &said)?);
            newest.insert(row.tag, row.number);
        }
        let mut new = self.clients_with_issuer(confirmed, &newest)?;
        let profile = first_profile(&facility.name, &confirmed.shares_with, self.found.first);
        new.extend(profile.map(|profile| (Registrant::Facility(profile), Entry::FIRST)));
        let mut registrations = Vec::new();
        for (registrant, entry) in new {
            let number = next(statements.len().saturating_add(registrations.len()));
            registrations.push(registrant.seal(&own, entry, number, now)?);
        }
        Ok(Writes {
            sets,
            statements,
            registrations,
            changes: state_old_changes(facility, &own, &self.rows.changes, &self.people).await?,
        })
    }

    /// The end of each client that has no issuer, and its registration under one.
    fn clients_with_issuer(
        &self,
        confirmed: &Confirmed,
        newest: &BTreeMap<Tag, u32>,
    ) -> Result<Vec<(Registrant, Entry)>, Failure> {
        let facility = &self.facility;
        let mut new = Vec::new();
        for client in &self.found.clients {
            let issuer = confirmed.client_issuer.clone().ok_or_else(|| {
                Failure::fault(format!(
                    "facility `{}` has registered clients, which belong to no issuer yet; name it \
                     by `--client-issuer`",
                    facility.name
                ))
            })?;
            if !client.issuer.is_empty() {
                continue;
            }
            let old = Registrant::Client(client.clone());
            let number = newest.get(&old.tag(&facility.tags)).copied().unwrap_or(0);
            let ended = Entry {
                number: number.saturating_add(1),
                active: false,
            };
            new.push((old, ended));
            let client = Client {
                issuer,
                ..client.clone()
            };
            new.push((Registrant::Client(client), Entry::FIRST));
        }
        Ok(new)
    }
}

fn oldest_first(mut newest_first: Vec<DecidedChange>) -> Vec<DecidedChange> {
    newest_first.reverse();
    newest_first
}

fn next(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}

/// Every administrator there ever was; then administrators and clients who are registered
/// now.
async fn registered(
    facility: &Facility,
    rows: &[Registration],
) -> Result<(Vec<Administrator>, Vec<Administrator>, Vec<Client>), Failure> {
    let (mut people, mut newest) = (Vec::new(), BTreeMap::new());
    for row in rows {
        let registrant = open_row(facility.source(), row).await.map_err(|failure| {
            let (number, tag) = (row.number, row.tag);
            Failure::fault(format!(
                "registration {number} of tag {tag} at facility `{}` does not open: {failure}",
                facility.name
            ))
        })?;
        if let Some(Registrant::Administrator(person)) = &registrant {
            people.push(person.clone());
        }
        newest.insert((row.kind, row.tag), registrant);
    }
    let (mut administrators, mut clients) = (Vec::new(), Vec::new());
    for registrant in newest.into_values().flatten() {
        match registrant {
            Registrant::Administrator(person) => administrators.push(person),
            Registrant::Client(client) => clients.push(client),
            Registrant::Facility(_) => {}
        }
    }
    Ok((people, administrators, clients))
}

#[cfg(test)]
mod tests;
