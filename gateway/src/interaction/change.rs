//! A change of one record, asked for by itself or as an entry of a Bundle: made, or
//! answered again when it was made under the same idempotency key before.

use crate::{
    exchange::Exchange,
    failure::Failure,
    http::{precondition::Preconditions, reply::Reply},
    idempotency::done::{Done, Wrote},
    interaction::{create, delete, update},
    record::{security_context, sight::Looked, write::NewContent},
};
use fhir::Resource;
use model::{LogicalId, ResourceType, Restful, VersionNumber};
use policies::Action;

/// What is to be changed.
pub enum Change<'r> {
    /// A new record, and the id that it gets.
    Create {
        /// Its content.
        resource: &'r Resource,
        /// Assigned by us.
        id: &'r LogicalId,
    },
    /// A record of an id that the caller names.
    Update {
        /// Its new content.
        resource: &'r Resource,
        /// Its id.
        id: &'r LogicalId,
        /// What must hold of it.
        preconditions: &'r Preconditions,
    },
    /// The end of a record.
    Delete {
        /// Its type.
        kind: &'r ResourceType,
        /// Its id.
        id: &'r LogicalId,
        /// What must hold of it.
        preconditions: &'r Preconditions,
    },
}

impl Change<'_> {
    /// What it is in FHIR.
    #[must_use]
    pub const fn interaction(&self) -> Restful {
        match self {
            Self::Create { .. } => Restful::Create,
            Self::Update { .. } => Restful::Update,
            Self::Delete { .. } => Restful::Delete,
        }
    }

    /// Makes the change; also gives what is to be kept of it.
    ///
    /// # Errors
    /// Those of the interaction.
    pub async fn make(&self, exchange: &mut Exchange<'_>) -> Result<(Reply, Done), Failure> {
        let (reply, assigned) = match *self {
            Self::Create { resource, id } => (
                create::create(exchange, resource, id.clone()).await?,
                Some(id),
            ),
            Self::Update {
                resource,
                id,
                preconditions,
            } => (
                update::update(exchange, resource, id, preconditions).await?,
                None,
            ),
            Self::Delete {
                kind,
                id,
                preconditions,
            } => (
                delete::delete(exchange, kind, id, preconditions).await?,
                None,
            ),
        };
        let done = Done::wrote(&reply, assigned);
        Ok((reply, done))
    }

    /// Answers again a change that was made before, and changes nothing.
    ///
    /// # Errors
    /// Forbidden when today's rules would not let the caller make it.
    pub async fn answer_again(
        &self,
        exchange: &mut Exchange<'_>,
        wrote: &Wrote,
    ) -> Result<Reply, Failure> {
        match *self {
            Self::Create { resource, id } => {
                let id = wrote.id.as_ref().unwrap_or(id);
                written_again(exchange, Action::Create, resource, id, wrote).await
            }
            Self::Update { resource, id, .. } => {
                let first = wrote.version.map(|mark| mark.number) == Some(VersionNumber::FIRST);
                let action = if first {
                    Action::CreateWithId
                } else {
                    Action::Update
                };
                written_again(exchange, action, resource, id, wrote).await
            }
            Self::Delete { kind, id, .. } => deleted_again(exchange, kind, id, wrote).await,
        }
    }
}

/// The content of the answer is what the caller has just sent, under the identity
/// that it got: nothing stored is opened for it.
async fn written_again(
    exchange: &mut Exchange<'_>,
    action: Action,
    resource: &Resource,
    id: &LogicalId,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let mark = wrote
        .version
        .ok_or_else(|| Failure::fault("a kept answer has no version"))?;
    let context = security_context::of(exchange, resource).await?;
    let new = NewContent::of_version(exchange, resource, id.clone(), mark, context);
    let (kind, target) = (resource.resource_type(), new.target(exchange));
    let mut asked = exchange.ask(action, kind, id);
    if !exchange.permit(&mut asked, action, &target) {
        return Err(exchange.refuse(&asked, new.patients));
    }
    exchange.complete(&asked, Some(mark.number), new.patients.clone());
    Ok(Reply {
        success: wrote.success,
        version: Some(mark),
        location: Some(exchange.location(&new, mark)),
        body: Some(new.canonical),
    })
}

/// The answer to a delete that is sent again. The patients are taken from the current version.
async fn deleted_again(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let looked = exchange.look(&[Action::Delete], kind, id, None).await?;
    let may = exchange.may_replace(kind, looked.as_found()).await?;
    let (target, patients) = match looked {
        Looked::Opened(current) => (current.withheld.target(), current.patients),
        Looked::Hidden(target) => (target, Vec::new()),
        Looked::Absent => (exchange.unknown(kind, id), Vec::new()),
    };
    let mut asked = exchange.ask(Action::Delete, kind, id);
    if !may || !exchange.permit(&mut asked, Action::Delete, &target) {
        return Err(Failure::forbidden());
    }
    let number = wrote.version.map(|mark| mark.number);
    exchange.complete(&asked, number, patients);
    Ok(Reply::deleted(wrote.version))
}
