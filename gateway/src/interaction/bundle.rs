//! transaction and batch: `POST [base]`
//! (<https://hl7.org/fhir/R4/http.html#transaction>).
//!
//! Ids are assigned and references rewritten before anything is sealed. Each
//! entry is decided for itself. A transaction is one commit or nothing; the
//! entries of a batch that went well are one commit too.

use crate::{
    context::Context,
    exchange::Exchange,
    failure::{Category, Failure},
    http::{
        outcome,
        precondition::Preconditions,
        reply::{Reply, Return},
    },
    idempotency::done::{self, Done, Refusals},
    interaction::{
        change::Changing,
        interaction_of_entry,
        kinds::{Does, Place, Row, Submitted, Verb},
        look::Look,
        require_write, row_of_entry,
    },
    limits::sizes::ENTRY_LIMIT,
    record::assigned_id::assigned_id,
};
use fhir::{
    IssueCode, LocalBase, Refusal,
    bundle::{self, Bundle, Entry, EntryUrl, Method, Names, ResponseEntry},
    json::Value,
    validate::MAX_FAULTS,
};
use model::{LogicalId, Random, Restful};
use policies::{Action, Target};

/// How many things are done at once.
pub static ROW: Row = Row {
    place: Place::Base,
    verb: Verb::Post,
    interactions: &[Restful::Transaction, Restful::Batch],
    classes: &[],
    sent_for: &[Action::Batch, Action::Transaction],
    does: Does::Bundles,
};

/// Faults that are told of the entries of a batch, but for one of each entry.
const BATCH_FAULTS: usize = 1_000;

/// Entries of a Bundle that is not long.
const LONG_ENTRIES: usize = 50;

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
    /// Reads a Bundle, assigns ids to what will be created, those of `before` where
    /// it was created before, and rewrites the references to it.
    ///
    /// # Errors
    /// When it is no Bundle of a kind that is taken here; for a transaction, what no
    /// entry may have: conditional parts in this release, a reference to an entry
    /// that is not there, or of which it cannot be told what it names, a fullUrl of
    /// another record; unprocessable with all faults of resources that are not valid R4.
    pub fn of(body: Value, before: &[Done], context: &Context) -> Result<Self, Failure> {
        let ids = Ids {
            before,
            random: &*context.app.random,
        };
        match Bundle::parse(body, ENTRY_LIMIT)? {
            Bundle::Transaction(entries) => transaction(entries, &ids, &context.local),
            Bundle::Batch(entries) => batch(entries, &ids, &context.local),
        }
    }

    /// Number of entries.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has more entries than are soon done.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.entries.len() > LONG_ENTRIES
    }

    /// What it is in FHIR.
    #[must_use]
    pub const fn interaction(&self) -> Restful {
        if self.transaction {
            Restful::Transaction
        } else {
            Restful::Batch
        }
    }
}

/// Where the ids of new records come from.
struct Ids<'i> {
    before: &'i [Done],
    random: &'i dyn Random,
}

fn transaction(entries: Vec<Entry>, ids: &Ids<'_>, local: &LocalBase) -> Result<Prepared, Failure> {
    let order = bundle::processing_order(&entries);
    let mut names = Names::default();
    let mut assigned = Vec::with_capacity(entries.len());
    for entry in entries {
        let one = assign(entry, ids)?;
        one.entry.refuse_other_full_url(local)?;
        let named = one.entry.named(one.id.as_ref(), local);
        if let (Some(full_url), Some(named)) = (&one.entry.full_url, named) {
            names.insert(full_url, named);
        }
        assigned.push(one);
    }
    for one in &mut assigned {
        bundle::refuse_conditional(&mut one.entry)?;
        bundle::rewrite_links(&mut one.entry, &names)?;
        one.entry.refuse_unclear_references(local)?;
    }
    let written = assigned.iter().map(|one| &one.entry);
    bundle::require_valid(written.filter(|entry| is_written(entry)))?;
    Ok(Prepared {
        transaction: true,
        entries: assigned.into_iter().map(Ok).collect(),
        order,
    })
}

