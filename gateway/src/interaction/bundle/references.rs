//! References by criteria in a transaction (<https://hl7.org/fhir/R4/http.html#trules>): each
//! becomes one to the record that meets them once the transaction is done, be it stored or
//! written by another entry.

use super::prepared::{Assigned, Prepared};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::precondition::CriteriaText,
    interaction::conditional::{self, Chosen},
};
use fhir::{
    IssueCode, Resource,
    bundle::{CriteriaReference, EntryUrl, Method},
};
use model::{LogicalId, ResourceType};
use std::collections::{BTreeMap, HashMap, HashSet};
use tokio::task::yield_now;

/// Different references by criteria in one transaction: each is a search, and is held against
/// every entry.
const MAX_REFERENCES: usize = 500;
/// Entries against which they are held, added up over the references.
const MAX_COMPARED: usize = 100_000;

/// Finds what they refer to, and rewrites them.
///
/// # Errors
/// Those of a choice; precondition failed where none or several records meet the criteria.
pub(super) async fn resolve(
    exchange: &mut Exchange<'_>,
    prepared: &mut Prepared,
) -> Result<(), Failure> {
    let mut asked: BTreeMap<String, CriteriaReference> = BTreeMap::new();
    for one in prepared.entries.iter_mut().flatten() {
        if one.refers_by_criteria {
            for reference in one.entry.criteria_references()? {
                asked.entry(reference.text.clone()).or_insert(reference);
            }
        }
    }
    check_size(prepared, &asked)?;
    let mut records = HashMap::new();
    for (text, reference) in asked {
        let record = find(exchange, prepared, &reference).await;
        let record = record.map_err(|failure| failure.at(reference.element))?;
        records.insert(text, record);
        yield_now().await;
    }
    for one in prepared.entries.iter_mut().flatten() {
        if one.refers_by_criteria {
            one.entry.resolve(&records)?;
            one.refers_by_criteria = false;
        }
    }
    Ok(())
}

/// Refuses more references, or more to compare, than one transaction may have.
fn check_size(
    prepared: &Prepared,
    asked: &BTreeMap<String, CriteriaReference>,
) -> Result<(), Failure> {
    let mut entries: HashMap<&str, usize> = HashMap::new();
    for one in prepared.entries.iter().flatten() {
        let kind = one.entry.url.resource_type();
        *entries
            .entry(kind.map_or("", ResourceType::as_str))
            .or_default() += 1;
    }
    let of_type =
        |reference: &CriteriaReference| entries.get(reference.resource_type).copied().unwrap_or(0);
    let compared: usize = asked.values().map(of_type).sum();
    if asked.len() <= MAX_REFERENCES && compared <= MAX_COMPARED {
        return Ok(());
    }
    let text = format!(
        "a transaction has at most {MAX_REFERENCES} different references by criteria, and \
         {MAX_COMPARED} entries to hold against them, added up; send it in parts"
    );
    Err(Failure::new(Category::TooLarge, IssueCode::TooCostly, text))
}

async fn find(
    exchange: &mut Exchange<'_>,
    prepared: &Prepared,
    reference: &CriteriaReference,
) -> Result<String, Failure> {
    let name = reference.resource_type;
    let kind: ResourceType = name.parse().map_err(Failure::fault)?;
    let element = reference.element.clone();
    let criteria = CriteriaText::of_entry(&reference.text, "reference", element)?;
    let written = Written::of(prepared, &kind);
    let stored = match conditional::choose(exchange, &kind, &criteria).await? {
        Chosen::Record(found) if !written.changed.contains(&found.version.id) => {
            Some(found.version.id.clone())
        }
        // What is written of it stands in its place.
        Chosen::Record(_) | Chosen::Nothing => None,
    };
    let mut found: Vec<LogicalId> = stored.into_iter().collect();
    let contents = written.contents.iter().map(|(_, resource)| *resource);
    let holds = conditional::hold(exchange, (&kind, &criteria), contents)?;
    let own = written.contents.iter().zip(holds);
    found.extend(
        own.filter(|(_, holds)| *holds)
            .map(|((id, _), _)| (*id).clone()),
    );
    match found.as_slice() {
        [id] => Ok(format!("{name}/{id}")),
        [] => Err(criteria.refuse(Failure::new(
            Category::PreconditionFailed,
            IssueCode::NotFound,
            "no record that you may see meets them, stored or written by the transaction",
        ))),
        _ => Err(criteria.refuse(Failure::new(
            Category::PreconditionFailed,
            IssueCode::MultipleMatches,
            "several records meet them, stored or written by the transaction",
        ))),
    }
}

/// What a transaction writes of a type.
struct Written<'p> {
    /// New contents, with the ids of their records.
    contents: Vec<(&'p LogicalId, &'p Resource)>,
    /// Records that get new content.
    changed: HashSet<&'p LogicalId>,
}

impl<'p> Written<'p> {
    fn of(prepared: &'p Prepared, kind: &ResourceType) -> Self {
        let of_type = |one: &&Assigned| one.entry.url.resource_type() == Some(kind);
        let entries = prepared.entries.iter().flatten().filter(of_type);
        let mut written = Self {
            contents: Vec::new(),
            changed: HashSet::new(),
        };
        for one in entries {
            let id = match &one.entry.url {
                EntryUrl::Instance { id, .. } => Some(id),
                _ => one.id.as_ref(),
            };
            let is_written = match one.entry.method {
                Method::Post => one.is_new,
                Method::Put => true,
                _ => false,
            };
            if let (Some(id), Some(resource), true) = (id, &one.entry.resource, is_written) {
                written.contents.push((id, resource));
                written.changed.insert(id);
            }
        }
        written
    }
}
