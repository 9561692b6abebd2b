//! What criteria found is still so when the request is committed, a part of it.
//!
//! Order. Requests with equal criteria wait for each other by a lock of the transaction, which
//! is named by a keyed digest. Inside of it the candidates are read again: when they are not
//! those that were looked at, the request is made anew. A create without criteria, and one
//! with others, waits for nobody: it is seen when it is committed before.

use super::criteria::Criteria;
use crate::{
    exchange::{
        Exchange,
        part::{Part, Step},
        reach::SEARCH,
    },
    failure::Failure,
    search::candidates::{Candidates, FoundBy},
};
use model::{FacilityName, ResourceType, Tag, VersionNumber};
use std::{mem, sync::Arc};
use store::{Access, Cards, FacilityId, LockKey, Reader, Taken, Tx, Versions};

/// Candidates that are read again inside of a transaction, for which others wait.
const MAX_CANDIDATES: u32 = 200;
/// Index cards of a patient and type, of which each is a candidate.
const MAX_CARDS: u64 = 2_000;
/// Cards of the patient of any type, and links to the patient, that are read with them.
const MAX_ROWS: u64 = 20_000;

/// What was found by the criteria of a request.
#[derive(Default)]
pub(crate) struct Unchanged(Vec<Standing>);

/// The stored candidates of criteria.
pub(super) struct Standing {
    /// The criteria.
    name: Tag,
    source: Source,
    /// Records with their current versions; `None` when there are too many.
    seen: Option<Vec<(Tag, VersionNumber)>>,
}

/// By what they are found.
#[derive(Clone)]
enum Source {
    Tokens(Arc<FoundBy>),
    /// The cards of a patient and type.
    Cards {
        patient: Tag,
        kind: ResourceType,
    },
    /// By nothing: the caller can be shown no record that could meet them.
    Nothing,
}

impl Unchanged {
    pub(super) fn add(&mut self, standing: Standing) {
        self.0.push(standing);
    }
}

impl Standing {
    /// Those of a moment.
    pub(super) async fn read(
        exchange: &Exchange<'_>,
        criteria: &Criteria,
    ) -> Result<Self, Failure> {
        let (search, facility) = (&criteria.search, exchange.facility());
        let within = search
            .within
            .patient()
            .filter(|_| search.within.needs_cards());
        let kind = search.criteria.kind();
        let source = match within {
            Some(patient) => {
                let patient = facility.tags.record_tag("Patient", patient.as_str());
                let reaches = |subject| exchange.may_reach(SEARCH, kind, subject);
                if reaches(Some(patient)) || reaches(None) {
                    Source::Cards {
                        patient,
                        kind: kind.clone(),
                    }
                } else {
                    Source::Nothing
                }
            }
            None => Source::Tokens(Candidates::of(exchange, search).found_by()),
        };
        let (by, id) = (source.clone(), facility.id);
        let read = move |reader: &mut Reader| match &by {
            Source::Tokens(found_by) => by_tokens(found_by, reader.versions()),
            Source::Cards { patient, kind } => by_cards(reader.cards(), id, *patient, kind),
            Source::Nothing => Ok(Some(Vec::new())),
        };
        Ok(Self {
            name: criteria.tag(exchange),
            source,
            seen: exchange.search("criteria", read).await??,
        })
    }

    /// Whether these are all.
    pub(super) const fn is_whole(&self) -> bool {
        self.seen.is_some()
    }

    fn require(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        let now = match &self.source {
            Source::Tokens(found_by) => by_tokens(found_by, tx.versions())?,
            Source::Cards { patient, kind } => by_cards(tx.cards(), facility, *patient, kind)?,
            Source::Nothing => return Ok(()),
        };
        if now == self.seen {
            Ok(())
        } else {
            Err(store::Error::Taken(Taken::Seen))
        }
    }
}

type Seen = Option<Vec<(Tag, VersionNumber)>>;

fn by_tokens(
    found_by: &FoundBy,
    versions: Versions<'_, impl Access>,
) -> Result<Seen, store::Error> {
    let mut seen = found_by.current(versions, MAX_CANDIDATES + 1)?;
    seen.sort_unstable();
    Ok((seen.len() <= MAX_CANDIDATES as usize).then_some(seen))
}

fn by_cards(
    mut cards: Cards<'_, impl Access>,
    facility: FacilityId,
    patient: Tag,
    kind: &ResourceType,
) -> Result<Seen, store::Error> {
    let count = cards.count_of_patient(facility, patient, kind, (MAX_CARDS + 1, MAX_ROWS + 1))?;
    if count.own > MAX_CARDS || count.members > MAX_ROWS || count.links > MAX_ROWS {
        return Ok(None);
    }
    let found = cards.of_patient(facility, patient, kind, MAX_ROWS)?;
    let cards = found.own.iter().chain(&found.others);
    let mut seen: Vec<_> = cards.map(|card| (card.record, card.number)).collect();
    seen.sort_unstable();
    Ok(Some(seen))
}

impl Part for Unchanged {
    fn step(&self) -> Step {
        Step::Found
    }

    fn locks(&self, facility: &FacilityName) -> Vec<LockKey> {
        let facility = facility.as_str().as_bytes();
        let name =
            |standing: &Standing| LockKey::of(&[b"criteria", facility, standing.name.as_bytes()]);
        self.0.iter().map(name).collect()
    }

    fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        let mut all = self.0.iter();
        all.try_for_each(|standing| standing.require(tx, facility))
    }

    /// A request that failed says what it found, and writes nothing by it.
    fn give_up(&mut self) {
        drop(mem::take(&mut self.0));
    }
}
