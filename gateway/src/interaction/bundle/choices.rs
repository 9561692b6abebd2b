//! The records that the criteria of a transaction choose, found before its references are
//! rewritten: links to an entry that finds its record lead to that record.

use super::{Prepared, of_whole, prepared::Assigned};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::precondition::Preconditions,
    interaction::{
        conditional::{self, Chosen},
        kinds::Verb,
        require_write,
    },
};
use fhir::IssueCode;
use model::Tag;
use std::collections::BTreeSet;

/// Has the criteria of every entry choose, in the order in which the entries are done.
///
/// # Errors
/// Those of a choice; invalid when two entries would make a record by the same criteria.
pub(super) async fn make(
    exchange: &mut Exchange<'_>,
    prepared: &mut Prepared,
) -> Result<(), Failure> {
    let mut makes = BTreeSet::new();
    for index in prepared.order.clone() {
        let Some(Ok(one)) = prepared.entries.get_mut(index) else {
            continue;
        };
        let chosen = choose(exchange, one, &mut makes).await;
        chosen.map_err(|failure| of_whole(failure, index))?;
    }
    Ok(())
}

async fn choose(
    exchange: &mut Exchange<'_>,
    one: &mut Assigned,
    makes: &mut BTreeSet<Tag>,
) -> Result<(), Failure> {
    if !one.chooses() {
        return Ok(());
    }
    let entry = &one.entry;
    let Some(kind) = entry.url.resource_type() else {
        return Ok(());
    };
    require_write(Verb::of_entry(entry.method), kind)?;
    let preconditions = Preconditions::of_entry(entry)?;
    let Some(criteria) = preconditions.if_none_exist() else {
        return Ok(());
    };
    let chosen = conditional::choose(exchange, kind, criteria).await?;
    match &chosen {
        Chosen::Record(found) => one.id = Some(found.version.id.clone()),
        Chosen::Nothing => {
            if !makes.insert(conditional::name(exchange, kind, criteria)?) {
                let text = "two entries of a transaction have them, and each would make a record; \
                            leave one out";
                let twice = Failure::new(Category::Invalid, IssueCode::Duplicate, text);
                return Err(criteria.refuse(twice));
            }
        }
    }
    one.chosen = Some(chosen);
    Ok(())
}
