//! patch: `PATCH [base]/[type]/[id]` (<https://hl7.org/fhir/R4/http.html#patch>).

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{
        body::BodyForm,
        reply::{Reply, Success},
    },
    idempotency::done::Wrote,
    interaction::{
        change::version_again,
        content,
        kinds::{Change, Does, Place, Row, Submitted, TypeClass, Verb},
    },
    record::{
        index_card::made::Ended,
        security_context,
        sight::Looked,
        version::Found,
        write::{self, NewContent},
    },
};
use fhir::{
    IssueCode, Resource,
    audit_event::AuditPatient,
    patch::{Patch, Room},
};
use model::{Restful, VersionInteraction};
use policies::Action;
use std::sync::Arc;

/// How the content of a record is changed in part.
pub static ROW: Row = Row {
    place: Place::Instance,
    verb: Verb::Patch,
    interactions: &[Restful::Patch],
    classes: &[TypeClass::Stored],
    sent_for: &[Action::Update],
    body: Some(BodyForm::Patch),
    does: Does::Changes(Change {
        make: |exchange, sent| Box::pin(patch(exchange, sent)),
        again: |exchange, sent, wrote| Box::pin(again(exchange, sent, wrote)),
    }),
};

/// Applies a patch to the current version of a record. Its answer, and whether it can be
/// applied, tell of what stands there, so it takes the right to read beside that to update.
///
/// # Errors
/// Invalid for what is no patch; forbidden; not found and gone, of a record that the caller
/// could change; precondition failed; unprocessable when the patch cannot be applied.
pub(super) async fn patch(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
) -> Result<Reply, Failure> {
    let ((kind, id), preconditions) = (sent.record()?, sent.preconditions);
    let limits = &exchange.app().limits;
    // Before anything is looked up, so that it tells nothing of what is there.
    let patch = Patch::of(sent.content()?, limits.body_values())?;
    let looked = exchange.look(&[Action::Update], kind, id, None).await?;
    let target = match &looked {
        Looked::Absent => exchange.unknown(kind, id),
        seen => seen.target(exchange, kind, id),
    };
    let mut asked = exchange.ask(Action::Update, kind, id);
    if !exchange.may_replace(kind, looked.as_found()).await?
        || !exchange.permit(&mut asked, Action::Update, &target)
    {
        return Err(Failure::forbidden());
    }
    let Looked::Opened(current) = looked else {
        preconditions.check_change(None)?;
        return Err(Failure::not_found());
    };
    let Some(stands) = Stands::read(exchange, *current).await? else {
        return Err(Failure::forbidden());
    };
    let patched = match stands.patched(exchange, sent, &patch).await {
        Ok(patched) => patched,
        Err(failure) => {
            exchange.complete(&asked, None, stands.patients);
            return Err(failure);
        }
    };
    let context = security_context::of(exchange, &patched).await?;
    let mark = write::next_version(exchange, &stands.row)?;
    let mut new = NewContent::of_version(exchange, &patched, id.clone(), mark, context);
    let target = new.target(exchange);
    if !exchange.permit(&mut asked, Action::Update, &target) {
        return Err(exchange.refuse(&asked, new.patients));
    }
    new.ended = Some(Ended::of(&stands.row));
    new.left = stands.patients;
    let interaction = VersionInteraction::Patch;
    let mark = write::put(exchange, &asked, &target, interaction, &new).await?;
    Ok(Reply {
        success: Success::Ok,
        version: Some(mark),
        location: Some(exchange.location(kind, id, mark)),
        chosen: None,
        body: Some(new.canonical),
    })
}

/// What stands there, read to be changed.
struct Stands {
    row: Arc<store::Version>,
    patients: Vec<AuditPatient>,
    /// None after a delete.
    resource: Option<Resource>,
}

impl Stands {
    /// None for whoever may not read it.
    async fn read(exchange: &mut Exchange<'_>, mut found: Found) -> Result<Option<Self>, Failure> {
        let Some(right) = exchange.weigh_shown(Action::Read, &mut found).await? else {
            return Ok(None);
        };
        let (row, patients) = (Arc::clone(&found.row), found.patients.clone());
        let mut candidate = found.examine(right)?;
        let resource = candidate.version.take(|version| version.resource.take());
        Ok(Some(Self {
            row,
            patients,
            resource,
        }))
    }

    /// The content that the patch makes of it.
    async fn patched(
        &self,
        exchange: &Exchange<'_>,
        sent: &Submitted<'_>,
        patch: &Patch,
    ) -> Result<Resource, Failure> {
        let newest = exchange.newest(&self.row, sent.preconditions).await?;
        sent.preconditions.check_change(Some(&newest))?;
        let Some(resource) = &self.resource else {
            return Err(Failure::new(
                Category::Gone,
                IssueCode::Deleted,
                "the record was deleted; a PUT brings it back",
            ));
        };
        let limits = &exchange.app().limits;
        let room = Room {
            bytes: limits.body_bytes,
            values: limits.body_values(),
        };
        let patched = patch.apply(resource, room);
        let mut patched = patched.map_err(|refusal| unprocessable(refusal.into()))?;
        let (kind, _) = sent.record()?;
        content::check(exchange.context, &mut patched, kind).map_err(unprocessable)?;
        Ok(patched)
    }
}

/// The patch was read; what is wrong is what it would do here.
fn unprocessable(failure: Failure) -> Failure {
    Failure {
        category: Category::Unprocessable,
        ..failure
    }
}

/// Answers a patch again with the version that it made.
pub(super) async fn again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    version_again(exchange, Action::Update, sent.record()?, wrote).await
}
