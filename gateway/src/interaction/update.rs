//! update: `PUT [base]/[type]/[id]` (<https://hl7.org/fhir/R4/http.html#update>).

use crate::{
    exchange::{Exchange, asked::Asked as Right},
    failure::{Category, Failure},
    http::{
        body::BodyForm,
        precondition::Preconditions,
        reply::{Reply, Success},
    },
    idempotency::done::Wrote,
    interaction::{
        change::{Kept, written_again},
        kinds::{Change, Does, Place, Row, Submitted, TypeClass, Verb},
    },
    record::{
        index_card::made::Ended,
        security_context::{self, SecurityContext},
        sight::Looked,
        version::{Found, is_delete, patients_of},
        write::{self, NewContent},
    },
};
use fhir::{IssueCode, Resource};
use model::{LogicalId, Restful, VersionInteraction, VersionNumber};
use policies::{Action, Target};

/// How a record gets new content.
pub static ROW: Row = Row {
    place: Place::Instance,
    verb: Verb::Put,
    interactions: &[Restful::Update],
    classes: &[TypeClass::Stored],
    sent_for: &[Action::Update, Action::CreateWithId],
    body: Some(BodyForm::Fhir),
    does: Does::Changes(Change {
        make: |exchange, sent| Box::pin(update(exchange, sent)),
        again: |exchange, sent, wrote| Box::pin(again(exchange, sent, wrote)),
    }),
};

/// What is to be written where, and what must be there.
struct Asked<'r> {
    resource: &'r Resource,
    id: &'r LogicalId,
    preconditions: &'r Preconditions,
    context: Option<SecurityContext>,
}

/// A version that was permitted.
struct Ready<'r> {
    right: Right,
    target: Target,
    new: NewContent<'r>,
    success: Success,
}

/// Writes a new version of a record; makes the record when it does not exist and
/// policy lets this caller choose ids.
///
/// # Errors
/// Invalid when body and URL disagree; unprocessable when its `securityContext` is none
/// that the caller may read; forbidden; precondition failed.
async fn update(exchange: &mut Exchange<'_>, sent: &Submitted<'_>) -> Result<Reply, Failure> {
    let (_, id) = sent.record()?;
    check_id(sent.content()?, id)?;
    update_as(exchange, sent, id, sent.preconditions).await
}

/// The same under an id that the content need not have.
pub(super) async fn update_as(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    id: &LogicalId,
    preconditions: &Preconditions,
) -> Result<Reply, Failure> {
    let resource = sent.content()?;
    let ready = ready(exchange, resource, id, preconditions).await?;
    let Ready {
        right, target, new, ..
    } = &ready;
    let mark = write::put(exchange, right, target, VersionInteraction::Update, new).await?;
    Ok(Reply {
        success: ready.success,
        version: Some(mark),
        location: Some(exchange.location(resource.resource_type(), id, mark)),
        chosen: None,
        body: Some(ready.new.canonical),
    })
}

/// Tries an update, without its effect.
///
/// # Errors
/// Those of an update.
pub(crate) async fn try_out(
    exchange: &mut Exchange<'_>,
    resource: &Resource,
    id: &LogicalId,
) -> Result<(), Failure> {
    check_id(resource, id)?;
    let none = Preconditions::default();
    let ready = ready(exchange, resource, id, &none).await?;
    write::try_out(exchange, &ready.right, &ready.target, &ready.new)
}

async fn ready<'r>(
    exchange: &mut Exchange<'_>,
    resource: &'r Resource,
    id: &'r LogicalId,
    preconditions: &'r Preconditions,
) -> Result<Ready<'r>, Failure> {
    refuse_dots(id)?;
    check_whole(resource)?;
    // Before anything is looked up, so that it tells nothing of what is there.
    let context = security_context::of(exchange, resource).await?;
    let asked = Asked {
        resource,
        id,
        preconditions,
        context,
    };
    let kind = resource.resource_type();
    match exchange.look(&[Action::Update], kind, id, None).await? {
        Looked::Absent => create_with_id(exchange, asked).await,
        Looked::Opened(current) => replace(exchange, asked, *current).await,
        Looked::Hidden(target) => {
            let mut right = exchange.ask(Action::Update, kind, id);
            permit(exchange, &mut right, Action::Update, &target, resource)?;
            Err(Failure::forbidden())
        }
    }
}

/// Answers an update again; the first version was made with an id of the caller's.
async fn again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    again_as(exchange, sent, wrote, sent.record()?.1).await
}

/// The same of an update under an id that the content need not have.
pub(super) async fn again_as(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
    id: &LogicalId,
) -> Result<Reply, Failure> {
    let first = wrote.version.map(|mark| mark.number) == Some(VersionNumber::FIRST);
    let action = if first {
        Action::CreateWithId
    } else {
        Action::Update
    };
    let kept = Kept {
        action,
        resource: sent.content()?,
        id,
        wrote,
    };
    written_again(exchange, kept).await
}

