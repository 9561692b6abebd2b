//! The expiry of kept answers and kept queries. A few old ones go whenever a new one
//! comes; this job takes away the rest, so that none stays for long where no new one comes.

use crate::{
    app::App,
    facility::Facility,
    failure::Failure,
    idempotency,
    search::kept_query,
    work::jobs::{Job, KEPT_EVERY, Tools, Worker},
};
use actix_web::web;
use model::{Clock, RandomUnavailable, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{FacilityId, Store};

/// Between two looks, in milliseconds.
const LOOK_INTERVAL_MILLIS: i64 = 10 * 60 * 1_000;
/// Rows of each table that a step takes away.
const ROWS: u32 = 100;

/// What is kept of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiryState {
    /// When nothing old was left; `None` while there may be more.
    done: Option<Timestamp>,
}

/// The job at one facility.
pub struct Expiry {
    store: Store,
    facility: FacilityId,
    clock: Arc<dyn Clock>,
}

/// Takes the turns of one process at the expiry of a facility.
///
/// # Errors
/// When the source of randomness fails.
pub fn worker(
    app: &web::Data<App>,
    facility: &Arc<Facility>,
) -> Result<Worker<Expiry>, RandomUnavailable> {
    let job = Expiry {
        store: app.store.clone(),
        facility: facility.id,
        clock: Arc::clone(&app.clock),
    };
    Worker::new(job, Tools::of(app, facility), KEPT_EVERY)
}

impl Job for Expiry {
    const KIND: &'static str = "expiry";
    type State = ExpiryState;

    fn after_unopened(&self, _now: Timestamp) -> ExpiryState {
        ExpiryState::default()
    }

    fn seen(&mut self, _state: &mut ExpiryState, _others: bool) {}

    fn rests(&self, state: &ExpiryState, now: Timestamp) -> Option<Timestamp> {
        let done = state.done?;
        let until = done.plus_millis(LOOK_INTERVAL_MILLIS);
        // A clock that was set back makes it due.
        (done <= now && now < until).then_some(until)
    }

    fn is_late(&self, _state: &ExpiryState, _now: Timestamp) -> bool {
        false
    }

    async fn step(&mut self, state: &mut ExpiryState) -> Result<(), Failure> {
        let (facility, now) = (self.facility, self.clock.now());
        let (answers, queries) = (idempotency::oldest(now), kept_query::oldest(now));
        let forget = move |tx: &mut store::Tx| {
            let answers = tx.answers().forget(facility, answers, ROWS)?;
            let queries = tx.kept_queries().forget(facility, queries, ROWS)?;
            Ok(answers.max(queries))
        };
        let gone = self.store.run_tx("expiry", &[], forget).await;
        let gone = gone.map_err(Failure::from)?;
        state.done = (gone < ROWS).then_some(now);
        Ok(())
    }
}
