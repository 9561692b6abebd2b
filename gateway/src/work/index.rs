//! The index of what was stored before it was kept, or by other definitions: the job makes a
//! card of each current version that has none, and adds it to the head of its patient. Until
//! every current version has its card, searches are answered by tokens and links alone.
//!
//! It walks the current versions by their tags until a whole pass has nothing to make:
//! what is written meanwhile has its card by itself. A version that does not open gets no
//! card and stops no other; it is counted and named, and another pass comes after an hour.

pub(crate) mod rebuild;
pub(crate) mod status;

pub use rebuild::{Rebuilt, rebuild};
pub use status::{IndexProgress, IndexState, IndexStatus};

use crate::{
    app::App,
    facility::Facility,
    failure::Failure,
    http::reply::VersionMark,
    ports::Ports,
    record::{
        damage::{Damage, RowPlace},
        index_card::made::{Carded, Carding},
        version,
    },
    work::jobs::{self, Job, KEPT_EVERY, Tools, Worker},
};
use actix_web::web;
use cards::INDEX_EPOCH;
use model::{Clock, FacilityName, Random, RandomUnavailable, Tag, Timestamp};
use std::sync::Arc;
use store::{HeadMember, NewCard, Reader, Store, Tx, Version};

/// Current versions that a step looks at.
const LOOKED_AT: u32 = 200;
/// Cards in one transaction, for which writers may wait.
const TOGETHER: usize = 50;
/// Bytes of envelopes that are held at once; the one that goes beyond is held too.
const HELD_BYTES: usize = 8 << 20;
/// Tries of the same versions while something cannot be had, before each is tried alone.
const TRIES: u32 = 3;
/// Between two looks at a state that is complete, and two passes of one that is not, in
/// milliseconds.
const LOOK_INTERVAL_MILLIS: i64 = 60 * 60 * 1_000;

/// The job at one facility.
pub struct IndexJob {
    facility: Arc<Facility>,
    store: Store,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    failed: Failed,
}

/// A current version, or why it cannot be read.
type Row = Result<Version, String>;

/// Where the job failed last, and how often in a row.
#[derive(Default)]
struct Failed {
    first: Option<Tag>,
    times: u32,
}

impl Failed {
    /// Whether work that begins at this record has now failed as often as it is tried.
    fn is_last_try(&mut self, first: Option<Tag>) -> bool {
        self.times = if self.first == first {
            self.times + 1
        } else {
            1
        };
        self.first = first;
        self.times >= TRIES
    }
}

/// Takes the turns of one process at the index of a facility.
///
/// # Errors
/// When the source of randomness fails.
pub fn worker(
    app: &web::Data<App>,
    facility: &Arc<Facility>,
) -> Result<Worker<IndexJob>, RandomUnavailable> {
    let job = IndexJob {
        facility: Arc::clone(facility),
        store: app.store.clone(),
        random: Arc::clone(&app.random),
        clock: Arc::clone(&app.clock),
        failed: Failed::default(),
    };
    Worker::new(job, Tools::of(app, facility), KEPT_EVERY)
}

impl Job for IndexJob {
    const KIND: &'static str = "index";
    type State = IndexState;

    fn after_unopened(&self, _now: Timestamp) -> IndexState {
        IndexState::default()
    }

    fn seen(&mut self, state: &mut IndexState, _others: bool) {
        self.facility.index_status.know(state.standing());
    }

    fn rests(&self, state: &IndexState, now: Timestamp) -> Option<Timestamp> {
        let ended = state.done.filter(|_| state.has_ended())?;
        let from = if state.is_whole() { now } else { ended };
        let until = from.plus_millis(LOOK_INTERVAL_MILLIS);
        (until > now).then_some(until)
    }

    fn is_late(&self, _state: &IndexState, _now: Timestamp) -> bool {
        false
    }

    async fn step(&mut self, state: &mut IndexState) -> Result<(), Failure> {
        let goes_on = state.epoch == INDEX_EPOCH && !state.has_ended();
        let mut next = if goes_on {
            state.clone()
        } else {
            IndexState::begin()
        };
        let (id, after) = (self.facility.id, next.after);
        let read =
            move |reader: &mut Reader| reader.cards().uncarded(id, after, INDEX_EPOCH, LOOKED_AT);
        let looked = self.store.search("index: versions", read).await?;
        next.seen += u64::from(looked.seen);
        for records in looked.unfit.chunks(TOGETHER) {
            self.report(records, &mut next).await?;
        }
        for members in looked.missing.chunks(TOGETHER) {
            self.make_or_pass_over(members, &mut next).await?;
        }
        if looked.last.is_some() {
            next.after = looked.last;
        } else if next.made > 0 {
            // Another pass, for what was being written while this one came by.
            next = IndexState::begin();
        } else {
            next.after = None;
            next.done = Some(self.clock.now());
            let (seen, unread) = (next.seen, next.unread);
            tracing::info!(facility = %self.facility.name, seen, unread,
                "every current version that opens has its index card");
        }
        *state = next;
        Ok(())
    }
}

impl IndexJob {
    /// Names records of which no card is made: their links name versions that are not the
    /// current ones.
    async fn report(&self, unfit: &[Tag], state: &mut IndexState) -> Result<(), Failure> {
        let cause = "the link of a record to itself does not name its current version";
        let mut left = unfit;
        while !left.is_empty() {
            let rows = self.rows(left).await?;
            for row in rows.iter().flatten() {
                let place = RowPlace::of(row);
                self.facility.report_row(Damage::Missing, place, cause);
            }
            left = left.get(rows.len()..).unwrap_or_default();
        }
        for record in unfit {
            state.pass_over(&self.facility.name, *record, cause);
        }
        Ok(())
    }

