//! delete: `DELETE [base]/[type]/[id]` (<https://hl7.org/fhir/R4/http.html#delete>).

use crate::{
    exchange::Exchange,
    failure::Failure,
    http::{
        precondition::Preconditions,
        reply::{Reply, VersionMark},
    },
    record::{sight::Looked, version::is_delete, write},
};
use model::{LogicalId, ResourceType};
use policies::Action;

/// Ends a record with a version that has no content; its earlier versions stay
/// readable. Deleting what is deleted, or never was, is no error and writes
/// nothing.
///
/// # Errors
/// Forbidden; precondition failed, on what never was too.
pub async fn delete(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    preconditions: &Preconditions,
) -> Result<Reply, Failure> {
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
