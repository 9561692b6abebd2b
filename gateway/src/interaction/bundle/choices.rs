//! The records that the criteria of a transaction choose, found before its references are
//! rewritten: links to an entry that finds its record lead to that record.

use super::{Prepared, of_whole, prepared::Assigned};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::precondition::{CriteriaText, Preconditions},
    interaction::{
        conditional::{self, Chosen},
        kinds::Verb,
        require_write,
    },
};
use fhir::{
    IssueCode,
    bundle::{Entry, EntryUrl, Method},
};
use model::{LogicalId, ResourceType, Tag};
use std::collections::{BTreeSet, HashSet};

/// What the entries of a transaction change, of which the outcome must not depend on their
/// order.
pub(super) struct Changed {
    records: HashSet<(ResourceType, LogicalId)>,
    /// The criteria by which records are made.
    makes: BTreeSet<Tag>,
}

impl Changed {
    /// The records that are named by their ids.
    pub(super) fn by_id(prepared: &Prepared) -> Self {
        let entries = prepared.entries.iter().flatten().map(|one| &one.entry);
        let records = entries.filter_map(|entry| match &entry.url {
            EntryUrl::Instance {
                resource_type, id, ..
            } if entry.method.changes() => Some((resource_type.clone(), id.clone())),
            _ => None,
        });
        Self {
            records: records.collect(),
            makes: BTreeSet::new(),
        }
    }

    fn add(&mut self, kind: &ResourceType, id: &LogicalId) -> Result<(), Failure> {
        let record = (kind.clone(), id.clone());
        if self.records.insert(record) {
            return Ok(());
        }
        let text = "two entries of a transaction change the same record";
        Err(Failure::new(Category::Invalid, IssueCode::Invalid, text))
    }
}

/// Has the criteria of entries choose, in the order in which the entries are done.
///
/// # Errors
/// Those of a choice; invalid when two entries would change one record, or make one by the
/// same criteria.
pub(super) async fn make(
    exchange: &mut Exchange<'_>,
    prepared: &mut Prepared,
    (indexes, changed): (&[usize], &mut Changed),
) -> Result<(), Failure> {
    for index in indexes {
        let Some(Ok(one)) = prepared.entries.get_mut(*index) else {
            continue;
        };
        if one.chooses() {
            let chosen = choose(exchange, one, changed).await;
            chosen.map_err(|failure| of_whole(failure, *index))?;
        }
    }
    Ok(())
}

async fn choose(
    exchange: &mut Exchange<'_>,
    one: &mut Assigned,
    changed: &mut Changed,
) -> Result<(), Failure> {
    let entry = &one.entry;
    let Some(kind) = entry.url.resource_type() else {
        return Ok(());
    };
    require_write(Verb::of_entry(entry.method), kind)?;
    let criteria = criteria(entry)?;
    let chosen = conditional::choose(exchange, kind, &criteria).await?;
    let own = entry.resource.as_ref().and_then(|resource| resource.id());
    match (&chosen, entry.method) {
        (Chosen::Record(found), method) => {
            let id = &found.version.id;
            if method.changes() {
                changed
                    .add(kind, id)
                    .map_err(|failure| criteria.refuse(failure))?;
            }
            (one.id, one.is_new) = (Some(id.clone()), false);
        }
        (Chosen::Nothing, Method::Post | Method::Put) => {
            if !changed
                .makes
                .insert(conditional::name(exchange, kind, &criteria)?)
            {
                let text = "two entries of a transaction have them, and each would make a record; \
                            leave one out";
                let twice = Failure::new(Category::Invalid, IssueCode::Duplicate, text);
                return Err(criteria.refuse(twice));
            }
            if let (Method::Put, Some(own)) = (entry.method, own) {
                changed.add(kind, own)?;
                one.id = Some(own.clone());
            }
        }
        (Chosen::Nothing, _) => {}
    }
    one.chosen = Some(chosen);
    Ok(())
}

fn criteria(entry: &Entry) -> Result<CriteriaText, Failure> {
    let preconditions = Preconditions::of_entry(entry)?;
    match (&entry.url, preconditions.if_none_exist()) {
        (_, Some(criteria)) => Ok(criteria.clone()),
        (EntryUrl::Type { query, .. }, None) => {
            CriteriaText::of_url(query.as_deref().unwrap_or_default())
        }
        _ => Err(Failure::fault("an entry without criteria chooses")),
    }
}
