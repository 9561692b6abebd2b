//! Which effect fails, and what was signed whatever became of it.

use crate::{keys::signed::SignedStates, log::effects::Effects};
use model::Digest;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use tlog::notes::checkpoint::Origin;

/// How an effect fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing happened.
    NotPersisted,
    /// It happened, but nobody was told.
    Persisted,
}

/// Which effect fails, and how. Clones share the plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    plan: Arc<Mutex<Plan>>,
    pub(crate) witness: Witness,
}

/// Every state that any key ever signed, whatever became of the database since.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Roots>>);

/// The roots by log and size.
type Roots = BTreeMap<(Origin, u64), BTreeSet<Digest>>;

impl Witness {
    pub(super) fn see(&self, states: &SignedStates) {
        let mut seen = self.0.lock().unwrap();
        for (origin, state) in states {
            let (size, root) = state.claim();
            seen.entry((origin.clone(), size)).or_default().insert(root);
        }
    }

    /// Whatever was signed of this log is of the history with these roots.
    pub(super) fn judge_history(&self, log: &str, roots: &BTreeMap<u64, Digest>) {
        let seen = self.0.lock().unwrap();
        let of_log = seen
            .iter()
            .filter(|((origin, _), _)| origin.as_str() == log);
        for ((_, size), signed) in of_log {
            let root = roots.get(size).copied();
            assert_eq!(root, signed.first().copied(), "{log} was signed at {size}");
        }
    }

    /// What was signed of a log at this size.
    pub(super) fn roots(&self, log: &str, size: u64) -> BTreeSet<Digest> {
        let seen = self.0.lock().unwrap();
        let mut of_log = seen.iter();
        let found = of_log.find(|((origin, of), _)| origin.as_str() == log && *of == size);
        found.map_or_else(BTreeSet::new, |(_, roots)| roots.clone())
    }

    /// This was signed, and kept where signed states are.
    pub(super) fn judge_seen(&self, log: &str, size: u64, root: Digest) {
        let seen = self.0.lock().unwrap();
        let mut of_log = seen
            .iter()
            .filter(|((origin, _), _)| origin.as_str() == log);
        let kept = of_log.any(|((_, of), roots)| *of == size && roots.contains(&root));
        assert!(kept, "a checkpoint of {log} at {size} was never kept");
    }

    /// No key signed two roots of one size.
    pub(crate) fn judge(&self) {
        for ((origin, size), roots) in &*self.0.lock().unwrap() {
            assert_eq!(
                roots.len(),
                1,
                "two roots of {origin} were signed at {size}"
            );
        }
    }
}

#[derive(Debug, Default)]
struct Plan {
    effects: u64,
    fail: Option<(u64, Fault)>,
    /// Questions to the ledger that fail from now on.
    away: bool,
    /// The log whose signed state is damaged where it is kept.
    damaged: Option<Origin>,
    fired: bool,
}

/// What was planned.
#[derive(Debug)]
pub(crate) struct Planned;

impl Faults {
    /// The effect of this number, from 1 on, fails.
    pub(super) fn plan(&self, effect: u64, fault: Fault) {
        let mut plan = self.plan.lock().unwrap();
        *plan = Plan {
            fail: Some((plan.effects + effect, fault)),
            effects: plan.effects,
            ..Plan::default()
        };
    }

    pub(crate) fn damage_state(&self, log: Option<Origin>) {
        self.plan.lock().unwrap().damaged = log;
    }

    /// The log whose signed state is damaged.
    pub(super) fn damaged(&self) -> Option<Origin> {
        self.plan.lock().unwrap().damaged.clone()
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.plan.lock().unwrap().away = away;
    }

    pub(super) fn clear(&self) -> bool {
        let mut plan = self.plan.lock().unwrap();
        plan.fail = None;
        plan.away = false;
        std::mem::take(&mut plan.fired)
    }

    pub(crate) fn before(&self) -> Result<(), Planned> {
        self.plan.lock().unwrap().effects += 1;
        self.fire(Fault::NotPersisted)
    }

    pub(crate) fn after(&self) -> Result<(), Planned> {
        self.fire(Fault::Persisted)
    }

    /// A question to the ledger; no effect, but it can go unanswered.
    pub(crate) fn question(&self) -> Result<(), Planned> {
        if self.plan.lock().unwrap().away {
            Err(Planned)
        } else {
            Ok(())
        }
    }

    fn fire(&self, fault: Fault) -> Result<(), Planned> {
        let mut plan = self.plan.lock().unwrap();
        if plan.fail == Some((plan.effects, fault)) {
            plan.fired = true;
            plan.fail = None;
            return Err(Planned);
        }
        Ok(())
    }
}

impl Effects for Faults {
    fn before(&self) -> Result<(), store::Error> {
        Self::before(self).map_err(|_| store::Error::Unavailable)
    }

    fn after(&self) -> Result<(), store::Error> {
        Self::after(self).map_err(|_| store::Error::Unavailable)
    }
}
