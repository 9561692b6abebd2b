//! A client, an administrator or the facility itself as it is registered: what is sealed
//! of it (docs/storage-format.md, "Registrations"), and the row that stores it.

use crate::{
    facility::{
        own::Own,
        own_seal::{self, Envelope, OwnContent, OwnPlace, OwnSeal},
        sealed_json,
        statement::log::Source,
        statement::{self, Said},
    },
    failure::{Category, Failure},
    identity::is_plain,
};
use fhir::IssueCode;
use model::{FacilityName, Tag, Timestamp};
use policies::Role;
use sealing::IdRoot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::{FacilityId, NewStatement, RegistrationKind, StatementKind, Tx};

/// A client whose tokens count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Client {
    /// The OAuth client id.
    pub client_id: String,
    /// The issuer whose tokens it presents; empty only in a registration of version 0.1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
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

/// What a facility says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// Its own name here.
    pub name: FacilityName,
    /// How people call the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// With whom it shares.
    pub sharing: Sharing,
    /// Whether its administrators make other facilities: so of the installation's first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub makes_facilities: bool,
}

/// With whom a facility shares.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sharing {
    /// Facilities whose people may ask here, and at which its own people may ask: as far
    /// as they list this one too.
    pub with: BTreeSet<FacilityName>,
}

/// What a row registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Registrant {
    /// A client.
    Client(Client),
    /// An administrator.
    Administrator(Administrator),
    /// The facility itself.
    Facility(Profile),
}

/// Whether what is read is what is registered.
fn is_readable(text: &str) -> bool {
    is_plain(text) && !text.contains(model::is_unseen) && text.trim() == text
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
        if active { Self::Active } else { Self::Revoked }
    }
}

impl Registrant {
    /// Refuses what no token could say, and what whoever approves it could not tell from
    /// something else.
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
            Self::Client(client) => (vec![&client.issuer, &client.client_id], &client.name),
            Self::Administrator(person) => (vec![&person.issuer, &person.subject], &person.name),
            Self::Facility(profile) => (Vec::new(), &profile.organisation),
        };
        if !words.into_iter().chain(name).all(|word| is_readable(word)) {
            return refused(
                "client ids, issuers, subjects and names have 1 to 255 characters that can be \
                 seen, and no blank at either end",
            );
        }
        match self {
            Self::Client(client) if client.roles.is_empty() => {
                refused("give the client at least one role; none of its tokens would count")
            }
            Self::Facility(profile) if profile.sharing.with.contains(&profile.name) => {
                refused("a facility need not share with itself; leave it out of `with`")
            }
            _ => Ok(()),
        }
    }

    /// What it is, in the words of the audit.
    pub(crate) fn reference(&self) -> String {
        match self {
            Self::Client(client) => format!("clients/{}|{}", client.issuer, client.client_id),
            Self::Administrator(person) => {
                format!("administrators/{}|{}", person.issuer, person.subject)
            }
            Self::Facility(profile) => format!("facilities/{}", profile.name),
        }
    }

    pub(crate) const fn kind(&self) -> RegistrationKind {
        match self {
            Self::Client(_) => RegistrationKind::Client,
            Self::Administrator(_) => RegistrationKind::Administrator,
            Self::Facility(_) => RegistrationKind::Facility,
        }
    }

    /// The tag that stands for it. A person has the user tag, as in audit rows. A client
    /// has one that holds its issuer, for two issuers may know two clients by one id;
    /// in version 0.1 it had the client tag of audit rows.
    pub(crate) fn tag(&self, tags: &IdRoot) -> Tag {
        match self {
            Self::Client(client) if client.issuer.is_empty() => tags.client_tag(&client.client_id),
            Self::Client(_) => Own::Client.tag(tags, &self.id()),
            Self::Administrator(person) => tags.user_tag(&person.issuer, &person.subject),
            Self::Facility(_) => Own::Facility.tag(tags, &self.id()),
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Client(client) if client.issuer.is_empty() => client.client_id.clone(),
            Self::Client(client) => client.id(),
            Self::Administrator(person) => person.id(),
            Self::Facility(profile) => profile.name.to_string(),
        }
    }

    /// Seals a registration, or its end, as the row that stores it, and makes its
    /// statement, which gets this number.
    ///
    /// # Errors
    /// When sealing fails.
    pub(crate) fn seal(
        &self,
        own: &OwnSeal<'_>,
        entry: Entry,
        statement: u32,
        at: Timestamp,
    ) -> Result<NewRegistration, Failure> {
        let Entry { number, active } = entry;
        let content = Content {
            registered: self.clone(),
            state: State::of(active),
        };
        let tag = self.tag(own.tags);
        let place = OwnPlace::numbered(self.kind().into(), tag, number, at)?;
        let content = OwnContent {
            id: &self.id(),
            bytes: &sealed_json::bytes(&content)?,
        };
        let sealed = own.seal(&place, content)?;
        let said = Said::entry(tag, number, &sealed.envelope);
        Ok(NewRegistration {
            row: store::Registration {
                kind: self.kind(),
                tag,
                number,
                active,
                data_key: own.key.id,
                envelope: sealed.envelope,
                created: at,
            },
            statement: statement::seal(own, StatementKind::Registration, statement, at, &said)?,
        })
    }
}

/// An entry in the history of what is registered.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// Counted from 1 for each registrant.
    pub(crate) number: u32,
    /// False for the end of a registration.
    pub(crate) active: bool,
}

impl Entry {
    /// The one that registers.
    pub(crate) const FIRST: Self = Self {
        number: 1,
        active: true,
    };
}

/// A registration with its statement, to be stored together.
pub(crate) struct NewRegistration {
    pub(crate) row: store::Registration,
    pub(crate) statement: NewStatement,
}

impl NewRegistration {
    /// Stores both.
    ///
    /// # Errors
    /// `Taken` when a number is.
    pub(crate) fn insert(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        tx.registrations().insert(facility, &self.row)?;
        tx.statements().insert(facility, &self.statement)
    }
}

impl Client {
    /// Issuer, line feed, client id.
    pub(crate) fn id(&self) -> String {
        id_of(&self.issuer, &self.client_id)
    }
}

impl Administrator {
    /// Whether both are one person at one issuer.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (&self.issuer, &self.subject) == (&other.issuer, &other.subject)
    }

    /// Issuer, line feed, subject.
    pub(crate) fn id(&self) -> String {
        id_of(&self.issuer, &self.subject)
    }
}

/// An issuer is a configured URL, so it has no line feed.
pub(crate) fn id_of(issuer: &str, of_issuer: &str) -> String {
    format!("{issuer}\n{of_issuer}")
}

/// The registrant of a row; `None` when the row ends a registration.
///
/// # Errors
/// When it does not open, or says something else than the row.
pub(crate) async fn open_row(
    source: Source<'_>,
    row: &store::Registration,
) -> Result<Option<Registrant>, Failure> {
    let place = OwnPlace::numbered(row.kind.into(), row.tag, row.number, row.created)?;
    let sealed = Envelope {
        data_key: row.data_key,
        bytes: &row.envelope,
    };
    let opened = own_seal::open(source.name, source.keys, &place, sealed).await?;
    let Content { registered, state } = serde_json::from_slice(&opened.content)
        .map_err(|_| Failure::fault("the content of a registration cannot be read"))?;
    let fits = registered.kind() == row.kind && registered.tag(source.tags) == row.tag;
    if !fits || state != State::of(row.active) {
        return Err(Failure::fault("a registration is not what its row says"));
    }
    Ok(row.active.then_some(registered))
}

#[cfg(test)]
mod tests;
