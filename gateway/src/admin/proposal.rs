//! What can be proposed.

use crate::{
    facility::registration::{Administrator, Client, Profile, Registrant},
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::FacilityName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Fewer could not approve anything.
pub(super) const FEWEST_ADMINISTRATORS: usize = 2;

/// Entries of one list in a proposal at most.
const MOST_LISTED: usize = 100;

/// A change that takes effect when it is approved. What is ended stands there as it
/// was registered, so that whoever approves sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "change", content = "of")]
pub(super) enum Proposal {
    /// Registers a client, or changes what is registered of it.
    ClientRegister(Client),
    /// Ends the registration of a client.
    ClientRevoke(Client),
    /// Registers an administrator.
    AdministratorRegister(Administrator),
    /// Ends the registration of an administrator.
    AdministratorRevoke(Administrator),
    /// Makes a facility.
    FacilityMake(Facility),
    /// Changes what the facility says of itself, and with whom it shares.
    FacilityChange(Profile),
}

/// A facility to be made, with those who will administer it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Facility {
    pub(super) name: FacilityName,
    pub(super) administrators: Vec<Administrator>,
    #[serde(default)]
    pub(super) clients: Vec<Client>,
}

impl Proposal {
    /// The name in rows and in the audit.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::ClientRegister(_) => "client-register",
            Self::ClientRevoke(_) => "client-revoke",
            Self::AdministratorRegister(_) => "administrator-register",
            Self::AdministratorRevoke(_) => "administrator-revoke",
            Self::FacilityMake(_) => "facility-make",
            Self::FacilityChange(_) => "facility-change",
        }
    }

    /// Whom it registers or whose registration it ends, and whether it registers.
    pub(super) fn registrant(&self) -> Option<(Registrant, bool)> {
        match self {
            Self::ClientRegister(client) => Some((Registrant::Client(client.clone()), true)),
            Self::ClientRevoke(client) => Some((Registrant::Client(client.clone()), false)),
            Self::AdministratorRegister(person) => {
                Some((Registrant::Administrator(person.clone()), true))
            }
            Self::AdministratorRevoke(person) => {
                Some((Registrant::Administrator(person.clone()), false))
            }
            Self::FacilityChange(profile) => Some((Registrant::Facility(profile.clone()), true)),
            Self::FacilityMake(_) => None,
        }
    }

    /// Refuses lists that nobody would read before approving.
    pub(super) fn check_lists(&self) -> Result<(), Failure> {
        let lists = match self {
            Self::FacilityMake(facility) => vec![
                ("administrators", facility.administrators.len()),
                ("clients", facility.clients.len()),
            ],
            Self::FacilityChange(profile) => vec![("sharing.with", profile.sharing.with.len())],
            _ => Vec::new(),
        };
        let Some((name, listed)) = lists.into_iter().find(|(_, listed)| *listed > MOST_LISTED)
        else {
            return Ok(());
        };
        Err(Failure::new(
            Category::Unprocessable,
            IssueCode::BusinessRule,
            format!(
                "`{name}` lists {listed}, and a proposal takes {MOST_LISTED} at most; list \
                 fewer, and register the other people and clients by themselves later"
            ),
        ))
    }

    /// What it is about, in the words of the audit.
    pub(super) fn subject(&self) -> String {
        match (self, self.registrant()) {
            (Self::FacilityMake(facility), _) => format!("facilities/{}", facility.name),
            (_, Some((registrant, _))) => registrant.reference(),
            (_, None) => String::new(),
        }
    }
}

impl Facility {
    /// Refuses what could not be administered.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let people = self.administrators.iter();
        let distinct: BTreeSet<_> = people
            .map(|person| (&person.issuer, &person.subject))
            .collect();
        let clients: BTreeSet<_> = self.clients.iter().map(Client::id).collect();
        if distinct.len() < FEWEST_ADMINISTRATORS
            || distinct.len() < self.administrators.len()
            || clients.len() < self.clients.len()
        {
            return Err(Failure::new(
                Category::Unprocessable,
                IssueCode::BusinessRule,
                "name at least two administrators of the new facility; list each person and \
                 client once",
            ));
        }
        let people = self.administrators.iter().cloned();
        let clients = self.clients.iter().cloned();
        people
            .map(Registrant::Administrator)
            .chain(clients.map(Registrant::Client))
            .try_for_each(|registrant| registrant.check())
    }
}
