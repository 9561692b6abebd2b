//! read of an AuditEvent. AuditEvents are rendered from the sealed audit records, not
//! stored; what is returned is exactly what was hashed (docs/proof-format.md).

use crate::{
    audit::{
        opened::{self, OpenEvent},
        sealed::AUDIT_EVENT,
    },
    exchange::Exchange,
    facility::own::Own,
    failure::Failure,
    http::{
        precondition::{Newest, Preconditions},
        reply::{Reply, VersionMark},
    },
};
use model::{LogicalId, ResourceType, VersionNumber};
use policies::{Action, Withheld};

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
    let found = opened_event(exchange, id).await?;
    let mut asked = exchange.ask(action, &kind, id);
    let target = match &found {
        Some(withheld) => withheld.target(),
        None => exchange.absent(&kind, id),
    };
    exchange.permit(&mut asked, action, &target);
    match found {
        Some(withheld) if asked.is_permitted() => exchange.disclose_as_asked(asked, withheld),
        _ => Err(Failure::not_found()),
    }
}

/// The event of an id, opened and withheld.
///
/// # Errors
/// When its record cannot be read or opened.
async fn opened_event(
    exchange: &Exchange<'_>,
    id: &LogicalId,
) -> Result<Option<Withheld<OpenEvent>>, Failure> {
    let Some((record, index)) = opened::split(id) else {
        return Ok(None);
    };
    let facility = exchange.facility();
    let (facility_id, tag) = (
        facility.id,
        Own::AuditRecord.tag(&facility.tags, record.as_str()),
    );
    let row = exchange
        .app()
        .store
        .read("audit record", move |reader| {
            reader.audits().find(facility_id, tag)
        })
        .await;
    match row {
        Ok(Some(row)) => {
            exchange.pay(&row.envelope).await?;
            Ok(opened::open(facility, row).await?.into_iter().nth(index))
        }
        Ok(None) => Ok(None),
        Err(error) => Err(opened::refuse(facility, tag, error)?),
    }
}
