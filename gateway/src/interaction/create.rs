//! create: `POST [base]/[type]` (<https://hl7.org/fhir/R4/http.html#create>), conditional by
//! `If-None-Exist` (<https://hl7.org/fhir/R4/http.html#ccreate>).

use crate::{
    exchange::{Exchange, asked::Asked},
    failure::Failure,
    http::{
        body::BodyForm,
        reply::{Reply, Success},
    },
    idempotency::done::Wrote,
    interaction::{
        change::{Kept, written_again},
        conditional::{self, Match},
        kinds::{Change, Does, Place, Row, Submitted, TypeClass, Verb},
    },
    record::{
        security_context,
        write::{self, NewContent},
    },
};
use fhir::Resource;
use model::{LogicalId, Restful, VersionInteraction};
use policies::{Action, Target};

/// How a record is made.
pub static ROW: Row = Row {
    place: Place::Type,
    verb: Verb::Post,
    interactions: &[Restful::Create],
    classes: &[TypeClass::Stored],
    sent_for: &[Action::Create],
    body: Some(BodyForm::Fhir),
    does: Does::Changes(Change {
        make: |exchange, sent| Box::pin(create(exchange, sent)),
        again: |exchange, sent, wrote| Box::pin(again(exchange, sent, wrote)),
    }),
};

/// A new record that was permitted.
struct Ready<'r> {
    asked: Asked,
    target: Target,
    new: NewContent<'r>,
}

/// Creates a record under an id that was assigned before, because a Bundle's
/// references already point to it, and because a decision may have to be made anew.
///
/// # Errors
/// Forbidden when policy does not permit it, unprocessable when its `securityContext`
/// is none that the caller may read, those of a choice by criteria; nothing is written then.
pub(super) async fn create(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
) -> Result<Reply, Failure> {
    let (resource, id) = (sent.content()?, sent.new_id()?.clone());
    // Whoever may not create is refused whatever is there.
    let Ready { asked, target, new } = ready(exchange, resource, id).await?;
    if let Some(criteria) = sent.preconditions.if_none_exist() {
        let kind = resource.resource_type();
        let chosen = conditional::chosen(exchange, sent, kind, criteria).await?;
        if let Some(found) = chosen.record() {
            return Ok(found_instead(exchange, &asked, found));
        }
    }
    let mark = write::put(exchange, &asked, &target, VersionInteraction::Create, &new).await?;
    Ok(Reply {
        success: Success::Created,
        version: Some(mark),
        location: Some(exchange.location(resource.resource_type(), &new.id, mark)),
        chosen: None,
        body: Some(new.canonical),
    })
}

/// Answers with the record that is there.
fn found_instead(exchange: &mut Exchange<'_>, asked: &Asked, found: &Match) -> Reply {
    let (version, mark) = (&found.version, found.mark());
    exchange.complete_found(asked, found.named());
    Reply {
        success: Success::Ok,
        version: Some(mark),
        location: Some(exchange.location(&version.row.resource_type, &version.id, mark)),
        chosen: Some(version.id.clone()),
        body: Some(version.content.to_vec()),
    }
}

/// Tries a create, without its effect.
///
/// # Errors
/// Those of a create.
pub(crate) async fn try_out(
    exchange: &mut Exchange<'_>,
    resource: &Resource,
    id: LogicalId,
) -> Result<(), Failure> {
    let Ready { asked, target, new } = ready(exchange, resource, id).await?;
    write::try_out(exchange, &asked, &target, &new)
}

async fn ready<'r>(
    exchange: &mut Exchange<'_>,
    resource: &'r Resource,
    id: LogicalId,
) -> Result<Ready<'r>, Failure> {
    let context = security_context::of(exchange, resource).await?;
    let new = NewContent::first(exchange, resource, id, context);
    let target = new.target(exchange);
    // Under the id that it would have: whom a refused one was about has to be found.
    let mut asked = exchange.ask(Action::Create, resource.resource_type(), &new.id);
    if !exchange.permit(&mut asked, Action::Create, &target) {
        return Err(exchange.refuse(&asked, new.patients));
    }
    Ok(Ready { asked, target, new })
}

/// Answers a create again, under the id that the record got.
pub(super) async fn again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let id = match &wrote.id {
        Some(id) => id,
        None => sent.new_id()?,
    };
    if wrote.success == Success::Ok {
        return found_again(exchange, sent, wrote, id).await;
    }
    let kept = Kept {
        action: Action::Create,
        resource: sent.content()?,
        id,
        wrote,
    };
    written_again(exchange, kept).await
}

/// Answers again with the record that was found: its version of then, by the right that it was
/// found by.
async fn found_again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
    id: &LogicalId,
) -> Result<Reply, Failure> {
    let resource = sent.content()?;
    let kind = resource.resource_type();
    let Ready { asked, .. } = ready(exchange, resource, id.clone()).await?;
    let number = wrote.version.map(|mark| mark.number);
    let action = Action::SearchType;
    let looked = exchange.look(&[action], kind, id, number).await?;
    exchange.begin_beside(Restful::Vread);
    let shown = exchange.ask_shown(action, kind, id, looked).await;
    exchange.end_beside();
    let Some((right, found)) = shown? else {
        return Err(Failure::forbidden());
    };
    let patients = found.patients.clone();
    let version = exchange.release(right, found)?;
    Ok(found_instead(
        exchange,
        &asked,
        &Match { version, patients },
    ))
}
