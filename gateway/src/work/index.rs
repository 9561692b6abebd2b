//! The index of what was stored before it was kept, or by other definitions: the job makes a
//! card of each current version that has none, and adds it to the head of its patient. Until
//! it has come to its end once, searches are answered by tokens and links alone.
//!
//! It walks the current versions by their tags until a whole pass has nothing to make:
//! what is written meanwhile has its card by itself. A version that does not open gets none;
//! the sweep names it.

pub(crate) mod status;

pub use status::{IndexProgress, IndexState, IndexStatus};

use crate::{
    app::App,
    facility::Facility,
    failure::{Category, Failure},
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
/// Between two looks at a state that is done, in milliseconds.
const LOOK_INTERVAL_MILLIS: i64 = 60 * 60 * 1_000;

/// The job at one facility.
pub struct IndexJob {
    facility: Arc<Facility>,
    store: Store,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
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
        self.facility
            .index_status
            .know(state.progress(state.is_done()));
    }

    fn rests(&self, state: &IndexState, now: Timestamp) -> Option<Timestamp> {
        let until = now.plus_millis(LOOK_INTERVAL_MILLIS);
        state.is_done().then_some(until)
    }

    fn is_late(&self, _state: &IndexState, _now: Timestamp) -> bool {
        false
    }

    async fn step(&mut self, state: &mut IndexState) -> Result<(), Failure> {
        let mut next = match state.epoch {
            INDEX_EPOCH => state.clone(),
            _ => IndexState {
                epoch: INDEX_EPOCH,
                ..IndexState::default()
            },
        };
        let (id, after) = (self.facility.id, next.after);
        let read =
            move |reader: &mut Reader| reader.cards().uncarded(id, after, INDEX_EPOCH, LOOKED_AT);
        let looked = self.store.search("index: versions", read).await?;
        next.seen += u64::from(looked.seen);
        for records in looked.unfit.chunks(TOGETHER) {
            self.report(records).await?;
            next.unread += records.len() as u64;
        }
        for members in looked.missing.chunks(TOGETHER) {
            self.make(members, &mut next).await?;
        }
        if looked.last.is_some() {
            next.after = looked.last;
        } else if next.made > 0 {
            // Another pass, for what was being written while this one came by.
            next = IndexState {
                epoch: INDEX_EPOCH,
                ..IndexState::default()
            };
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
    async fn report(&self, unfit: &[Tag]) -> Result<(), Failure> {
        for row in self.rows(unfit.to_vec()).await? {
            let cause = "the link of a record to itself does not name its current version";
            let place = RowPlace::of(&row);
            self.facility.report_row(Damage::Missing, place, cause);
        }
        Ok(())
    }

    /// Makes the cards of these versions, as far as they open and are current.
    async fn make(&self, members: &[HeadMember], state: &mut IndexState) -> Result<(), Failure> {
        let records = members.iter().map(|member| member.record).collect();
        let mut rows = self.rows(records).await?;
        rows.retain(|row| {
            members.contains(&HeadMember {
                record: row.record,
                number: row.number,
            })
        });
        let keys = rows.iter().map(|row| row.data_key).collect();
        self.facility.keys.hold_all(keys).await?;
        let mut cards = Vec::new();
        for row in rows {
            match self.card(row).await {
                Ok(card) => cards.push(card),
                Err(failure) if failure.category == Category::Unavailable => return Err(failure),
                Err(_) => {}
            }
        }
        state.unread += (members.len() - cards.len()) as u64;
        let id = self.facility.id;
        let add = move |tx: &mut Tx| tx.cards().add_missing(id, &cards);
        let made = self.store.run_tx("index", &[], add).await?;
        state.made += made as u64;
        Ok(())
    }

    /// The current versions of the records, as far as they can be read.
    async fn rows(&self, records: Vec<Tag>) -> Result<Vec<Version>, Failure> {
        let id = self.facility.id;
        let read = move |reader: &mut Reader| {
            let mut versions = reader.versions();
            let rows = records
                .iter()
                .map(|record| match versions.current(id, *record) {
                    Err(error @ (store::Error::Unavailable | store::Error::TooCostly)) => {
                        Err(error)
                    }
                    found => Ok(found.ok().flatten()),
                });
            let rows: Result<Vec<Option<Version>>, store::Error> = rows.collect();
            Ok(rows?.into_iter().flatten().collect())
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