/// The entries of a batch do not know each other, so nothing is rewritten.
fn batch(
    entries: Vec<Result<Entry, Refusal>>,
    ids: &Ids<'_>,
    local: &LocalBase,
) -> Result<Prepared, Failure> {
    let order = (0..entries.len()).collect();
    let mut assigned = Vec::with_capacity(entries.len());
    let mut room = BATCH_FAULTS;
    for entry in entries {
        let entry = entry.and_then(|mut entry| {
            entry.refuse_other_full_url(local)?;
            bundle::refuse_conditional(&mut entry)?;
            entry.refuse_unclear_references(local)?;
            if is_written(&entry) {
                entry.require_valid(room.clamp(1, MAX_FAULTS))?;
            }
            Ok(entry)
        });
        let told = entry
            .as_ref()
            .err()
            .map_or(0, |refusal| refusal.faults.len());
        room = room.saturating_sub(told);
        assigned.push(match entry {
            Ok(entry) => Ok(assign(entry, ids)?),
            Err(refusal) => Err(refusal),
        });
    }
    Ok(Prepared {
        transaction: false,
        entries: assigned,
        order,
    })
}

/// Whether its type takes it; one that does not is refused for that.
fn is_written(entry: &Entry) -> bool {
    require_write(Verb::of_entry(entry.method), entry.url.resource_type()).is_ok()
}

fn assign(entry: Entry, ids: &Ids<'_>) -> Result<Assigned, Failure> {
    let before = ids.before.get(entry.index).and_then(Done::assigned_id);
    let id = match (entry.method, before) {
        (Method::Post, Some(before)) => Some(before.clone()),
        (Method::Post, None) => Some(assigned_id(ids.random)?),
        _ => None,
    };
    Ok(Assigned { entry, id })
}

/// Does every entry, in the order that the specification fixes, and answers in
/// the order of the request. What was done `before` is not done again.
///
/// # Errors
/// A transaction fails with its first failing entry; a batch only as a whole.
pub async fn run(
    exchange: &mut Exchange<'_>,
    prepared: &Prepared,
    wanted: Return,
    before: Option<&[Done]>,
) -> Result<(Reply, Vec<Done>), Failure> {
    let action = if prepared.transaction {
        Action::Transaction
    } else {
        Action::Batch
    };
    let base = Target::base(exchange.facility().name.clone());
    exchange.require(action, &base)?;
    let mut answers: Vec<ResponseEntry> = Vec::new();
    answers.resize_with(prepared.entries.len(), ResponseEntry::default);
    let mut done = vec![Done::Looked; prepared.entries.len()];
    let mut refusals = Refusals::default();
    for &index in &prepared.order {
        let Some(entry) = prepared.entries.get(index) else {
            continue;
        };
        if prepared.is_long() {
            exchange.context.lane.long_step().await;
        }
        let before = before.map(|before| done::of_entry(before, index));
        exchange.begin_entry(entry_interaction(entry, prepared.interaction()));
        let (answer, one) = match perform(exchange, entry, before, wanted).await {
            Ok(done) => done,
            Err(mut failure) if stands_alone(exchange, prepared, &failure) => {
                let refused = if exchange.is_keyed() {
                    keep(&mut refusals, index, entry, &mut failure)
                } else {
                    Done::Looked
                };
                exchange.fail_entry(&failure);
                let answer = match (entry, before) {
                    (Ok(_), Some(Some(Done::Failed(kept)))) => kept.entry()?,
                    _ => outcome::entry_of(&failure),
                };
                (answer, refused)
            }
            Err(failure) => return Err(of_whole(failure, index)),
        };
        let size = answer.resource.as_ref().map_or(0, Vec::len);
        exchange.budget.answer(size);
        if let (Some(slot), Some(kept)) = (answers.get_mut(index), done.get_mut(index)) {
            (*slot, *kept) = (answer, one);
        }
    }
    let body = if prepared.transaction {
        bundle::transaction_response(answers)
    } else {
        bundle::batch_response(answers)
    };
    Ok((Reply::document(body), done))
}

/// The failure of a transaction by that of an entry. What the URL of the entry does not take
/// is no fault of the method of the request.
fn of_whole(mut failure: Failure, index: usize) -> Failure {
    if failure.category == Category::NotAllowed {
        failure.category = Category::Invalid;
    }
    failure.inside(&format!("Bundle.entry[{index}]"))
}

