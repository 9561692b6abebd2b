//! transaction and batch: `POST [base]`
//! (<https://hl7.org/fhir/R4/http.html#transaction>).
//!
//! Ids are assigned and references rewritten before anything is sealed. Each
//! entry is decided for itself. A transaction is one commit or nothing; the
//! entries of a batch that went well are one commit too.

use crate::{
    criteria::Criteria,
    exchange::Exchange,
    failure::{Category, Failure},
    interaction::{create, delete, read, search, update},
    outcome,
    reply::{Reply, Return},
    routes,
};
use fhir::{
    IssueCode, Refusal,
    bundle::{self, Bundle, Entry, EntryUrl, Method, ResponseEntry},
};
use model::{LogicalId, Random, VersionNumber, new_uuid};
use policies::{Action, Target};
use std::collections::BTreeMap;

/// Entries of one Bundle at most.
pub const ENTRY_LIMIT: usize = 10_000;

/// A Bundle with ids assigned and references rewritten; it can be run again when
/// a decision has to be made anew.
pub struct Prepared {
    transaction: bool,
    entries: Vec<Result<Assigned, Refusal>>,
    order: Vec<usize>,
}

/// An entry, with the id that its new record gets.
struct Assigned {
    entry: Entry,
    id: Option<LogicalId>,
}

impl Prepared {
    /// Assigns ids to what will be created and rewrites the references to it.
    ///
    /// # Errors
    /// For a transaction, what no entry may have: conditional parts in this
    /// release, a reference to an entry that is not there.
    pub fn new(bundle: Bundle, random: &dyn Random) -> Result<Self, Failure> {
        match bundle {
            Bundle::Transaction(entries) => transaction(entries, random),
            Bundle::Batch(entries) => batch(entries, random),
        }
    }

    /// The restful-interaction code.
    #[must_use]
    pub const fn interaction_code(&self) -> &'static str {
        if self.transaction {
            "transaction"
        } else {
            "batch"
        }
    }
}

fn transaction(entries: Vec<Entry>, random: &dyn Random) -> Result<Prepared, Failure> {
    let order = bundle::processing_order(&entries);
    let mut names = BTreeMap::new();
    let mut assigned = Vec::with_capacity(entries.len());
    for entry in entries {
        let one = assign(entry, random)?;
        if let (Some(full_url), Some(reference)) = (&one.entry.full_url, one.reference()) {
            names.insert(full_url.clone(), reference);
        }
        assigned.push(one);
    }
    for one in &mut assigned {
        bundle::refuse_conditional(&mut one.entry)?;
        bundle::rewrite_references(&mut one.entry, &names)?;
    }
    Ok(Prepared {
        transaction: true,
        entries: assigned.into_iter().map(Ok).collect(),
        order,
    })
}

/// The entries of a batch do not know each other, so nothing is rewritten.
fn batch(entries: Vec<Result<Entry, Refusal>>, random: &dyn Random) -> Result<Prepared, Failure> {
    let order = (0..entries.len()).collect();
    let mut assigned = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = entry.and_then(|mut entry| {
            bundle::refuse_conditional(&mut entry)?;
            Ok(entry)
        });
        assigned.push(match entry {
            Ok(entry) => Ok(assign(entry, random)?),
            Err(refusal) => Err(refusal),
        });
    }
    Ok(Prepared {
        transaction: false,
        entries: assigned,
        order,
    })
}

fn assign(entry: Entry, random: &dyn Random) -> Result<Assigned, Failure> {
    let id = match entry.method {
        Method::Post => Some(new_uuid(random)?.parse().map_err(Failure::fault)?),
        _ => None,
    };
    Ok(Assigned { entry, id })
}

impl Assigned {
    /// The record that a reference to this entry's fullUrl means.
    fn reference(&self) -> Option<String> {
        match (&self.entry.url, &self.id) {
            (EntryUrl::Type { resource_type, .. }, Some(id)) => {
                Some(format!("{resource_type}/{id}"))
            }
            (
                EntryUrl::Instance {
                    resource_type, id, ..
                },
                _,
            ) => Some(format!("{resource_type}/{id}")),
            _ => None,
        }
    }
}

