//! delete: `DELETE [base]/[type]/[id]` (<https://hl7.org/fhir/R4/http.html#delete>).

use crate::{
    exchange::Exchange,
    failure::Failure,
    precondition::Preconditions,
    reply::{Reply, VersionMark},
    version::is_delete,
    write,
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
    let Some(current) = exchange.current(kind, id).await? else {
        let unknown = exchange.unknown(kind, id);
        exchange.touch(kind, id, None, Action::Delete, Vec::new());
        exchange
            .decide(Action::Delete, &unknown)
            .ok_or_else(Failure::forbidden)?;
        preconditions.check_change(None)?;
        return Ok(Reply::deleted(None));
    };
    let target = current.withheld.target();
    let Some(permit) = exchange.decide(Action::Delete, &target) else {
        // The audit names what was aimed at, as it does when nothing is there.
        exchange.touch(kind, id, None, Action::Delete, Vec::new());
        return Err(Failure::forbidden());
    };
    if let Err(failure) = preconditions.check_change(Some(&current.row)) {
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
