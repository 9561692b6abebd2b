//! A Bundle before anything of it is done: ids are assigned and references rewritten.

use crate::{
    context::Context,
    failure::Failure,
    idempotency::done::Done,
    interaction::{conditional::Chosen, kinds::Verb, require_write},
    limits::sizes::ENTRY_LIMIT,
    record::assigned_id::assigned_id,
};
use fhir::{
    LocalBase, Refusal,
    bundle::{self, Bundle, Entry, EntryUrl, Method, Names},
    json::Value,
    validate::MAX_FAULTS,
};
use model::{LogicalId, Random, Restful};

/// Faults that are told of the entries of a batch, but for one of each entry.
const BATCH_FAULTS: usize = 1_000;

/// Entries of a Bundle that is not long.
const LONG_ENTRIES: usize = 50;

/// A Bundle with ids assigned and references rewritten; it can be run again when
/// a decision has to be made anew.
pub struct Prepared {
    pub(super) transaction: bool,
    pub(super) entries: Vec<Result<Assigned, Refusal>>,
    pub(super) order: Vec<usize>,
    /// Whether references wait until criteria have chosen what they lead to.
    pub(super) waits: bool,
}

/// An entry, with the id that its new record gets.
pub(super) struct Assigned {
    pub(super) entry: Entry,
    pub(super) id: Option<LogicalId>,
    /// Whether a record is made under this id.
    pub(super) is_new: bool,
    /// Whether its content is known once criteria have found what it refers to.
    pub(super) refers_by_criteria: bool,
    /// What its criteria have chosen.
    pub(super) chosen: Option<Chosen>,
}

impl Prepared {
    /// Reads a Bundle, assigns ids to what will be created, those of `before` where
    /// it was created before, and rewrites the references to it.
    ///
    /// # Errors
    /// When it is no Bundle of a kind that is taken here; for a transaction, what no
    /// entry may have: what is not offered by criteria, a fullUrl of another record; those of
    /// [`Self::link`].
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

    /// Whether criteria have to choose records before it can be linked; only a transaction.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.waits
    }

    /// Rewrites the references between its entries, and checks their resources.
    ///
    /// # Errors
    /// A reference to an entry that is not there, or of which it cannot be told what it names;
    /// unprocessable with all faults of resources that are not valid R4.
    pub(super) fn link(&mut self, local: &LocalBase) -> Result<(), Failure> {
        let mut names = Names::default();
        for one in self.entries.iter().flatten() {
            let named = one.entry.named(one.id.as_ref(), one.is_new, local);
            if let (Some(full_url), Some(named)) = (&one.entry.full_url, named) {
                names.insert(full_url, named);
            }
        }
        // Under an idempotency key what refers by criteria is answered as it was stored.
        let known = |one: &&mut Assigned| !one.refers_by_criteria;
        for one in self.entries.iter_mut().flatten().filter(known) {
            bundle::rewrite_links(&mut one.entry, &names)?;
            one.entry.refuse_unclear_references(local)?;
        }
        let known = self
            .entries
            .iter()
            .flatten()
            .filter(|one| !one.refers_by_criteria);
        let written = known.map(|one| &one.entry);
        bundle::require_valid(written.filter(|entry| is_written(entry)))?;
        self.waits = false;
        Ok(())
    }

    /// The order of its entries in two parts: those that delete, and all others.
    pub(super) fn deletes_first(&self) -> (Vec<usize>, Vec<usize>) {
        let deletes = |index: &usize| {
            let entry = self
                .entries
                .get(*index)
                .and_then(|entry| entry.as_ref().ok());
            entry.is_some_and(|one| one.entry.method == Method::Delete)
        };
        self.order.iter().partition(|index| deletes(index))
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
    let mut assigned = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut one = assign(entry, ids)?;
        one.entry.refuse_other_full_url(local)?;
        one.refers_by_criteria = !one.entry.criteria_references()?.is_empty();
        assigned.push(Ok(one));
    }
    let mut prepared = Prepared {
        transaction: true,
        entries: assigned,
        order,
        waits: true,
    };
    // Under an idempotency key the ids of before are those that were chosen.
    let mut all = prepared.entries.iter().flatten();
    let waits = all.any(|one| one.chooses() || one.refers_by_criteria);
    if !(ids.before.is_empty() && waits) {
        prepared.link(local)?;
    }
    Ok(prepared)
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
            entry.refuse_conditional_references()?;
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
        waits: false,
    })
}

/// Whether its type takes it; one that does not is refused for that.
fn is_written(entry: &Entry) -> bool {
    let kind = entry.url.resource_type();
    kind.is_some_and(|kind| require_write(Verb::of_entry(entry.method), kind).is_ok())
}

fn assign(entry: Entry, ids: &Ids<'_>) -> Result<Assigned, Failure> {
    let before = ids.before.get(entry.index);
    let kept = before.and_then(Done::assigned_id).cloned();
    let makes = matches!(
        (entry.method, &entry.url),
        (Method::Post, _) | (Method::Put, EntryUrl::Type { .. })
    );
    let id = match kept {
        None if makes => Some(assigned_id(ids.random)?),
        kept => kept,
    };
    Ok(Assigned {
        is_new: makes && before.is_none_or(Done::is_created),
        entry,
        id,
        refers_by_criteria: false,
        chosen: None,
    })
}

impl Assigned {
    /// Whether criteria choose its record.
    pub(super) fn chooses(&self) -> bool {
        match self.entry.method {
            Method::Post => self.entry.if_none_exist.is_some(),
            method => method.changes() && matches!(self.entry.url, EntryUrl::Type { .. }),
        }
    }
}
