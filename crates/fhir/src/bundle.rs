//! `Bundle` (<https://hl7.org/fhir/R4/bundle.html>): `transaction` and `batch`
//! as they come in, and the Bundles that go out.
//!
//! A transaction is refused whole at its first bad entry; in a batch each entry
//! stands for itself (<https://hl7.org/fhir/R4/http.html#transaction>). Nothing
//! is stored or authorised here.

mod criteria_reference;
mod entry;
mod entry_url;
mod full_url;
mod history;
mod modifier;
mod names;
mod narrative;
mod response;
mod rewrite;
mod searchset;

pub use criteria_reference::CriteriaReference;
pub use entry::{Entry, Method};
pub use entry_url::EntryUrl;
pub use history::{HistoryEntry, HistoryGap, history};
pub use names::{NamedRecord, Names, Versions};
pub use response::{ResponseEntry, batch_response, transaction_response};
pub use rewrite::rewrite_links;
pub use searchset::{Page, SearchEntry, SearchMode, searchset};

use crate::{
    IssueCode, Refusal, Resource,
    fault::{Faults, MAX_FAULTS},
    json::Value,
    path::Path,
};
use std::collections::HashSet;

/// A Bundle that asks for several interactions.
#[derive(Debug)]
pub enum Bundle {
    /// All or nothing.
    Transaction(Vec<Entry>),
    /// Each entry for itself; some may be refused already.
    Batch(Vec<Result<Entry, Refusal>>),
}

impl Bundle {
    /// Reads a Bundle of at most so many entries.
    ///
    /// # Errors
    /// When it is no Bundle of type `transaction` or `batch`, goes by rules of its own, has too
    /// many entries, or, for a transaction, when an entry is refused, two have the
    /// same fullUrl, or two change the same record.
    pub fn parse(mut value: Value, max_entries: usize) -> Result<Self, Refusal> {
        let root = Path::Root("Bundle");
        if value.get("resourceType").and_then(Value::as_str) != Some("Bundle") {
            let text =
                "what is posted to the base must be a Bundle; post any other resource to its type";
            return Err(Refusal::at(
                IssueCode::Invalid,
                text,
                &root.name("resourceType"),
            ));
        }
        modifier::refuse_rules(&value, &root)?;
        let transaction = match value.get("type").and_then(Value::as_str) {
            Some("transaction") => true,
            Some("batch") => false,
            _ => {
                let text =
                    "a Bundle that is posted to the base must be of type `transaction` or `batch`";
                return Err(Refusal::at(IssueCode::Value, text, &root.name("type")));
            }
        };
        let entries = match value
            .as_object_mut()
            .and_then(|bundle| bundle.remove("entry"))
        {
            None => Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => {
                let text = "`entry` must be an array";
                return Err(Refusal::at(IssueCode::Structure, text, &root.name("entry")));
            }
        };
        if entries.len() > max_entries {
            let text = format!("a Bundle may have at most {max_entries} entries; send it in parts");
            return Err(Refusal::at(IssueCode::TooCostly, text, &root.name("entry")));
        }
        let read = entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| Entry::read(entry, index));
        if !transaction {
            return Ok(Self::Batch(read.collect()));
        }
        let entries = read.collect::<Result<Vec<_>, _>>()?;
        refuse_twice(&entries)?;
        Ok(Self::Transaction(entries))
    }
}

/// The outcome of a transaction must not depend on the order of its entries.
fn refuse_twice(entries: &[Entry]) -> Result<(), Refusal> {
    let (mut urls, mut records) = (HashSet::new(), HashSet::new());
    for entry in entries {
        let url = entry.full_url.as_deref().map(names::key);
        if url.is_some_and(|url| !urls.insert(url)) {
            let text = "two entries of a transaction have the same fullUrl";
            return Err(entry.refuse(IssueCode::Invalid, text, "fullUrl"));
        }
        if entry
            .changed_record()
            .is_some_and(|record| !records.insert(record))
        {
            let text = "two entries of a transaction change the same record";
            return Err(entry.refuse(IssueCode::Invalid, text, "request.url"));
        }
    }
    Ok(())
}

/// Refuses a transaction with a resource that is not valid.
///
/// # Errors
/// With all faults at once.
pub fn require_valid<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Result<(), Refusal> {
    let mut faults = Faults::up_to(MAX_FAULTS);
    for entry in entries {
        entry.validate(&mut faults);
    }
    Refusal::of_faults(faults.into_told(&Path::Root("Bundle")))
}

/// The order in which the entries of a transaction are carried out: DELETE,
/// POST, PUT and PATCH, GET and HEAD; within each as they came. A Binary that goes by
/// another record's rules is written after all records that could be meant. Gives
/// positions.
#[must_use]
pub fn processing_order(entries: &[Entry]) -> Vec<usize> {
    let waits = |entry: &Entry| {
        let resource = entry.resource.as_ref();
        resource.is_some_and(Resource::has_security_context)
    };
    let mut order: Vec<(u8, bool, usize)> = entries
        .iter()
        .enumerate()
        .map(|(position, entry)| {
            if waits(entry) {
                (Method::Put.rank(), true, position)
            } else {
                (entry.method.rank(), false, position)
            }
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., position)| position).collect()
}