fn refuse_dots(id: &LogicalId) -> Result<(), Failure> {
    if !fhir::is_dots(id) {
        return Ok(());
    }
    Err(Failure::new(
        Category::Invalid,
        IssueCode::Value,
        "an id must not be `.` or `..`, which no URL can name; choose another",
    ))
}

fn check_id(resource: &Resource, id: &LogicalId) -> Result<(), Failure> {
    refuse_dots(id)?;
    if resource.id() == Some(id) {
        return Ok(());
    }
    Err(Failure::new(
        Category::Invalid,
        IssueCode::Value,
        "the body must have an `id` that equals the id in the URL",
    )
    .at(format!("{}.id", resource.resource_type())))
}

/// Refuses a part of a record in place of the whole, which would lose the rest
/// (<https://hl7.org/fhir/R4/search.html#elements>).
fn check_whole(resource: &Resource) -> Result<(), Failure> {
    if !fhir::subset::is_subset(resource.value()) {
        return Ok(());
    }
    Err(Failure::new(
        Category::Unprocessable,
        IssueCode::BusinessRule,
        "the content has the tag `SUBSETTED`: it is a part of a record, and the rest would be \
         lost; read the record without `_summary` and `_elements`, and change that",
    )
    .at(format!("{}.meta.tag", resource.resource_type())))
}

/// Makes the record. Whether it is there shows in the answer, so only those come so far
/// whom nothing that could stand there would stop: all others get the refusal that they
/// would get for a hidden record, whatever the precondition.
async fn create_with_id<'r>(
    exchange: &mut Exchange<'_>,
    asked: Asked<'r>,
) -> Result<Ready<'r>, Failure> {
    let Asked {
        resource,
        id,
        preconditions,
        context,
    } = asked;
    let unknown = exchange.unknown(resource.resource_type(), id);
    let kind = resource.resource_type();
    let mut right = exchange.ask(Action::Update, kind, id);
    permit(exchange, &mut right, Action::Update, &unknown, resource)?;
    replaceable(exchange, &right, resource, None).await?;
    let new = NewContent::first(exchange, resource, id.clone(), context);
    let target = new.target(exchange);
    permit(
        exchange,
        &mut right,
        Action::CreateWithId,
        &target,
        resource,
    )?;
    preconditions.check_change(None)?;
    Ok(Ready {
        right,
        target,
        new,
        success: Success::Created,
    })
}

async fn replace<'r>(
    exchange: &mut Exchange<'_>,
    asked: Asked<'r>,
    current: Found,
) -> Result<Ready<'r>, Failure> {
    let Asked {
        resource,
        id,
        preconditions,
        context,
    } = asked;
    // Both states count: who may write the record as it is, and as it becomes.
    let before = current.withheld.target();
    let mut right = exchange.ask(Action::Update, resource.resource_type(), id);
    permit(exchange, &mut right, Action::Update, &before, resource)?;
    replaceable(exchange, &right, resource, Some(&current)).await?;
    let mark = write::next_version(exchange, &current.row)?;
    let mut new = NewContent::of_version(exchange, resource, id.clone(), mark, context);
    let target = new.target(exchange);
    permit(exchange, &mut right, Action::Update, &target, resource)?;
    let newest = exchange.newest(&current.row, preconditions).await?;
    if let Err(failure) = preconditions.check_change(Some(&newest)) {
        exchange.complete(&right, None, current.patients);
        return Err(failure);
    }
    new.ended = Some(Ended::of(&current.row));
    new.left = current.patients;
    let success = if is_delete(&current.row) {
        Success::Created
    } else {
        Success::Ok
    };
    Ok(Ready {
        right,
        target,
        new,
        success,
    })
}

/// Decides; a refusal leaves in the audit which record was aimed at and whom the body
/// names, and no more than when nothing is there.
fn permit(
    exchange: &mut Exchange<'_>,
    right: &mut Right,
    action: Action,
    target: &Target,
    resource: &Resource,
) -> Result<(), Failure> {
    if exchange.permit(right, action, target) {
        return Ok(());
    }
    Err(refuse(exchange, right, resource))
}

/// Refuses as [`permit`] does whoever may not change what stands there, or could.
async fn replaceable(
    exchange: &mut Exchange<'_>,
    right: &Right,
    resource: &Resource,
    current: Option<&Found>,
) -> Result<(), Failure> {
    if exchange
        .may_replace(resource.resource_type(), current)
        .await?
    {
        return Ok(());
    }
    Err(refuse(exchange, right, resource))
}

fn refuse(exchange: &mut Exchange<'_>, right: &Right, resource: &Resource) -> Failure {
    let named = patients_of(exchange.facility(), &exchange.context.local, resource);
    exchange.refuse(right, named)
}