/// The interaction of an entry, for its audit; of one that cannot be read, that of the
/// Bundle.
fn entry_interaction(entry: &Result<Assigned, Refusal>, bundle: Restful) -> Restful {
    let Ok(Assigned { entry, .. }) = entry else {
        return bundle;
    };
    interaction_of_entry(entry.method, &entry.url)
}

/// Whether the other entries go on after this failure. Those of a batch do. Under an
/// idempotency key the answer is final, so a server-side failure or a throttled entry would
/// never be retried: the whole batch fails instead.
fn stands_alone(exchange: &Exchange<'_>, prepared: &Prepared, failure: &Failure) -> bool {
    let waits = failure.category == Category::Throttled;
    let tried_again = exchange.is_keyed() && (waits || failure.category.is_ours());
    !(prepared.transaction || tried_again)
}

/// What is kept of an entry that was refused. A read is made anew. An entry that cannot
/// be read is refused again by the body itself, so its element, which may be long, is not
/// kept.
fn keep(
    refusals: &mut Refusals,
    index: usize,
    entry: &Result<Assigned, Refusal>,
    failure: &mut Failure,
) -> Done {
    match entry {
        Ok(Assigned { entry, .. }) if matches!(entry.method, Method::Get | Method::Head) => {
            Done::Looked
        }
        Ok(_) => refusals.keep(index, failure),
        Err(refusal) => refusals.keep(
            index,
            &mut Failure::new(failure.category, refusal.code, &*refusal.text),
        ),
    }
}

/// Does one entry, unless it is a change that was done before; also gives what is to
/// be kept of it.
async fn perform(
    exchange: &mut Exchange<'_>,
    entry: &Result<Assigned, Refusal>,
    before: Option<Option<&Done>>,
    wanted: Return,
) -> Result<(ResponseEntry, Done), Failure> {
    let Assigned { entry, id } = entry.as_ref().map_err(|refusal| refusal.clone())?;
    exchange.require_denials()?;
    let preconditions = Preconditions::of_entry(entry)?;
    if matches!(entry.method, Method::Get | Method::Head) {
        exchange.budget.require_answer()?;
        if matches!(entry.url, EntryUrl::Type { .. }) {
            let throttle = &exchange.app().throttle;
            throttle.searches(&exchange.context.caller)?;
        }
        let reply = Look::at(&entry.url, &preconditions)?.make(exchange).await?;
        let reply = match entry.method {
            Method::Head => reply.without_body(),
            _ => reply,
        };
        return Ok((reply.into_entry(), Done::Looked));
    }
    let change = change(entry, id.as_ref(), &preconditions)?;
    let (reply, done) = match before {
        None => change.make(exchange).await?,
        Some(Some(done @ Done::Wrote(wrote))) => {
            (change.answer_again(exchange, wrote).await?, done.clone())
        }
        Some(Some(done @ Done::Refused { status, outcome })) => {
            return Ok((done::refused_again(status, outcome)?, done.clone()));
        }
        Some(Some(done @ Done::Failed(refused))) => {
            return Ok((refused.entry()?, done.clone()));
        }
        Some(_) => return Err(Failure::fault("a kept answer is of another Bundle")),
    };
    Ok((reply.preferring(wanted).into_entry(), done))
}

/// What an entry asks to be changed.
fn change<'e>(
    entry: &'e Entry,
    assigned: Option<&'e LogicalId>,
    preconditions: &'e Preconditions,
) -> Result<Changing<'e>, Failure> {
    require_write(Verb::of_entry(entry.method), entry.url.resource_type())?;
    let row = row_of_entry(entry.method, &entry.url);
    let Some(Does::Changes(change)) = row.map(|row| row.does) else {
        return Err(unsupported());
    };
    Ok(Changing {
        change,
        sent: Submitted {
            url: &entry.url,
            resource: entry.resource.as_ref(),
            assigned,
            preconditions,
        },
    })
}

fn unsupported() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        "this method is not supported at this URL inside a Bundle",
    )
}
