//! A change of one record, asked for by itself or as an entry of a Bundle: made, or
//! answered again when it was made under the same idempotency key before.

use crate::{
    exchange::Exchange,
    failure::Failure,
    http::reply::Reply,
    idempotency::{
        Write,
        done::{self, Done, Wrote},
    },
    interaction::kinds::{Change, Submitted},
    record::{security_context, write::NewContent},
};
use fhir::{Resource, bundle::EntryUrl};
use model::{LogicalId, ResourceType};
use policies::Action;

/// A change with what it is made of.
pub(crate) struct Changing<'r> {
    pub(crate) change: Change,
    pub(crate) sent: Submitted<'r>,
}

impl Changing<'_> {
    /// Makes the change; also gives what is to be kept of it.
    ///
    /// # Errors
    /// Those of the interaction.
    pub(super) async fn make(&self, exchange: &mut Exchange<'_>) -> Result<(Reply, Done), Failure> {
        let reply = (self.change.make)(exchange, &self.sent).await?;
        let done = Done::wrote(&reply, reply.chosen.as_ref().or(self.sent.assigned));
        Ok((reply, done))
    }

    /// Answers again a change that was made before, and changes nothing.
    ///
    /// # Errors
    /// Forbidden when today's rules would not let the caller make it.
    pub(super) async fn answer_again(
        &self,
        exchange: &mut Exchange<'_>,
        wrote: &Wrote,
    ) -> Result<Reply, Failure> {
        (self.change.again)(exchange, &self.sent, wrote).await
    }
}

impl Changing<'_> {
    /// Answers again with the version that was made, where what was sent does not tell its
    /// content.
    ///
    /// # Errors
    /// Forbidden when today's rules would not let the caller make it, or read it.
    pub(super) async fn answer_with_version(
        &self,
        exchange: &mut Exchange<'_>,
        wrote: &Wrote,
    ) -> Result<Reply, Failure> {
        let (action, id) = match self.sent.url {
            EntryUrl::Instance { id, .. } => (Action::Update, Some(id)),
            _ => (Action::Create, wrote.id.as_ref()),
        };
        let id = id.ok_or_else(|| Failure::fault("a kept answer has no id"))?;
        let kind = self.sent.url.resource_type();
        let kind = kind.ok_or_else(|| Failure::fault("a change of no type"))?;
        version_again(exchange, action, (kind, id), wrote).await
    }
}

impl Write for Changing<'_> {
    async fn first(&self, exchange: &mut Exchange<'_>) -> Result<(Reply, Vec<Done>), Failure> {
        let (reply, done) = self.make(exchange).await?;
        Ok((reply, vec![done]))
    }

    async fn again(&self, exchange: &mut Exchange<'_>, done: &[Done]) -> Result<Reply, Failure> {
        self.answer_again(exchange, done::only_write(done)?).await
    }
}

/// A write that was made before.
pub(super) struct Kept<'r> {
    pub(super) action: Action,
    pub(super) resource: &'r Resource,
    pub(super) id: &'r LogicalId,
    pub(super) wrote: &'r Wrote,
}

/// Answers again a write that was made before. The content of the answer is what the caller
/// has just sent, under the identity that it got: nothing stored is opened for it.
pub(super) async fn written_again(
    exchange: &mut Exchange<'_>,
    kept: Kept<'_>,
) -> Result<Reply, Failure> {
    let Kept {
        action,
        resource,
        id,
        wrote,
    } = kept;
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
        location: Some(exchange.location(kind, id, mark)),
        chosen: None,
        body: Some(new.canonical),
    })
}

/// Answers again with the version that was made, opened for whoever may make it and read it
/// today: what was sent does not tell its content.
pub(super) async fn version_again(
    exchange: &mut Exchange<'_>,
    action: Action,
    (kind, id): (&ResourceType, &LogicalId),
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let mark = wrote
        .version
        .ok_or_else(|| Failure::fault("a kept answer has no version"))?;
    let number = Some(mark.number);
    let looked = exchange.look(&[action], kind, id, number).await?;
    let target = looked.target(exchange, kind, id);
    let may = exchange.may_replace(kind, looked.as_found()).await?;
    let mut asked = exchange.ask(action, kind, id);
    let permitted = exchange.permit(&mut asked, action, &target) && may;
    let Some(mut found) = looked.found().filter(|_| permitted) else {
        return Err(Failure::forbidden());
    };
    let Some(right) = exchange.weigh_shown(Action::Read, &mut found).await? else {
        return Err(Failure::forbidden());
    };
    let patients = found.patients.clone();
    let candidate = found.examine(right)?;
    let content = candidate.version.look(|version| version.content.to_vec());
    exchange.complete(&asked, number, patients);
    Ok(Reply {
        success: wrote.success,
        version: Some(mark),
        location: Some(exchange.location(kind, id, mark)),
        chosen: None,
        body: Some(content),
    })
}
