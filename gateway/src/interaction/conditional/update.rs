//! conditional update: `PUT [base]/[type]?..` (<https://hl7.org/fhir/R4/http.html#cond-update>).

use super::{chosen, require};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{body::BodyForm, reply::Reply},
    idempotency::done::Wrote,
    interaction::{
        create,
        kinds::{Change, Does, Place, Row, Submitted, TypeClass, Verb},
        update,
    },
};
use fhir::IssueCode;
use model::{LogicalId, Restful, VersionNumber};
use policies::Action;

/// How the record that criteria choose gets new content.
pub static ROW: Row = Row {
    place: Place::Type,
    verb: Verb::Put,
    interactions: &[Restful::Update],
    classes: &[TypeClass::Stored],
    sent_for: &[Action::Update, Action::Create, Action::CreateWithId],
    body: Some(BodyForm::Fhir),
    does: Does::Changes(Change {
        make: |exchange, sent| Box::pin(update(exchange, sent)),
        again: |exchange, sent, wrote| Box::pin(again(exchange, sent, wrote)),
    }),
};

/// Writes a new version of the one record that meets the criteria; makes a record when none
/// does, under the id of the content if it has one.
///
/// # Errors
/// Those of a choice, of an update and of a create; invalid when the content has the id of
/// another record than was chosen; precondition failed when none was chosen and a record has
/// its id.
async fn update(exchange: &mut Exchange<'_>, sent: &Submitted<'_>) -> Result<Reply, Failure> {
    let (kind, criteria) = sent.criteria()?;
    let content = sent.content()?;
    require(exchange, Action::Update, kind)?;
    let choice = chosen(exchange, sent, kind, &criteria).await?;
    let (reply, id) = match (choice.record(), content.id()) {
        (Some(found), own) => {
            let id = &found.version.id;
            if own.is_some_and(|own| own != id) {
                return Err(other_id(kind.as_str()));
            }
            let reply = update::update_as(exchange, sent, id, sent.preconditions).await?;
            (reply, id)
        }
        (None, Some(own)) => (create_as(exchange, sent, own).await?, own),
        (None, None) => {
            sent.preconditions.check_change(None)?;
            (create::create(exchange, sent).await?, sent.new_id()?)
        }
    };
    Ok(reply.of_chosen(id))
}

/// Makes the record under an id of the caller's. One of this id that is there does not meet
/// the criteria, and is left as it is.
async fn create_as(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    id: &LogicalId,
) -> Result<Reply, Failure> {
    let preconditions = sent.preconditions.of_new();
    let made = update::update_as(exchange, sent, id, &preconditions).await;
    made.map_err(|mut failure| {
        if failure.category == Category::PreconditionFailed {
            failure.text = "no record meets the criteria, and another precondition does not hold, \
                            or a record of this id is there; read it and update it by its id"
                .to_owned();
        }
        failure
    })
}

fn other_id(kind: &str) -> Failure {
    let text = "the body has another `id` than the record that meets the criteria; leave it out";
    Failure::new(Category::Invalid, IssueCode::Value, text).at(format!("{kind}.id"))
}

/// Answers again, under the id of the record that was chosen or made.
async fn again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let id = wrote.id.as_ref();
    let id = id.ok_or_else(|| Failure::fault("a kept answer has no id"))?;
    let first = wrote.version.map(|mark| mark.number) == Some(VersionNumber::FIRST);
    if first && sent.content()?.id().is_none() {
        return create::again(exchange, sent, wrote).await;
    }
    update::again_as(exchange, sent, wrote, id).await
}
