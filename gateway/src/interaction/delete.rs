//! delete: `DELETE [base]/[type]/[id]` (<https://hl7.org/fhir/R4/http.html#delete>).

use crate::{
    exchange::{Exchange, sight::Looked},
    failure::Failure,
    http::{
        precondition::Preconditions,
        reply::{Reply, VersionMark},
    },
    record::{version::is_delete, write},
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
    if !exchange.may_replace(kind, looked.as_found()).await? {
        exchange.touch(kind, id, None, Action::Delete, Vec::new());
        return Err(Failure::forbidden());
    }
    let Looked::Opened(current) = looked else {
        exchange.touch(kind, id, None, Action::Delete, Vec::new());
        exchange
            .decide(Action::Delete, &target)
            .ok_or_else(Failure::forbidden)?;
        preconditions.check_change(None)?;
        return Ok(Reply::deleted(None));
    };
    let Some(permit) = exchange.decide(Action::Delete, &target) else {
        // The audit names what was aimed at, as it does when nothing is there.
        exchange.touch(kind, id, None, Action::Delete, Vec::new());
        return Err(Failure::forbidden());
    };
    let newest = exchange.newest(&current.row, preconditions).await?;
    if let Err(failure) = preconditions.check_change(Some(&newest)) {
        exchange.touch(kind, id, None, Action::Delete, current.patients);
        return Err(failure);
    }
    if is_delete(&current.row) {
        let mark = VersionMark {
            number: current.row.number,
            time: current.row.time,
        };
        exchange.touch(kind, id, None, Action::Delete, current.patients);
        return Ok(Reply::deleted(Some(mark)));
    }
    let mark = write::delete(exchange, &permit, &target, id, &current.row).await?;
    exchange.touch(
        kind,
        id,
        Some(mark.number),
        Action::Delete,
        current.patients,
    );
    Ok(Reply::deleted(Some(mark)))
}
