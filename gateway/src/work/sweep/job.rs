//! The sweep as a job: begun when a process starts and again so that each row is looked at
//! within the time that is configured.

use super::{
    Sweep,
    fault::{Fault, FaultKind, SweptTable},
    progress::{Pass, Progress, Whole},
    status::SweepState,
};
use crate::{app::App, facility::Facility, failure::Failure, work::jobs::Job};
use actix_web::web;
use model::Timestamp;
use std::sync::Arc;

/// Between two sweeps of a small database, in milliseconds.
const SWEEP_INTERVAL_MILLIS: i64 = 3_600_000;
/// A sweep that took long is followed by a rest this many times as long.
const REST_FACTOR: i64 = 10;

/// The sweep of one facility in this process.
pub struct SweepJob {
    app: web::Data<App>,
    /// The facility as it serves, which shows how far the sweep is.
    facility: Arc<Facility>,
    /// The facility as it is swept, opened for each sweep.
    open: Option<Sweep>,
    /// Whether this process has begun a sweep, or seen one under way.
    begun: bool,
}

impl SweepJob {
    pub(crate) const fn new(app: web::Data<App>, facility: Arc<Facility>) -> Self {
        Self {
            app,
            facility,
            open: None,
            begun: false,
        }
    }

    /// Half of the configured time: a sweep takes as long at most, and the rest after it.
    fn half(&self) -> i64 {
        let millis = self.app.sweep_within.as_millis() / 2;
        i64::try_from(millis).unwrap_or(i64::MAX)
    }

    async fn opened(&mut self) -> Result<&Sweep, Failure> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Sweep::open(&self.facility.name, self.app.ports()).await?,
        };
        Ok(self.open.insert(open))
    }
}

impl Job for SweepJob {
    const KIND: &'static str = "sweep";
    type State = SweepState;

    fn after_unopened(&self, now: Timestamp) -> SweepState {
        let mut running = Progress::begin(now, 0);
        let fault = Fault::at(FaultKind::Progress, SweptTable::Job);
        running.faults.add(&self.facility.name, fault);
        SweepState {
            running: Some(running),
            last: self.facility.sweep.read().last,
        }
    }

    fn seen(&mut self, state: &mut SweepState, others: bool) {
        self.begun |= others || state.running.is_some();
        self.facility.sweep.know(state);
    }

    fn rests(&self, state: &SweepState, now: Timestamp) -> Option<Timestamp> {
        if state.running.is_some() || !self.begun {
            return None;
        }
        let last = state.last.as_ref()?;
        let took = last
            .ended
            .as_millis()
            .saturating_sub(last.started.as_millis());
        let spacing = SWEEP_INTERVAL_MILLIS
            .max(took.saturating_mul(REST_FACTOR))
            .min(self.half());
        let until = last.started.plus_millis(spacing);
        // A clock that was set back makes it due.
        let fits = last.started <= now && now < until;
        fits.then_some(until)
    }

    fn is_late(&self, state: &SweepState, now: Timestamp) -> bool {
        let Some(running) = &state.running else {
            return false;
        };
        let elapsed = now.as_millis().saturating_sub(running.started.as_millis());
        let due = u64::try_from(elapsed)
            .unwrap_or(0)
            .saturating_mul(1_000_000);
        let half = u64::try_from(self.half()).unwrap_or(u64::MAX).max(1);
        due / half > running.millionths()
    }

    async fn step(&mut self, state: &mut SweepState) -> Result<(), Failure> {
        let clock = Arc::clone(&self.app.clock);
        let sweep = self.opened().await?;
        let mut running = match state.running.clone() {
            Some(running) => running,
            None => sweep.begin(&*clock).await?,
        };
        sweep.step(&mut running).await?;
        if running.pass != Pass::Ended {
            state.running = Some(running);
            return Ok(());
        }
        self.open = None;
        let whole = running.ended(clock.now());
        report(&self.facility, &whole);
        *state = SweepState {
            running: None,
            last: Some(whole),
        };
        self.begun = true;
        Ok(())
    }
}

fn report(facility: &Facility, whole: &Whole) {
    let (rows, faults) = (whole.rows, whole.faults.total());
    match faults {
        0 => tracing::info!(facility = %facility.name, rows, "a sweep found no fault"),
        _ => tracing::error!(facility = %facility.name, rows, faults,
            "a sweep found faults; see the lines before, `chartseal sweep` and the runbook"),
    }
}