    /// Makes the cards of these versions. Where something cannot be had three times in a row,
    /// each version is tried alone and passed over.
    async fn make_or_pass_over(
        &mut self,
        members: &[HeadMember],
        state: &mut IndexState,
    ) -> Result<(), Failure> {
        let Err(failure) = self.make(members, state).await else {
            return Ok(());
        };
        let first = members.first().map(|member| member.record);
        if !self.failed.is_last_try(first) {
            return Err(failure);
        }
        for member in members {
            if let Err(failure) = self.make(std::slice::from_ref(member), state).await {
                state.pass_over(&self.facility.name, member.record, &failure.to_string());
            }
        }
        Ok(())
    }

    /// Makes the cards of these versions, as far as they open and are current.
    ///
    /// # Errors
    /// When something cannot be had now; nothing is counted then.
    async fn make(&self, members: &[HeadMember], state: &mut IndexState) -> Result<(), Failure> {
        let mut next = state.clone();
        let mut left = members;
        while !left.is_empty() {
            let records: Vec<Tag> = left.iter().map(|member| member.record).collect();
            let rows = self.rows(&records).await?;
            let (these, rest) = left.split_at(rows.len().min(left.len()));
            self.make_of(these, rows, &mut next).await?;
            left = rest;
        }
        *state = next;
        Ok(())
    }

    async fn make_of(
        &self,
        members: &[HeadMember],
        rows: Vec<Row>,
        state: &mut IndexState,
    ) -> Result<(), Failure> {
        let facility = &self.facility;
        let keys = rows.iter().flatten().map(|row| row.data_key).collect();
        facility.keys.hold_all(keys).await?;
        let mut cards = Vec::new();
        for (member, row) in members.iter().zip(rows) {
            let carded = match row {
                // Somebody has written another version since, with its card.
                Ok(row) if row.number != member.number => continue,
                Ok(row) => Failure::settled(self.card(row).await)?,
                Err(cause) => Err(Failure::fault(cause)),
            };
            match carded {
                Ok(card) => cards.push(card),
                Err(failure) => {
                    state.pass_over(&facility.name, member.record, &failure.to_string());
                }
            }
        }
        let id = facility.id;
        let add = move |tx: &mut Tx| tx.cards().add_missing(id, &cards);
        let made = self.store.run_tx("index", &[], add).await?;
        state.made += made as u64;
        Ok(())
    }

    /// The current versions of the first of these records, up to the bytes that are held at
    /// once; the cause for one that cannot be read.
    async fn rows(&self, records: &[Tag]) -> Result<Vec<Row>, Failure> {
        let (id, records) = (self.facility.id, records.to_vec());
        let read = move |reader: &mut Reader| {
            let mut versions = reader.versions();
            let (mut rows, mut bytes) = (Vec::new(), 0);
            for record in records {
                let row = match versions.current(id, record) {
                    Ok(Some(row)) => Ok(row),
                    Ok(None) => Err("the record has no version".to_owned()),
                    Err(error @ (store::Error::Unavailable | store::Error::TooCostly)) => {
                        return Err(error);
                    }
                    Err(error) => Err(error.to_string()),
                };
                bytes += row.as_ref().map_or(0, |row| row.envelope.len());
                rows.push(row);
                if bytes >= HELD_BYTES {
                    break;
                }
            }
            Ok(rows)
        };
        Ok(self.store.search("index: rows", read).await?)
    }

    async fn card(&self, row: Version) -> Result<NewCard, Failure> {
        let facility = &self.facility;
        let key = facility.keys.by_id(row.data_key).await?;
        let opened = version::open_row(facility, Arc::new(row)).await?;
        let (row, resource) = (&opened.row, opened.resource.as_ref());
        let resource = resource.ok_or_else(|| Failure::fault("a delete is no current version"))?;
        let carding = Carding::of(facility, &self.random);
        let carded = Carded {
            kind: &row.resource_type,
            id: &opened.id,
            record: row.record,
            mark: VersionMark {
                number: row.number,
                time: row.time,
            },
            subject: row.subject,
            key: &key,
        };
        let heads = row.subject.map(|patient| carding.head(patient, &key));
        Ok(NewCard {
            record: row.record,
            card: Some(carding.card(&carded, resource)?),
            heads: heads.into_iter().collect(),
        })
    }
}

/// What is kept of the index of a facility; `None` before the job began, or where its row does
/// not open.
///
/// # Errors
/// When the facility, the database or the keys cannot be read.
pub async fn kept(name: &FacilityName, ports: Ports<'_>) -> Result<Option<IndexState>, Failure> {
    let tools = Tools {
        facility: Arc::new(Facility::open(name, ports).await?),
        store: ports.store.clone(),
        clock: Arc::clone(ports.clock),
        random: Arc::clone(ports.random),
    };
    jobs::state::<IndexJob>(tools).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_failure_in_a_row_at_one_place_is_the_last() {
        let tag = |byte| Some(Tag::new([byte; 16]));
        let mut failed = Failed::default();
        assert!(!failed.is_last_try(tag(1)));
        assert!(!failed.is_last_try(tag(1)));
        assert!(!failed.is_last_try(tag(2)));
        assert!(!failed.is_last_try(tag(1)));
        assert!(!failed.is_last_try(tag(1)));
        assert!(failed.is_last_try(tag(1)));
    }
}
