//! Taking over a facility of version 0.1, whose policy sets stood in clear and whose
//! registrations had no statements: once, by a command of the operator, who sees what is
//! found before it is sealed. Nothing here can tell whether someone changed it before;
//! what the log says of it is shown beside.

use super::operator::{self, Act};
use crate::{
    admin::{OldChanges, state_old_changes},
    facility::Facility,
    failure::Failure,
    own_seal::{self, OwnPlace},
    policy_set::{self, NewSet},
    registration::{
        Administrator, Client, NewRegistration, Profile, Registrant, Sharing, open_row,
    },
    sealed_audit::{AUDIT_EVENT, event_leaves, statement_of},
    statement::{self, Said},
};
use fhir::audit_event::StoredRecord;
use model::{
    Clock, Commitment, Digest, FacilityName, LogicalId, Random, Scope, Tag, Timestamp,
    VersionNumber,
};
use policies::PolicySource;
use sealing::Kms;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::{
    Audit, DecidedChange, NewStatement, PolicySetInClear, Reader, Registration, StatementKind,
    Store,
};
use tlog::leaf;

/// How many audit records are tried for each policy set.
const TRIED: u32 = 50;

/// A policy set of version 0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldSet {
    /// Its number.
    pub number: u32,
    /// Its policy digest, computed from its text.
    pub digest: Digest,
    /// The ids of its policies.
    pub policies: Vec<String>,
    /// When it was put in force, as its row says.
    pub created: Timestamp,
    /// The index of a leaf under a checkpoint whose statement has this digest: the
    /// facility worked by this set then.
    pub leaf: Option<u64>,
}

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
    /// When something does not open, or the log contradicts it.
    pub async fn look(
        name: &FacilityName,
        store: &Store,
        kms: &dyn Kms,
        (clock, random): (&Arc<dyn Clock>, &Arc<dyn Random>),
    ) -> Result<Option<Self>, Failure> {
        let facility = Facility::open_keys(name, store, kms, clock, random).await?;
        if !facility.is_of_0_1().await? {
            return Ok(None);
        }
        let id = facility.id;
        let read = move |reader: &mut Reader| {
            let changes = oldest_first(reader.changes().newest(id, None, u32::MAX)?);
            Ok(Rows {
                sets: reader.policies().in_clear(id)?,
                registrations: reader.registrations().all(id)?,
                changes,
            })
        };
        let rows = store.read("facility of version 0.1", read).await?;
        let mut sets = Vec::new();
        for (number, row) in (1..).zip(&rows.sets) {
            sets.push(look_at_set(&facility, store, number, row).await?);
        }
        let (people, administrators, clients) = registered(&facility, &rows.registrations).await?;
        let found = OldFacility {
            name: name.clone(),
            sets,
            administrators,
            clients,
            changes: rows.changes.len(),
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
        let touched = self
            .found
            .sets
            .iter()
            .map(|set| (format!("policies/{}", set.number), "update"));
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
                    return Err(store::Error::Taken("state that was looked at"));
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
            let place = (row.number, row.number);
            sets.push(policy_set::make(&own, place, &source(row)?, row.created)?);
        }
        // Every row that is there is stated as it is; then clients get an issuer, which
        // gives them another tag, so that their old one ends.
        let mut statements = Vec::new();
        let mut newest = BTreeMap::new();
        for row in &self.rows.registrations {
            let number = next(statements.len());
            let said = Said::entry(row.tag, row.number, &row.envelope);
            let of = (StatementKind::Registration, number);
            statements.push(statement::seal(&own, of, row.created, &said)?);
            newest.insert(row.tag, row.number);
        }
        let mut new = self.clients_with_issuer(confirmed, &newest)?;
        if !confirmed.shares_with.is_empty() {
            let profile = Profile {
                name: facility.name.clone(),
                organisation: None,
                sharing: Sharing {
                    with: confirmed.shares_with.clone(),
                },
            };
            new.push((Registrant::Facility(profile), (1, true)));
        }
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
    ) -> Result<Vec<Entry>, Failure> {
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
            new.push((old, (number.saturating_add(1), false)));
            let client = Client {
                issuer,
                ..client.clone()
            };
            new.push((Registrant::Client(client), (1, true)));
        }
        Ok(new)
    }
}

