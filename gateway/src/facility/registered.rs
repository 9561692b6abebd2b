//! Who is registered at a facility: the clients whose tokens count there and what they
//! may be, and the administrators. Read together with the policy set, and in force
//! under the same epoch.

use crate::{
    facility::{
        registration::{Administrator, Client, Profile, Registrant, id_of, open_row},
        statement::log::{Latest, Source},
    },
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::{FacilityName, Tag, Timestamp};
use policies::{Caller, Role};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Whose token claims count only if they are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisteredOnly {
    /// The role `admin` counts for registered administrators alone.
    pub administrators: bool,
    /// A token counts when its client is registered at the caller's home, with the
    /// roles registered for it and no others.
    pub clients: bool,
    /// Two people are two only where the claims of both tokens show it.
    pub person_claims: bool,
}

/// A registration that holds.
#[derive(Debug, Clone)]
pub(crate) struct Held<T> {
    pub(crate) tag: Tag,
    pub(crate) since: Timestamp,
    pub(crate) registrant: T,
}

/// Everyone who is registered at a facility.
#[derive(Debug, Default)]
pub struct Registered {
    /// By issuer, line feed, client id.
    clients: BTreeMap<String, Held<Client>>,
    /// By issuer, line feed, subject.
    administrators: BTreeMap<String, Held<Administrator>>,
    /// What the facility says of itself.
    profile: Option<Held<Profile>>,
    /// The newest number of every tag, that of what was ended included.
    numbers: BTreeMap<Tag, u32>,
}

impl Registered {
    /// Opens the rows. One that does not open, or is not the newest that was stated of
    /// its tag, registers nobody: whoever it stands for is shut out, and nobody else is.
    /// What is wrong is given beside, in the words of our log.
    ///
    /// # Errors
    /// When the keys cannot be read now.
    pub(crate) async fn open(
        source: Source<'_>,
        rows: Vec<Result<store::Registration, store::Error>>,
        latest: &BTreeMap<Tag, Latest>,
    ) -> Result<(Self, Vec<String>), Failure> {
        let mut registered = Self::default();
        let mut troubles = Vec::new();
        let mut found = BTreeSet::new();
        for (tag, stated) in latest {
            registered.numbers.insert(*tag, stated.entry);
        }
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    troubles.push(format!("a registration cannot be read: {error}"));
                    continue;
                }
            };
            let written = Latest {
                entry: row.number,
                digest: sealing::envelope_digest(&row.envelope),
                time: row.created,
            };
            found.insert(row.tag);
            if latest.get(&row.tag) != Some(&written) {
                troubles.push(format!(
                    "registration {} of tag {} is not the newest that was stated",
                    row.number, row.tag
                ));
                continue;
            }
            match Failure::settled(open_row(source, &row).await)? {
                Ok(Some(registrant)) => registered.hold(&row, registrant),
                Ok(None) => {}
                Err(failure) => troubles.push(format!(
                    "registration {} of tag {} does not open: {failure}",
                    row.number, row.tag
                )),
            }
        }
        let gone = latest.iter().filter(|(tag, _)| !found.contains(tag));
        troubles.extend(
            gone.map(|(tag, stated)| {
                format!("registration {} of tag {tag} is missing", stated.entry)
            }),
        );
        Ok((registered, troubles))
    }

    fn hold(&mut self, row: &store::Registration, registrant: Registrant) {
        let (tag, since) = (row.tag, row.created);
        match registrant {
            Registrant::Client(registrant) => {
                let held = Held {
                    tag,
                    since,
                    registrant,
                };
                self.clients.insert(held.registrant.id(), held);
            }
            Registrant::Administrator(registrant) => {
                let held = Held {
                    tag,
                    since,
                    registrant,
                };
                self.administrators.insert(held.registrant.id(), held);
            }
            Registrant::Facility(registrant) => {
                self.profile = Some(Held {
                    tag,
                    since,
                    registrant,
                })
            }
        }
    }

    /// The caller minus unregistered roles; `None` if its client is not registered.
    pub(crate) fn believed(
        &self,
        only: RegisteredOnly,
        caller: &Arc<Caller>,
    ) -> Option<Arc<Caller>> {
        let registered = if only.clients {
            Some(self.clients.get(&id_of(&caller.issuer, &caller.client))?)
        } else {
            None
        };
        let counts = |role: &Role| {
            registered.is_none_or(|client| client.registrant.roles.contains(role))
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

    /// The client of this tag.
    pub(crate) fn client(&self, tag: Tag) -> Option<&Held<Client>> {
        self.clients().find(|held| held.tag == tag)
    }

    /// The clients of this id, each of another issuer.
    pub(crate) fn clients_of_id(&self, id: &str) -> Vec<&Held<Client>> {
        self.clients()
            .filter(|client| client.registrant.client_id == id)
            .collect()
    }

    /// The client as it is registered now.
    pub(crate) fn same_client(&self, client: &Client) -> Option<&Held<Client>> {
        self.clients.get(&client.id())
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
                let held = self.same_client(client);
                held.is_some_and(|held| held.registrant == *client)
            }
            Registrant::Administrator(person) => {
                self.is_administrator(&person.issuer, &person.subject)
            }
            Registrant::Facility(profile) => {
                self.profile().is_some_and(|own| own.registrant == *profile)
            }
        }
    }

    /// What the facility says of itself, once it has.
    pub(crate) const fn profile(&self) -> Option<&Held<Profile>> {
        self.profile.as_ref()
    }

    /// The facilities that it lists for sharing. It shares with those that list it too.
    pub(crate) fn lists_for_sharing(&self) -> BTreeSet<FacilityName> {
        let profile = self.profile.as_ref();
        profile.map_or_else(BTreeSet::new, |held| held.registrant.sharing.with.clone())
    }

    /// Whether its administrators make other facilities.
    pub(crate) fn makes_facilities(&self) -> bool {
        self.profile()
            .is_some_and(|profile| profile.registrant.makes_facilities)
    }

    /// The number of the next registration under a tag.
    pub(crate) fn next_number(&self, tag: Tag) -> u32 {
        let newest = self.numbers.get(&tag).copied().unwrap_or(0);
        newest.saturating_add(1)
    }
}

/// The answer to a client that is not registered.
pub(crate) fn refusal() -> Failure {
    Failure::new(
        Category::Forbidden,
        IssueCode::Forbidden,
        "the client of this token is not registered at its facility for the issuer of the token; \
         ask an administrator of the facility to register it",
    )
}

#[cfg(test)]
mod tests;
