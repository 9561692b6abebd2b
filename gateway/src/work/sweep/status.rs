//! How far the sweep of a facility is, and what it has found: what is kept of it, and what
//! this process knows.

use super::{
    fault::{FaultKind, Faults},
    progress::{Progress, Whole},
};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::{PoisonError, RwLock};

/// What is kept of the sweeps of a facility.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SweepState {
    /// The one under way.
    pub running: Option<Progress>,
    /// The last that came to its end.
    pub last: Option<Whole>,
}

impl SweepState {
    /// The faults that stand: of the last whole sweep and of the one under way, so that
    /// one is shown from when it is found until a later sweep comes to its end without it.
    #[must_use]
    pub fn faults(&self, kind: FaultKind) -> u64 {
        let of = |faults: Option<&Faults>| faults.map_or(0, |faults| faults.count(kind));
        let running = of(self.running.as_ref().map(|running| &running.faults));
        running.max(of(self.last.as_ref().map(|last| &last.faults)))
    }

    /// Since when every row that was there has been looked at; the beginning of the first
    /// sweep before it has come to its end.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        let last = self.last.as_ref().map(|last| last.started);
        last.or(self.running.as_ref().map(|running| running.started))
    }

    /// Whether its last whole sweep began after the last that is known, and not before the
    /// one that is known to be under way: faults that it did not find stand no longer.
    fn settles(&self, known: &Self) -> bool {
        let Some(last) = self.last.as_ref().map(|last| last.started) else {
            return false;
        };
        let before = known.last.as_ref().map(|last| last.started);
        let running = known.running.as_ref().map(|running| running.started);
        Some(last) > before && Some(last) >= running
    }

    /// What is known once this state is seen too. It may be an earlier one that was put
    /// back, so it takes no fault away and moves no beginning.
    fn beside(&self, state: &Self) -> Self {
        let running = if state.since() < self.since() {
            &self.running
        } else {
            &state.running
        };
        let wholes = self.last.iter().chain(&state.last);
        let mut both = Self {
            running: running.clone(),
            last: wholes.max_by_key(|last| last.started).cloned(),
        };
        if let (Some(running), None, Some(since)) = (&mut both.running, &both.last, self.since()) {
            running.started = running.started.min(since);
        }
        for kind in FaultKind::ALL {
            let found = self.faults(kind).max(state.faults(kind));
            if found > both.faults(kind) {
                both.raise(kind, found);
            }
        }
        both
    }

    fn raise(&mut self, kind: FaultKind, found: u64) {
        let last = self.last.as_mut().map(|last| &mut last.faults);
        let running = self.running.as_mut().map(|running| &mut running.faults);
        if let Some(faults) = last.or(running) {
            faults.counts.insert(kind, found);
        }
    }
}

/// The sweeps of a facility as this process knows them.
#[derive(Debug, Default)]
pub struct SweepStatus(RwLock<SweepState>);

impl SweepStatus {
    /// As it stands.
    #[must_use]
    pub fn read(&self) -> SweepState {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes over what was read or done.
    pub(super) fn know(&self, state: &SweepState) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *known = if state.settles(&known) {
            state.clone()
        } else {
            known.beside(state)
        };
    }
}
