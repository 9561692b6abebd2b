//! Who is registered at a facility: the clients whose tokens count there and what they
//! may be, and the administrators. Read together with the policy set, and in force
//! under the same epoch.

use crate::{
    failure::{Category, Failure},
    keyring::Keyring,
    registration::{Administrator, Client, Registrant, id_of, open_row},
};
use fhir::IssueCode;
use model::{FacilityName, Tag, Timestamp};
use policies::{Caller, Role};
use sealing::IdRoot;
use std::{collections::BTreeMap, sync::Arc};
use store::RegistrationKind;

/// Of whom a token is believed only what is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisteredOnly {
    /// The role `admin` counts for registered administrators alone.
    pub administrators: bool,
    /// A token counts when its client is registered at the caller's home, with the
    /// roles registered for it and no others.
    pub clients: bool,
}

/// A registration that holds.
#[derive(Debug, Clone)]
pub(crate) struct Held<T> {
    pub(crate) tag: Tag,
    pub(crate) since: Timestamp,
    pub(crate) of: T,
}

/// Everyone who is registered at a facility.
#[derive(Debug, Default)]
pub struct Registered {
    /// By client id.
    clients: BTreeMap<String, Held<Client>>,
    /// By issuer, line feed, subject.
    administrators: BTreeMap<String, Held<Administrator>>,
    /// The newest number of every tag, that of what was ended included.
    numbers: BTreeMap<(RegistrationKind, Tag), u32>,
}

impl Registered {
    /// Opens the rows. One that does not open registers nobody, and says so in the
    /// log: whoever it stands for is shut out, and nobody else is.
    ///
    /// # Errors
    /// When the keys cannot be read now.
    pub(crate) async fn open(
        name: &FacilityName,
        keys: &Keyring,
        tags: &IdRoot,
        rows: Vec<store::Registration>,
    ) -> Result<Self, Failure> {
        let mut registered = Self::default();
        for row in rows {
            registered.numbers.insert((row.kind, row.tag), row.number);
            match open_row(name, keys, tags, &row).await {
                Ok(Some(registrant)) => registered.hold(&row, registrant),
                Ok(None) => {}
                Err(failure) if failure.category == Category::Unavailable => return Err(failure),
                Err(failure) => {
                    tracing::error!(facility = %name, kind = ?row.kind, tag = %row.tag,
                        number = row.number, %failure, "a registration does not open");
                }
            }
        }
        Ok(registered)
    }

    fn hold(&mut self, row: &store::Registration, registrant: Registrant) {
        let (tag, since) = (row.tag, row.created);
        match registrant {
            Registrant::Client(of) => {
                let held = Held { tag, since, of };
                self.clients.insert(held.of.client_id.clone(), held);
            }
            Registrant::Administrator(of) => {
                let held = Held { tag, since, of };
                self.administrators.insert(held.of.id(), held);
            }
        }
    }

    /// The caller as far as it is believed; none when its client is not registered.
    pub(crate) fn believed(
        &self,
        only: RegisteredOnly,
        caller: &Arc<Caller>,
    ) -> Option<Arc<Caller>> {
        let registered = match only.clients {
            true => Some(self.clients.get(&caller.client)?),
            false => None,
        };
        let counts = |role: &Role| {
            registered.is_none_or(|client| client.of.roles.contains(role))
                && (*role != Role::Admin
                    || !only.administrators
                    || self.is_administrator(&caller.issuer, &caller.subject))
        };
        if caller.roles.iter().all(counts) {
            return Some(Arc::clone(caller));
        }
        let mut cut = Caller::clone(caller);
        cut.roles.retain(counts);
        Some(Arc::new(cut))
    }

    fn is_administrator(&self, issuer: &str, subject: &str) -> bool {
        self.administrators.contains_key(&id_of(issuer, subject))
    }

    /// The clients, by id.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &Held<Client>> {
        self.clients.values()
    }

    /// The client of this id, or of this tag.
    pub(crate) fn client(&self, id: &str) -> Option<&Held<Client>> {
        let by_tag = || self.clients().find(|held| held.tag.to_string() == id);
        self.clients.get(id).or_else(by_tag)
    }

    /// The administrators, by issuer and subject.
    pub(crate) fn administrators(&self) -> impl Iterator<Item = &Held<Administrator>> {
        self.administrators.values()
    }

    /// The administrator of this tag.
    pub(crate) fn administrator(&self, tag: Tag) -> Option<&Held<Administrator>> {
        self.administrators().find(|held| held.tag == tag)
    }

    /// Whether it is registered, exactly so.
    pub(crate) fn holds(&self, registrant: &Registrant) -> bool {
        match registrant {
            Registrant::Client(client) => {
                let held = self.clients.get(&client.client_id);
                held.is_some_and(|held| held.of == *client)
            }
            Registrant::Administrator(person) => {
                self.is_administrator(&person.issuer, &person.subject)
            }
        }
    }

    /// The number of the next registration under a tag.
    pub(crate) fn next_number(&self, kind: RegistrationKind, tag: Tag) -> u32 {
        let newest = self.numbers.get(&(kind, tag)).copied().unwrap_or(0);
        newest.saturating_add(1)
    }
}

/// The answer to a client that is not registered.
pub(crate) fn refusal() -> Failure {
    Failure::new(
        Category::Forbidden,
        IssueCode::Forbidden,
        "the client of this token is not registered at its facility; ask an administrator of \
         the facility to register it",
    )
}

#[cfg(test)]
mod tests;
