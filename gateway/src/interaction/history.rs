//! history of an instance: `GET [base]/[type]/[id]/_history`
//! (<https://hl7.org/fhir/R4/http.html#history>).

use crate::{
    exchange::Exchange,
    failure::Failure,
    paging::{self, Page},
    reply::Reply,
    version::{OpenVersion, is_delete},
};
use fhir::bundle::{self, HistoryEntry};
use model::{LogicalId, ResourceType, VersionNumber};
use policies::Action;

/// The versions of a record, newest first, deletes included.
///
/// # Errors
/// Not found when the caller may see none of them.
pub async fn history(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    page: &Page,
) -> Result<Reply, Failure> {
    let place = format!("{kind}/{id}/_history");
    let before = paging::open_version(exchange, &place, page)?;
    let (facility, tag, limit) = (exchange.facility().id, exchange.tag(kind, id), page.count);
    let rows = exchange
        .app()
        .store
        .read("history", move |reader| {
            reader.versions().history(facility, tag, before, limit + 1)
        })
        .await?;
    let more = rows.len() > limit as usize;
    let mut versions = Vec::new();
    let mut last: Option<VersionNumber> = None;
    for row in rows.into_iter().take(limit as usize) {
        last = Some(row.number);
        let found = exchange.open_row(row).await?;
        let target = found.withheld.target();
        if let Some(permit) = exchange.decide(Action::HistoryInstance, &target) {
            let version = exchange.release(&permit, found)?;
            versions.push(version);
        }
    }
    if versions.is_empty() && before.is_none() {
        let absent = exchange.absent(kind, id);
        let _ = exchange.decide(Action::HistoryInstance, &absent);
        exchange.touch(kind, id, None, Action::HistoryInstance, Vec::new());
        return Err(Failure::not_found());
    }
    let url = format!("{}/{place}", exchange.context.base);
    let next = match last {
        Some(last) if more => Some(paging::next_version(exchange, &place, &url, page, last)?),
        _ => None,
    };
    let entries: Vec<HistoryEntry<'_>> = versions
        .iter()
        .map(|version| entry(&exchange.context.base, version))
        .collect();
    let page = bundle::Page {
        self_link: &url,
        next_link: next.as_deref(),
        total: None,
    };
    Ok(Reply::document(bundle::history(&page, &entries)))
}

fn entry<'v>(base: &str, version: &'v OpenVersion) -> HistoryEntry<'v> {
    let kind = &version.row.resource_type;
    HistoryEntry {
        full_url: format!("{base}/{kind}/{}", version.id),
        resource_type: kind,
        id: &version.id,
        version: version.row.number,
        interaction: version.row.interaction,
        last_modified: version.row.time,
        resource: (!is_delete(&version.row)).then_some(version.content.as_slice()),
    }
}
