//! delete: `DELETE [base]/[type]/[id]` (<https://hl7.org/fhir/R4/http.html#delete>).

use crate::{
    exchange::{Exchange, asked::Asked},
    failure::Failure,
    http::reply::{Reply, VersionMark},
    idempotency::done::Wrote,
    interaction::kinds::{Change, Does, Place, RECORDS, Row, Submitted, Verb},
    record::{sight::Looked, version::is_delete, write},
};
use model::{LogicalId, ResourceType, Restful};
use policies::{Action, Target};

/// How a record ends.
pub static ROW: Row = Row {
    place: Place::Instance,
    verb: Verb::Delete,
    interactions: &[Restful::Delete],
    classes: RECORDS,
    sent_for: &[],
    body: None,
    does: Does::Changes(Change {
        make: |exchange, sent| Box::pin(delete(exchange, sent)),
        again: |exchange, sent, wrote| Box::pin(again(exchange, sent, wrote)),
    }),
};

/// A delete that was permitted.
struct Ready {
    asked: Asked,
    target: Target,
    looked: Looked,
}

/// Ends a record with a version that has no content; its earlier versions stay
/// readable. Deleting what is deleted, or never was, is no error and writes
/// nothing.
///
/// # Errors
/// Forbidden; precondition failed, on what never was too.
pub(super) async fn delete(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
) -> Result<Reply, Failure> {
    let ((kind, id), preconditions) = (sent.record()?, sent.preconditions);
    let Ready {
        asked,
        target,
        looked,
    } = ready(exchange, kind, id).await?;
    let Looked::Opened(current) = looked else {
        preconditions.check_change(None)?;
        return Ok(Reply::deleted(None));
    };
    let newest = exchange.newest(&current.row, preconditions).await?;
    if let Err(failure) = preconditions.check_change(Some(&newest)) {
        exchange.complete(&asked, None, current.patients);
        return Err(failure);
    }
    if is_delete(&current.row) {
        let mark = VersionMark {
            number: current.row.number,
            time: current.row.time,
        };
        exchange.complete(&asked, None, current.patients);
        return Ok(Reply::deleted(Some(mark)));
    }
    let mark = write::delete(exchange, &asked, &target, id, *current).await?;
    Ok(Reply::deleted(Some(mark)))
}

/// Tries a delete, without its effect.
///
/// # Errors
/// Those of a delete.
pub(crate) async fn try_out(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
) -> Result<(), Failure> {
    let Ready { asked, looked, .. } = ready(exchange, kind, id).await?;
    if let Looked::Opened(current) = looked {
        exchange.complete(&asked, None, current.patients);
    }
    Ok(())
}

async fn ready(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
) -> Result<Ready, Failure> {
    let looked = exchange.look(&[Action::Delete], kind, id, None).await?;
    let target = match &looked {
        Looked::Absent => exchange.unknown(kind, id),
        seen => seen.target(exchange, kind, id),
    };
    let mut asked = exchange.ask(Action::Delete, kind, id);
    if !exchange.may_replace(kind, looked.as_found()).await? {
        return Err(Failure::forbidden());
    }
    // A refusal names what was aimed at, as it does when nothing is there.
    if !exchange.permit(&mut asked, Action::Delete, &target) {
        return Err(Failure::forbidden());
    }
    Ok(Ready {
        asked,
        target,
        looked,
    })
}

/// The answer to a delete that is sent again. The patients are taken from the current version.
pub(super) async fn again(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'_>,
    wrote: &Wrote,
) -> Result<Reply, Failure> {
    let (kind, id) = sent.record()?;
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
