//! The tasks of a process that take its turns at the jobs, with a pause after each, so
//! that a job takes a tenth of a core at most unless it would come too late.

use crate::{
    app::App,
    facility::Facility,
    log::waiting_leaves,
    work::{
        jobs::Turn,
        tenants::{self, Tenant},
    },
};
use actix_web::{rt, web};
use model::Timestamp;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinHandle};

/// The pause is this many times as long as the step.
const PAUSE_FACTOR: u32 = 9;
/// Between two steps, however short the first was.
const MIN_PAUSE: Duration = Duration::from_millis(5);
/// And however long.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// Until a job of another process, a job that rests, one that failed, or leaves that wait
/// without a mac are looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// The tasks of all facilities.
pub(crate) struct Runners {
    stop: watch::Sender<bool>,
    tasks: JoinHandle<()>,
}

impl Runners {
    /// Starts a task for each facility, also for those that are made later.
    pub(crate) fn start(app: web::Data<App>) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self {
            stop,
            tasks: rt::spawn(supervise(app, stopped)),
        }
    }

    /// Ends them after their steps; each gives up what it has.
    pub(crate) async fn stop(self) {
        // Whoever does not listen has ended.
        let _ = self.stop.send(true);
        let _ = self.tasks.await;
    }
}

async fn supervise(app: web::Data<App>, mut stopped: watch::Receiver<bool>) {
    let mut running = BTreeMap::new();
    loop {
        for facility in app.facilities() {
            running
                .entry(facility.name.clone())
                .or_insert_with(|| rt::spawn(run(app.clone(), facility, stopped.clone())));
        }
        if !pause(LOOK_EVERY, &mut stopped).await {
            break;
        }
    }
    for task in running.into_values() {
        let _ = task.await;
    }
}

async fn run(app: web::Data<App>, facility: Arc<Facility>, mut stopped: watch::Receiver<bool>) {
    let tenants = loop {
        match tenants::of(&app, &facility) {
            Ok(tenants) => break tenants,
            Err(error) => {
                tracing::error!(facility = %facility.name, %error,
                    "the jobs of a facility cannot run; it is tried again");
            }
        }
        if !pause(LOOK_EVERY, &mut stopped).await {
            return;
        }
    };
    let mut turns: Vec<Turns> = tenants.into_iter().map(Turns::of).collect();
    // When no leaf was left that waits without a mac.
    let mut looked = None::<Instant>;
    loop {
        let began = Instant::now();
        let mut more = false;
        if looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
            more = show_leaves(&facility).await;
            looked = (!more).then_some(began);
        }
        for one in &mut turns {
            one.take(&app, &facility).await;
        }
        let waits = turns.iter().map(|one| one.due);
        let due = waits
            .min()
            .map(|due| due.saturating_duration_since(Instant::now()));
        let mut wait = due.unwrap_or(LOOK_EVERY).max(MIN_PAUSE);
        if more {
            // Leaves are looked at again before a job that rests is.
            wait = wait.min(throttled(began.elapsed()));
        }
        if !pause(wait, &mut stopped).await {
            break;
        }
    }
    for one in &mut turns {
        one.tenant.release().await;
    }
}

/// A tenant, and when its next turn is due.
struct Turns {
    tenant: Box<dyn Tenant>,
    due: Instant,
}

impl Turns {
    fn of(tenant: Box<dyn Tenant>) -> Self {
        Self {
            tenant,
            due: Instant::now(),
        }
    }

    /// Takes the turn that is due.
    async fn take(&mut self, app: &App, facility: &Facility) {
        let began = Instant::now();
        if began < self.due {
            return;
        }
        let wait = match self.tenant.turn().await {
            Ok(Turn::Worked) if self.tenant.is_late() => MIN_PAUSE,
            Ok(Turn::Worked) => throttled(began.elapsed()),
            Ok(Turn::StoodBy) => LOOK_EVERY,
            Ok(Turn::Rested(until)) => rest(until, app.clock.now()),
            Err(failure) => {
                tracing::warn!(facility = %facility.name, %failure,
                    "a job does not get on; it is tried again");
                LOOK_EVERY
            }
        };
        self.due = Instant::now() + wait;
    }
}

/// Leaves that wait without a mac are nobody's job: two processes that look at them do no
/// harm, and those that were taken back from a log wait for it. Whether there are more.
async fn show_leaves(facility: &Facility) -> bool {
    match waiting_leaves::show(facility).await {
        Ok(more) => more,
        Err(failure) => {
            tracing::warn!(facility = %facility.name, %failure,
                "waiting leaves cannot be compared with their rows; it is tried again");
            false
        }
    }
}

/// The pause after a step that took so long.
fn throttled(took: Duration) -> Duration {
    took.saturating_mul(PAUSE_FACTOR)
        .clamp(MIN_PAUSE, MAX_PAUSE)
}

fn rest(until: Timestamp, now: Timestamp) -> Duration {
    let millis = until.as_millis().saturating_sub(now.as_millis());
    let rest = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    rest.clamp(MIN_PAUSE, LOOK_EVERY)
}

/// Whether to go on after it.
async fn pause(time: Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = rt::time::sleep(time) => !*stopped.borrow(),
        changed = stopped.changed() => changed.is_ok() && !*stopped.borrow(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_followed_by_nine_times_its_time() {
        let millis = Duration::from_millis;
        for (took, pause) in [
            (Duration::ZERO, MIN_PAUSE),
            (millis(1), millis(9)),
            (millis(40), millis(360)),
            (millis(10_000), MAX_PAUSE),
            (Duration::MAX, MAX_PAUSE),
        ] {
            assert_eq!(throttled(took), pause, "{took:?}");
        }
    }

    #[test]
    fn a_job_that_rests_is_looked_at_when_it_begins_and_not_much_later() {
        let at = |millis| Timestamp::from_millis(millis).expect("a time");
        assert_eq!(rest(at(2_000), at(1_000)), Duration::from_secs(1));
        assert_eq!(rest(at(1_000), at(2_000)), MIN_PAUSE, "it is due");
        assert_eq!(rest(at(90_000_000), at(0)), LOOK_EVERY);
    }
}
