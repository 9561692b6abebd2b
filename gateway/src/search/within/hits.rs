//! The rows of records that are found.

use crate::{
    exchange::Exchange,
    failure::Failure,
    record::{version::is_delete, versions},
};
use model::{ResourceType, Tag};
use std::collections::HashMap;
use store::{Hit, Reader};

/// The current versions of these, by record.
pub(crate) async fn hits(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    records: impl Iterator<Item = Tag>,
) -> Result<HashMap<Tag, Hit>, Failure> {
    let mut found = HashMap::new();
    let mut tags = Vec::new();
    for record in records {
        match versions::current(exchange.written(), record) {
            Some(version) if is_delete(version) => {}
            Some(version) => drop(found.insert(record, version.clone().into())),
            None => tags.push(record),
        }
    }
    if tags.is_empty() {
        return Ok(found);
    }
    tags.sort_unstable();
    let (facility, kind) = (exchange.facility().id, kind.clone());
    let limit = u32::try_from(tags.len()).unwrap_or(u32::MAX);
    let read = move |reader: &mut Reader| {
        let own = store::Criterion::Links {
            param: store::ID_PARAM,
            targets: &tags,
        };
        let order = store::Order::Record { after: None };
        reader
            .versions()
            .search(facility, &kind, &[own], order, limit)
    };
    let stored = exchange.search("search", read).await??;
    found.extend(stored.into_iter().map(|hit| (hit.record, hit)));
    Ok(found)
}
