//! transaction and batch: `POST [base]`
//! (<https://hl7.org/fhir/R4/http.html#transaction>).
//!
//! Ids are assigned and references rewritten before anything is sealed. Each
//! entry is decided for itself. A transaction is one commit or nothing; the
//! entries of a batch that went well are one commit too.

mod choices;
mod prepared;
mod references;

pub use prepared::Prepared;

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{
        body::BodyForm,
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
};
use choices::Changed;
use fhir::{
    IssueCode, Refusal,
    bundle::{self, Method, ResponseEntry},
};
use model::Restful;
use policies::{Action, Target};
use prepared::Assigned;

/// How many things are done at once.
pub static ROW: Row = Row {
    place: Place::Base,
    verb: Verb::Post,
    interactions: &[Restful::Transaction, Restful::Batch],
    classes: &[],
    sent_for: &[Action::Batch, Action::Transaction],
    body: Some(BodyForm::Fhir),
    does: Does::Bundles,
};

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
    require(exchange, prepared)?;
    let mut answers = Answers::of(prepared, wanted, before);
    for &index in &prepared.order {
        answers.answer(exchange, prepared, index).await?;
    }
    Ok(answers.finish(prepared))
}

/// Does a transaction whose criteria have yet to choose records: what is deleted first is
/// none of them (<https://hl7.org/fhir/R4/http.html#trules>).
///
/// # Errors
/// As [`run`]; those of the choices.
pub async fn run_choosing(
    exchange: &mut Exchange<'_>,
    mut prepared: Prepared,
    wanted: Return,
) -> Result<(Reply, Vec<Done>), Failure> {
    require(exchange, &prepared)?;
    let mut answers = Answers::of(&prepared, wanted, None);
    let (deletes, others) = prepared.deletes_first();
    let mut changed = Changed::by_id(&prepared);
    choices::make(exchange, &mut prepared, (&deletes, &mut changed)).await?;
    for index in deletes {
        answers.answer(exchange, &prepared, index).await?;
    }
    choices::make(exchange, &mut prepared, (&others, &mut changed)).await?;
    references::resolve(exchange, &mut prepared).await?;
    prepared.link(&exchange.context.local)?;
    for index in others {
        answers.answer(exchange, &prepared, index).await?;
    }
    Ok(answers.finish(&prepared))
}

fn require(exchange: &mut Exchange<'_>, prepared: &Prepared) -> Result<(), Failure> {
    let action = if prepared.transaction {
        Action::Transaction
    } else {
        Action::Batch
    };
    let base = Target::base(exchange.facility().name.clone());
    exchange.require(action, &base)
}

/// The answers to the entries of a Bundle, in the order of the request.
struct Answers<'b> {
    wanted: Return,
    before: Option<&'b [Done]>,
    entries: Vec<ResponseEntry>,
    done: Vec<Done>,
    refusals: Refusals,
}

impl<'b> Answers<'b> {
    fn of(prepared: &Prepared, wanted: Return, before: Option<&'b [Done]>) -> Self {
        let mut entries: Vec<ResponseEntry> = Vec::new();
        entries.resize_with(prepared.entries.len(), ResponseEntry::default);
        Self {
            wanted,
            before,
            entries,
            done: vec![Done::Looked; prepared.entries.len()],
            refusals: Refusals::default(),
        }
    }

    /// Does one entry.
    async fn answer(
        &mut self,
        exchange: &mut Exchange<'_>,
        prepared: &Prepared,
        index: usize,
    ) -> Result<(), Failure> {
        let Some(entry) = prepared.entries.get(index) else {
            return Ok(());
        };
        if prepared.is_long() {
            exchange.context.lane.long_step().await;
        }
        let before = self.before.map(|before| done::of_entry(before, index));
        exchange.begin_entry(entry_interaction(entry, prepared.interaction()));
        let (answer, one) = match perform(exchange, entry, before, self.wanted).await {
            Ok(done) => done,
            Err(mut failure) if stands_alone(exchange, prepared, &failure) => {
                let refused = if exchange.is_keyed() {
                    keep(&mut self.refusals, index, entry, &mut failure)
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
        if let (Some(slot), Some(kept)) = (self.entries.get_mut(index), self.done.get_mut(index)) {
            (*slot, *kept) = (answer, one);
        }
        Ok(())
    }

    fn finish(self, prepared: &Prepared) -> (Reply, Vec<Done>) {
        let body = if prepared.transaction {
            bundle::transaction_response(self.entries)
        } else {
            bundle::batch_response(self.entries)
        };
        (Reply::document(body), self.done)
    }
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
    let entry = entry.as_ref().ok().map(|one| &one.entry);
    let interaction = entry.and_then(|entry| interaction_of_entry(entry.method, &entry.url));
    interaction.unwrap_or(bundle)
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
    let assigned = entry.as_ref().map_err(|refusal| refusal.clone())?;
    let entry = &assigned.entry;
    exchange.require_denials()?;
    let preconditions = Preconditions::of_entry(entry)?;
    if matches!(entry.method, Method::Get | Method::Head) {
        exchange.budget.require_answer()?;
        if Place::of_entry(&entry.url).is_of_many() {
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
    let change = change(assigned, &preconditions)?;
    let (reply, done) = match before {
        None => change.make(exchange).await?,
        Some(Some(done @ Done::Wrote(wrote))) if assigned.refers_by_criteria => (
            change.answer_with_version(exchange, wrote).await?,
            done.clone(),
        ),
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
    Ok((reply.into_entry_preferring(wanted), done))
}

/// What an entry asks to be changed.
fn change<'e>(
    assigned: &'e Assigned,
    preconditions: &'e Preconditions,
) -> Result<Changing<'e>, Failure> {
    let entry = &assigned.entry;
    let kind = entry.url.resource_type().ok_or_else(unsupported)?;
    require_write(Verb::of_entry(entry.method), kind)?;
    let row = row_of_entry(entry.method, &entry.url);
    let Some(Does::Changes(change)) = row.map(|row| row.does) else {
        return Err(unsupported());
    };
    Ok(Changing {
        change,
        sent: Submitted {
            url: &entry.url,
            resource: entry.resource.as_ref(),
            assigned: assigned.id.as_ref(),
            preconditions,
            chosen: assigned.chosen.as_ref(),
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
