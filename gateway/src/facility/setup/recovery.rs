//! First administrators for a facility that has none: one made before there were any,
//! or one that lost them all; and others in the place of administrators who have never
//! decided anything, as where their issuer was misspelt.

use super::{
    operator::{self, Act, Touched},
    policies_in_force,
};
use crate::{
    audit::administered::Did,
    facility::{
        Facility,
        policy_set::NewSet,
        registration::{Administrator, Client, Entry, NewRegistration, Registrant},
    },
    failure::Failure,
    ports::Ports,
};
use model::{FacilityName, Random, Scope, Tag, Timestamp};
use policies::{Action, PolicySource, Role};
use std::sync::Arc;
use store::StatementKind;

/// Whom the operator names.
#[derive(Debug, Clone, Copy)]
pub struct First<'a> {
    /// Administrators for a facility without any.
    pub administrators: &'a [Administrator],
    /// Clients for a facility without any, or none by which its administrators can come in.
    pub clients: &'a [Client],
    /// Whether clients count that are not registered.
    pub any_client: bool,
    /// Whether the administrators may take the place of others who have never decided
    /// anything.
    pub replace: bool,
}

/// What was missing and has been added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovered {
    /// The administrators.
    pub administrators: bool,
    /// The administrators who were ended for them.
    pub replaced: Vec<Administrator>,
    /// Why they were not, where that was asked for: those who are there have decided
    /// something.
    pub decided: bool,
    /// The clients.
    pub clients: Vec<Client>,
    /// Whether no client that is registered now may carry the role `admin`.
    pub no_admin_client: bool,
    /// The shipped policy set, in the place of one that knows no administration.
    pub policies: bool,
}

/// Registers administrators where there are none, and clients where no administrator could
/// come in by one. Puts the shipped policy set in force where the present one knows no
/// administration.
///
/// # Errors
/// When the facility cannot be opened, its rules are refused, or the database refuses.
pub async fn recover(
    name: &FacilityName,
    first: First<'_>,
    ports: Ports<'_>,
) -> Result<Recovered, Failure> {
    let facility = Arc::new(Facility::open(name, ports).await?);
    if let Some(trouble) = facility.troubles().first() {
        return Err(Failure::fault(format!(
            "what decides at facility `{name}` is refused, so nothing is put on top of it: {trouble}"
        )));
    }
    let random = &**ports.random;
    let now = ports.clock.now();
    let mut recovered = Recovered::default();
    let new = missing(&facility, first, &mut recovered).await?;
    if new.is_empty() {
        return Ok(recovered);
    }
    let policies = later_policies(&facility, now, random).await?;
    recovered.policies = policies.is_some();
    let rows = seal(&facility, &new, now, random).await?;
    let touched = |(registrant, active): &(Registrant, bool)| {
        let did = if *active { Did::Create } else { Did::Delete };
        let path = registrant.reference();
        Touched { path, did }
    };
    let act = Act {
        name: "init",
        command: "chartseal init",
        touched: new.iter().map(touched).collect(),
    };
    let audit = operator::audit(&facility, &act, now, random).await?;
    let (id, epoch) = (facility.id, facility.in_force().epoch);
    let store = ports.store;
    store
        .run_tx("recovery", &[], move |tx| {
            tx.epochs().require(id, &[epoch])?;
            for row in &rows {
                row.insert(tx, id)?;
            }
            if let Some(set) = &policies {
                set.insert(tx, id)?;
            }
            tx.epochs().bump(id, Tag::ZERO)?;
            tx.audits().insert(id, &audit)
        })
        .await?;
    Ok(recovered)
}

