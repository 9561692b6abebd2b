//! A client or an administrator as it is registered: what is sealed of it
//! (docs/storage-format.md, "Registrations"), and the row that stores it.

use crate::{
    failure::{Category, Failure},
    keyring::{HeldKey, Keyring},
    sealed_json,
};
use fhir::IssueCode;
use model::{FacilityName, Random, ResourceType, Tag, Timestamp, VersionNumber};
use policies::Role;
use sealing::{ClearFacts, IdRoot, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::RegistrationKind;

/// Ids, subjects and names longer than this are not used in tokens either.
const MAX_CHARS: usize = 255;

/// A client whose tokens count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Client {
    /// The OAuth client id.
    pub client_id: String,
    /// How people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What whoever holds a token of this client may be.
    pub roles: BTreeSet<Role>,
}

/// A person who administers a facility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Administrator {
    /// The issuer of the person's tokens.
    pub issuer: String,
    /// The person, as its tokens say.
    pub subject: String,
    /// How people call the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What a row registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Registrant {
    /// A client.
    Client(Client),
    /// An administrator.
    Administrator(Administrator),
}

/// What is sealed. The state stands in the row too, where anyone who can write to
/// the database could change it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    registered: Registrant,
    state: State,
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum State {
    Active,
    Revoked,
}

impl State {
    const fn of(active: bool) -> Self {
        match active {
            true => Self::Active,
            false => Self::Revoked,
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_CHARS && !text.chars().any(char::is_control)
}

impl Registrant {
    /// Refuses what no token could say.
    ///
    /// # Errors
    /// Unprocessable, with what to do.
    pub fn check(&self) -> Result<(), Failure> {
        let refused = |text: &str| {
            Err(Failure::new(
                Category::Unprocessable,
                IssueCode::BusinessRule,
                text,
            ))
        };
        let (words, name) = match self {
            Self::Client(client) => (vec![&client.client_id], &client.name),
            Self::Administrator(person) => (vec![&person.issuer, &person.subject], &person.name),
        };
        if !words.into_iter().chain(name).all(|word| is_plain(word)) {
            return refused("client ids, issuers, subjects and names have 1 to 255 characters");
        }
        match self {
            Self::Client(client) if client.roles.is_empty() => {
                refused("give the client at least one role; none of its tokens would count")
            }
            _ => Ok(()),
        }
    }

    /// What it is, in the words of the audit.
    pub(crate) fn reference(&self) -> String {
        match self {
            Self::Client(client) => format!("clients/{}", client.client_id),
            Self::Administrator(person) => {
                format!("administrators/{}|{}", person.issuer, person.subject)
            }
        }
    }

    pub(crate) const fn kind(&self) -> RegistrationKind {
        match self {
            Self::Client(_) => RegistrationKind::Client,
            Self::Administrator(_) => RegistrationKind::Administrator,
        }
    }

    /// The tag that stands for it in audit rows too: the client tag or the user tag.
    pub(crate) fn tag(&self, tags: &IdRoot) -> Tag {
        match self {
            Self::Client(client) => tags.client_tag(&client.client_id),
            Self::Administrator(person) => tags.user_tag(&person.issuer, &person.subject),
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Client(client) => client.client_id.clone(),
            Self::Administrator(person) => person.id(),
        }
    }

    /// Seals a registration, or its end, as the row that stores it.
    ///
    /// # Errors
    /// When sealing fails.
    pub(crate) fn seal(
        &self,
        (facility, tags, key): (&FacilityName, &IdRoot, &HeldKey),
        (number, active): (u32, bool),
        at: Timestamp,
        random: &dyn Random,
    ) -> Result<store::Registration, Failure> {
        let content = Content {
            registered: self.clone(),
            state: State::of(active),
        };
        let (kind, tag) = (sealed_type(self.kind())?, self.tag(tags));
        let place = place(facility, &kind, (tag, number), at)?;
        let bytes = sealed_json::bytes(&content)?;
        let sealed = sealing::seal(&place, key.id, &key.key, &self.id(), &bytes, random)?;
        Ok(store::Registration {
            kind: self.kind(),
            tag,
            number,
            active,
            data_key: key.id,
            envelope: sealed.envelope,
            created: at,
        })
    }
}

impl Administrator {
    /// Issuer, line feed, subject.
    pub(crate) fn id(&self) -> String {
        id_of(&self.issuer, &self.subject)
    }
}

pub(crate) fn id_of(issuer: &str, subject: &str) -> String {
    format!("{issuer}\n{subject}")
}

fn sealed_type(kind: RegistrationKind) -> Result<ResourceType, Failure> {
    let name = match kind {
        RegistrationKind::Client => "#client",
        RegistrationKind::Administrator => "#administrator",
    };
    name.parse().map_err(Failure::fault)
}

fn place<'a>(
    facility: &'a FacilityName,
    kind: &'a ResourceType,
    (record, number): (Tag, u32),
    time: Timestamp,
) -> Result<Place<'a>, Failure> {
    Ok(Place {
        facility,
        resource_type: kind,
        record,
        version: VersionNumber::new(number)
            .ok_or_else(|| Failure::fault("a registration has the number 0"))?,
        clear: ClearFacts::at(time),
    })
}

/// The registrant of a row; none when the row ends a registration.
pub(crate) async fn open_row(
    name: &FacilityName,
    keys: &Keyring,
    tags: &IdRoot,
    row: &store::Registration,
) -> Result<Option<Registrant>, Failure> {
    if !row.active {
        return Ok(None);
    }
    let held = keys.by_id(row.data_key).await?;
    let kind = sealed_type(row.kind)?;
    let place = place(name, &kind, (row.tag, row.number), row.created)?;
    let opened = sealing::open(&place, &held.key, &row.envelope)?;
    let Content { registered, state } = serde_json::from_slice(&opened.content)
        .map_err(|_| Failure::fault("the content of a registration cannot be read"))?;
    let fits = registered.kind() == row.kind && registered.tag(tags) == row.tag;
    if fits && state == State::of(row.active) {
        Ok(Some(registered))
    } else {
        Err(Failure::fault("a registration is not what its row says"))
    }
}

#[cfg(test)]
mod tests;