/// A registration or its end: who, the number under the tag, whether it holds.
type Entry = (Registrant, (u32, bool));

fn oldest_first(mut newest_first: Vec<DecidedChange>) -> Vec<DecidedChange> {
    newest_first.reverse();
    newest_first
}

fn next(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
}

fn source(row: &PolicySetInClear) -> Result<PolicySource, Failure> {
    let policies = serde_json::from_str(&row.policies)
        .map_err(|_| Failure::fault(format!("policy set {} cannot be read", row.number)))?;
    Ok(PolicySource {
        schema: row.schema.clone(),
        policies,
    })
}

async fn look_at_set(
    facility: &Facility,
    store: &Store,
    number: u32,
    row: &PolicySetInClear,
) -> Result<OldSet, Failure> {
    let source = source(row)?;
    let digest = source.digest();
    if row.number != number || row.digest != digest {
        return Err(Failure::fault(format!(
            "policy set {number} of facility `{}` is missing, or is not what its digest says; \
             restore the database",
            facility.name
        )));
    }
    Ok(OldSet {
        number,
        digest,
        policies: source.policies.into_keys().collect(),
        created: row.created,
        leaf: leaf_of(facility, store, number, digest).await?,
    })
}

/// A leaf under a checkpoint that an audit record made under this set has, and would not
/// have under another.
async fn leaf_of(
    facility: &Facility,
    store: &Store,
    number: u32,
    digest: Digest,
) -> Result<Option<u64>, Failure> {
    let id = facility.id;
    let tried = move |reader: &mut Reader| {
        let mut tried = Vec::new();
        for audit in reader.audits().under_policy(id, number, TRIED)? {
            if let Some(place) = covered(reader, id, &audit)? {
                tried.push((audit, place));
            }
        }
        Ok(tried)
    };
    let mut contradicted = false;
    for (audit, (index, held)) in store.read("audit under a policy set", tried).await? {
        match commitment(facility, &audit, digest).await? {
            Some(commitment) if commitment == held => return Ok(Some(index)),
            Some(_) => contradicted = true,
            None => {}
        }
    }
    match contradicted {
        false => Ok(None),
        true => Err(Failure::fault(format!(
            "the log of facility `{}` says that policy set {number} was another one; restore the \
             database",
            facility.name
        ))),
    }
}

/// Index and commitment of the leaf of an audit record, when a checkpoint covers it.
fn covered(
    reader: &mut Reader,
    id: store::FacilityId,
    audit: &Audit,
) -> Result<Option<(u64, Commitment)>, store::Error> {
    let Some(place) = reader
        .leaves()
        .find(id, audit.record, VersionNumber::FIRST)?
    else {
        return Ok(None);
    };
    let newest = reader.logs().newest_checkpoint(place.log)?;
    if newest.is_none_or(|checkpoint| checkpoint.size <= place.index) {
        return Ok(None);
    }
    let leaf = reader.leaves().range(place.log, place.index, 1)?.pop();
    Ok(leaf.map(|leaf| (leaf.index, leaf.commitment)))
}

/// What the leaf of an audit record is when this set was in force; `None` for one with a
/// query text, which is left to others.
async fn commitment(
    facility: &Facility,
    audit: &Audit,
    policy: Digest,
) -> Result<Option<Commitment>, Failure> {
    // Sealed by version 0.1, in format 1, which its row takes no part in.
    let place = OwnPlace::only(AUDIT_EVENT, audit.record, audit.time);
    let sealed = (audit.data_key, &*audit.envelope);
    let opened = own_seal::open(&facility.name, &facility.keys, &place, sealed).await?;
    let tag_of = |id: &LogicalId| facility.tags.record_tag("Patient", id.as_str());
    let record = StoredRecord::parse(&opened.content, tag_of)
        .map_err(|_| Failure::fault("a sealed audit record cannot be read"))?;
    if record.query_count() > 0 {
        return Ok(None);
    }
    let leaves = event_leaves(&record, &opened.salts, &[])?;
    let statement = statement_of(facility, audit, &record, &leaves, policy)?.encode();
    Ok(Some(leaf::commitment(&opened.salts.leaf, &statement)))
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
