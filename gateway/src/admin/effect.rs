//! Whether a change can be made, and what making it adds. Asked when it is proposed
//! and again when it is approved.

use super::{
    proposal::{FEWEST_ADMINISTRATORS, Facility, Proposal},
    writes::Writes,
};
use crate::{
    exchange::Exchange,
    facility::{
        registered::Registered,
        registration::{Administrator, Client, Entry, Profile, Registrant},
        setup::{FIRST_GENERATION, MadeFacility, NewFacility},
    },
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::{FacilityName, Scope};
use policies::{PolicySource, Role};
use sealing::KmsError;
use std::collections::BTreeSet;
use store::StatementKind;

/// A change that does not fit what is so now.
pub(super) fn conflict(text: impl Into<String>) -> Failure {
    Failure::new(Category::Conflict, IssueCode::Conflict, text)
}

/// Whether the change can be made now.
pub(super) async fn check(exchange: &Exchange<'_>, proposal: &Proposal) -> Result<(), Failure> {
    proposal.check_lists()?;
    if let Some((registrant, true)) = proposal.registrant() {
        registrant.check()?;
        if exchange.registered().holds(&registrant) {
            return Err(conflict("it is registered exactly so already"));
        }
    }
    let (registered, here) = (exchange.registered(), &exchange.facility().name);
    match proposal {
        Proposal::ClientRegister(client) => {
            check_issuer(exchange, here, &client.issuer)?;
            keeps_admin_client(registered, client, &client.roles)
        }
        Proposal::ClientRevoke(client) => {
            if registered.same_client(client).is_none() {
                return Err(conflict("the client is not registered any more"));
            }
            keeps_admin_client(registered, client, &BTreeSet::new())
        }
        Proposal::AdministratorRegister(person) => check_issuer(exchange, here, &person.issuer),
        Proposal::AdministratorRevoke(person) => check_remaining(registered, person),
        Proposal::FacilityMake(facility) => check_facility(exchange, facility).await,
        // What it says of making facilities was fixed when it was made itself.
        Proposal::FacilityChange(profile)
            if profile.makes_facilities != registered.makes_facilities() =>
        {
            Err(conflict("the facility has changed since; propose it again"))
        }
        Proposal::FacilityChange(profile) => check_sharing(exchange, profile).await,
    }
}

/// Administrators come through a client, so the last that may carry them stays.
fn keeps_admin_client(
    registered: &Registered,
    changed: &Client,
    roles: &BTreeSet<Role>,
) -> Result<(), Failure> {
    let carries = |client: &Client| client.roles.contains(&Role::Admin);
    let others = registered
        .clients()
        .any(|held| held.registrant.id() != changed.id() && carries(&held.registrant));
    let now = registered.same_client(changed);
    if now.is_some_and(|held| carries(&held.registrant)) && !roles.contains(&Role::Admin) && !others
    {
        return Err(conflict(
            "this is the last client with the role `admin`; register another first or no \
             administrator could sign in",
        ));
    }
    Ok(())
}

/// Nobody of an issuer that does not serve the facility could ever come in.
fn check_issuer(
    exchange: &Exchange<'_>,
    facility: &FacilityName,
    issuer: &str,
) -> Result<(), Failure> {
    if exchange.app().identity.takes(issuer, facility) {
        return Ok(());
    }
    Err(Failure::new(
        Category::Unprocessable,
        IssueCode::BusinessRule,
        "the issuer is not configured for the facility; spell it exactly as in the configuration",
    ))
}

fn check_remaining(registered: &Registered, person: &Administrator) -> Result<(), Failure> {
    if !registered.holds(&Registrant::Administrator(person.clone())) {
        return Err(conflict("the administrator is not registered any more"));
    }
    if registered.administrators().count() <= FEWEST_ADMINISTRATORS {
        return Err(conflict(
            "at least two administrators must stay, or nothing could be approved; register \
             another first",
        ));
    }
    Ok(())
}

/// Sharing with a facility that is not here would begin by itself once one of that name
/// is made.
async fn check_sharing(exchange: &Exchange<'_>, profile: &Profile) -> Result<(), Failure> {
    let list = |reader: &mut store::Reader| reader.facilities().list();
    let all = exchange.app().store.read("facilities", list).await?;
    let is_here = |name: &FacilityName| all.iter().any(|facility| facility.name == *name);
    if profile.sharing.with.iter().all(is_here) {
        return Ok(());
    }
    Err(Failure::new(
        Category::Unprocessable,
        IssueCode::BusinessRule,
        "`sharing.with` names a facility that is not here; see `/admin/facilities`",
    ))
}

async fn check_facility(exchange: &Exchange<'_>, facility: &Facility) -> Result<(), Failure> {
    if !exchange.registered().makes_facilities() {
        return Err(Failure::new(
            Category::Forbidden,
            IssueCode::Forbidden,
            "facilities are made by the administrators of the installation's first facility",
        ));
    }
    facility.check()?;
    let people = facility.administrators.iter().map(|person| &person.issuer);
    let clients = facility.clients.iter().map(|client| &client.issuer);
    for issuer in people.chain(clients) {
        check_issuer(exchange, &facility.name, issuer)?;
    }
    let carries = |client: &Client| client.roles.contains(&Role::Admin);
    if exchange.app().registered_only.clients && !facility.clients.iter().any(carries) {
        return Err(Failure::new(
            Category::Unprocessable,
            IssueCode::BusinessRule,
            "name a client with the role `admin`, by which the new facility's administrators \
             come in",
        ));
    }
    let name = facility.name.clone();
    let find = move |reader: &mut store::Reader| reader.facilities().find(&name);
    if exchange.app().store.read("facility", find).await?.is_some() {
        return Err(conflict("there is a facility of this name"));
    }
    Ok(())
}

/// What the change adds, to be committed with its approval.
pub(super) async fn make(exchange: &mut Exchange<'_>, proposal: &Proposal) -> Result<(), Failure> {
    if let Some((registrant, active)) = proposal.registrant() {
        return register(exchange, &registrant, active).await;
    }
    if let Proposal::FacilityMake(facility) = proposal {
        let made = Some(make_facility(exchange, facility)?);
        let add = |writes: &mut Writes| writes.made = made;
        exchange.parts.change(add);
    }
    Ok(())
}

async fn register(
    exchange: &mut Exchange<'_>,
    registrant: &Registrant,
    active: bool,
) -> Result<(), Failure> {
    let facility = exchange.facility();
    let key = facility.keys.for_scope(Scope::Facility).await?;
    let own = facility.own_seal(&key, &*exchange.app().random);
    let number = exchange
        .registered()
        .next_number(registrant.tag(&facility.tags));
    let statement = facility.statements.next(StatementKind::Registration);
    let new = registrant.seal(&own, Entry { number, active }, statement, exchange.at)?;
    let add = |writes: &mut Writes| writes.registered.push(new);
    exchange.parts.change(add);
    Ok(())
}

/// The root key is added before the transaction: one without a facility does no harm,
/// and the next attempt finds it.
fn make_facility(exchange: &Exchange<'_>, facility: &Facility) -> Result<MadeFacility, Failure> {
    let (kms, random) = (exchange.app().kms(), &*exchange.app().random);
    match kms.add_root(&facility.name, FIRST_GENERATION, random) {
        Ok(()) | Err(KmsError::RootTaken { .. }) => {}
        Err(error @ KmsError::Io { .. }) => {
            let text = format!(
                "the root keys cannot be written by the gateway; run `chartseal init --facility \
                 {}` where they can, with its administrators and clients, and reject this change",
                facility.name
            );
            return Err(conflict(text).because(error));
        }
        Err(error) => return Err(Failure::fault(error)),
    }
    let new = NewFacility {
        name: facility.name.clone(),
        policies: PolicySource::shipped(),
        administrators: facility.administrators.clone(),
        clients: facility.clients.clone(),
        shares_with: BTreeSet::new(),
    };
    MadeFacility::new(&new, false, kms, exchange.at, random)
}
