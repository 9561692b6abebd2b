//! read of an AuditEvent. AuditEvents are rendered from the sealed audit records, not
//! stored; what is returned is exactly what was hashed (docs/proof-format.md).

use crate::{
    audit::{
        opened::{self, OpenEvent},
        sealed::AUDIT_EVENT,
    },
    exchange::Exchange,
    failure::Failure,
    http::{
        precondition::{Newest, Preconditions},
        reply::{Reply, VersionMark},
    },
};
use model::{LogicalId, ResourceType, VersionNumber};
use policies::Action;

/// One AuditEvent.
///
/// # Errors
/// Not found for what is absent or hidden alike; precondition failed.
pub async fn read(
    exchange: &mut Exchange<'_>,
    id: &LogicalId,
    preconditions: &Preconditions,
) -> Result<Reply, Failure> {
    let event = find(exchange, Action::ReadAudit, id).await?;
    let mark = VersionMark {
        number: VersionNumber::FIRST,
        time: event.audit.row.time,
    };
    let freshness = preconditions.check_read(&Newest::only(mark))?;
    Ok(Reply::version(mark, freshness, event.canonical()?))
}

/// Finds an event and releases it under a permit for `action`.
///
/// # Errors
/// Not found for what is absent or hidden alike.
pub async fn find(
    exchange: &mut Exchange<'_>,
    action: Action,
    id: &LogicalId,
) -> Result<OpenEvent, Failure> {
    let kind: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let found = opened::find(exchange, id).await?;
    exchange.touch(&kind, id, None, action, Vec::new());
    let target = match &found {
        Some(withheld) => withheld.target(),
        None => exchange.absent(&kind, id),
    };
    match (exchange.decide(action, &target), found) {
        (Some(permit), Some(withheld)) => permit.release(withheld).map_err(Failure::fault),
        _ => Err(Failure::not_found()),
    }
}