/// Does every entry, in the order that the specification fixes, and answers in
/// the order of the request.
///
/// # Errors
/// A transaction fails with its first failing entry; a batch only as a whole.
pub async fn run(
    exchange: &mut Exchange<'_>,
    prepared: &Prepared,
    wanted: Return,
) -> Result<Reply, Failure> {
    let action = if prepared.transaction {
        Action::Transaction
    } else {
        Action::Batch
    };
    let base = Target::base(exchange.facility().name.clone());
    exchange
        .decide(action, &base)
        .ok_or_else(Failure::forbidden)?;
    let mut answers: Vec<ResponseEntry> = Vec::new();
    answers.resize_with(prepared.entries.len(), ResponseEntry::default);
    for &index in &prepared.order {
        let Some(entry) = prepared.entries.get(index) else {
            continue;
        };
        let answer = match perform(exchange, entry).await {
            Ok((reply, true)) => reply.preferring(wanted).into_entry(),
            Ok((reply, false)) => reply.into_entry(),
            Err(failure) if !prepared.transaction => outcome::entry_of(&failure),
            Err(failure) => return Err(failure.inside(&format!("Bundle.entry[{index}]"))),
        };
        if let Some(slot) = answers.get_mut(index) {
            *slot = answer;
        }
    }
    let body = if prepared.transaction {
        bundle::transaction_response(&answers)
    } else {
        bundle::batch_response(&answers)
    };
    Ok(Reply::document(body))
}

/// Does one entry; also says whether it wrote.
async fn perform(
    exchange: &mut Exchange<'_>,
    entry: &Result<Assigned, Refusal>,
) -> Result<(Reply, bool), Failure> {
    let Assigned { entry, id } = entry.as_ref().map_err(|refusal| refusal.clone())?;
    match entry.method {
        Method::Get | Method::Head => Ok((look(exchange, &entry.url).await?, false)),
        _ => Ok((write(exchange, entry, id.as_ref()).await?, true)),
    }
}

async fn write(
    exchange: &mut Exchange<'_>,
    entry: &Entry,
    assigned: Option<&LogicalId>,
) -> Result<Reply, Failure> {
    routes::writable(entry.url.resource_type())?;
    let if_match = version_of(entry.if_match.as_deref())?;
    match (entry.method, &entry.url, &entry.resource) {
        (Method::Post, EntryUrl::Type { .. }, Some(resource)) => {
            let id = assigned.ok_or_else(|| Failure::fault("a new record without an id"))?;
            create::create_as(exchange, resource, id.clone()).await
        }
        (Method::Put, EntryUrl::Instance { id, .. }, Some(resource)) => {
            update::update(exchange, resource, id, if_match).await
        }
        (
            Method::Delete,
            EntryUrl::Instance {
                resource_type, id, ..
            },
            _,
        ) => delete::delete(exchange, resource_type, id, if_match).await,
        _ => Err(unsupported()),
    }
}

async fn look(exchange: &mut Exchange<'_>, url: &EntryUrl) -> Result<Reply, Failure> {
    match url {
        EntryUrl::Instance {
            resource_type, id, ..
        } => read::read(exchange, resource_type, id).await,
        EntryUrl::Version {
            resource_type,
            id,
            version,
        } => read::vread(exchange, resource_type, id, *version).await,
        EntryUrl::Type {
            resource_type,
            query,
        } => {
            let query = query.as_deref().unwrap_or_default();
            let (criteria, page) = Criteria::of_request(exchange, resource_type, query, false)?;
            search::search(exchange, resource_type, &criteria, &page).await
        }
        EntryUrl::History { .. } => Err(unsupported()),
    }
}

fn unsupported() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        "this method is not supported at this URL inside a Bundle",
    )
}

/// The version that an `If-Match` names: `W/"3"`, and leniently `"3"` or `3`.
///
/// # Errors
/// Invalid for anything else.
pub fn version_of(if_match: Option<&str>) -> Result<Option<VersionNumber>, Failure> {
    let Some(etag) = if_match else {
        return Ok(None);
    };
    let etag = etag.trim();
    let number = etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"');
    match number.parse() {
        Ok(version) => Ok(Some(version)),
        Err(_) => Err(Failure::new(
            Category::Invalid,
            IssueCode::Value,
            "`If-Match` must be the ETag of a version, such as W/\"3\"",
        )),
    }
}