/// Whom to register and whose registration to end.
async fn missing(
    facility: &Facility,
    first: First<'_>,
    recovered: &mut Recovered,
) -> Result<Vec<(Registrant, bool)>, Failure> {
    let in_force = facility.in_force();
    let registered = &in_force.registered;
    let mut new = Vec::new();
    let present: Vec<&Administrator> = registered
        .administrators()
        .map(|held| &held.registrant)
        .collect();
    let named = first.administrators;
    let all_there = named
        .iter()
        .all(|person| present.iter().any(|administrator| administrator.is(person)));
    let just_these = all_there && named.len() == present.len();
    if !(named.is_empty() || just_these) {
        let asked = first.replace && !present.is_empty();
        let replace = asked && none_acted(facility).await?;
        recovered.administrators = present.is_empty() || replace;
        recovered.decided = asked && !replace;
    }
    if recovered.administrators {
        let ended = present
            .iter()
            .filter(|administrator| !named.iter().any(|person| administrator.is(person)));
        recovered.replaced = ended
            .map(|administrator| (*administrator).clone())
            .collect();
        let ended = recovered.replaced.iter().cloned();
        new.extend(ended.map(|administrator| (Registrant::Administrator(administrator), false)));
        let fresh = named
            .iter()
            .filter(|person| !present.iter().any(|administrator| administrator.is(person)));
        new.extend(
            fresh
                .cloned()
                .map(|administrator| (Registrant::Administrator(administrator), true)),
        );
    }
    recovered.clients = missing_clients(facility, first).await?;
    let clients = recovered.clients.iter().cloned();
    new.extend(clients.map(|client| (Registrant::Client(client), true)));
    let mut now = registered
        .clients()
        .map(|held| &held.registrant)
        .chain(&recovered.clients);
    recovered.no_admin_client = !first.any_client && !now.any(carries_admin);
    Ok(new)
}

/// The named clients, for a facility that has none, or that nobody can administer: none of
/// its clients may carry the role, and nothing was ever decided there.
async fn missing_clients(facility: &Facility, first: First<'_>) -> Result<Vec<Client>, Failure> {
    let in_force = facility.in_force();
    let registered = &in_force.registered;
    let has_any = registered.clients().next().is_some();
    let stuck = has_any
        && !first.any_client
        && !registered
            .clients()
            .any(|held| carries_admin(&held.registrant))
        && none_acted(facility).await?;
    if first.clients.is_empty() || (has_any && !stuck) {
        return Ok(Vec::new());
    }
    if !first.any_client && !first.clients.iter().any(carries_admin) {
        return Err(Failure::fault(NO_ADMIN_CLIENT));
    }
    let named = first.clients.iter();
    let changed = named.filter(|client| !registered.holds(&Registrant::Client((*client).clone())));
    Ok(changed.cloned().collect())
}

/// What to say of clients without one by which administrators come in.
pub const NO_ADMIN_CLIENT: &str = "none of the clients may carry the role `admin`, so no \
                                   administrator could come in: name one that may by `--client \
                                   ID=admin,auditor`";

fn carries_admin(client: &Client) -> bool {
    client.roles.contains(&Role::Admin)
}

/// Whether nothing that administrators proposed was ever decided.
async fn none_acted(facility: &Facility) -> Result<bool, Failure> {
    facility.read_statements(StatementKind::Decision).await?;
    Ok(facility.statements.count(StatementKind::Decision) == 0)
}

/// The shipped set as the next one, when it is needed for what is registered.
async fn later_policies(
    facility: &Facility,
    now: Timestamp,
    random: &dyn Random,
) -> Result<Option<NewSet>, Failure> {
    let in_force = facility.in_force();
    let knows = |action| {
        in_force
            .rules
            .as_ref()
            .is_some_and(|rules| rules.knows(action))
    };
    if knows(Action::Administer) {
        return Ok(None);
    }
    let set = policies_in_force::next(facility, &PolicySource::shipped(), now, random).await?;
    Ok(Some(set))
}

async fn seal(
    facility: &Facility,
    new: &[(Registrant, bool)],
    now: Timestamp,
    random: &dyn Random,
) -> Result<Vec<NewRegistration>, Failure> {
    let key = facility.keys.for_scope(Scope::Facility).await?;
    let own = facility.own_seal(&key, random);
    let in_force = facility.in_force();
    let first = facility.statements.next(StatementKind::Registration);
    (first..)
        .zip(new)
        .map(|(statement, (registrant, active))| {
            // What was taken before may be ended as it is.
            if *active {
                registrant.check()?;
            }
            let tag = registrant.tag(&facility.tags);
            let number = in_force.registered.next_number(tag);
            let entry = Entry {
                number,
                active: *active,
            };
            registrant.seal(&own, entry, statement, now)
        })
        .collect()
}
