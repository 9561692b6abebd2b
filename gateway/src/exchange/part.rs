//! The effects of a request, each a [`Part`]: what it locks and what it writes, in the one
//! transaction of the request. A part is known by its own file alone, which adds it to the
//! request ([`Parts::change`]) and reads it back.

use model::FacilityName;
use std::any::Any;
use store::{FacilityId, LockKey, Tx};

/// An effect of a request.
pub(crate) trait Part: Any + Send {
    /// When it is applied.
    fn step(&self) -> Step;

    /// Locks that are taken before the epochs are compared.
    fn locks(&self, _facility: &FacilityName) -> Vec<LockKey> {
        Vec::new()
    }

    /// Writes it. The transaction may be tried again.
    ///
    /// # Errors
    /// Those of the database, and what another request was faster with.
    fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error>;

    /// Forgets what a request that failed must not write.
    fn give_up(&mut self);

    /// Bytes that each row counts with in what its caller may store.
    fn stored(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Whether other transactions would wait for its rows.
    fn is_long(&self) -> bool {
        false
    }
}

/// The order of effects. What refuses a request comes before what it would write, and the
/// epoch moves after all that was decided under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Refuses a request that was answered meanwhile.
    Once,
    /// Refuses a request whose criteria find something else by now.
    Found,
    /// Versions of records; refuses a number that is taken.
    Records,
    /// Cards of these versions, and the heads of their patients.
    Cards,
    /// What is in force from then on; moves the epoch.
    Rules,
    /// What is only kept for a while.
    Beside,
    /// The audit of all of it.
    Audit,
}

/// The effects of one request, at most one of each kind.
#[derive(Default)]
pub(crate) struct Parts(Vec<Box<dyn Part>>);

impl Parts {
    /// A part of this kind, if the request has it.
    pub(crate) fn get<P: Part>(&self) -> Option<&P> {
        let mut parts = self.0.iter();
        parts.find_map(|part| as_any(&**part).downcast_ref())
    }

    /// Changes the part of this kind; from now on the request has it.
    pub(crate) fn change<P: Part + Default>(&mut self, change: impl FnOnce(&mut P)) {
        let has = self.0.iter().position(|part| as_any(&**part).is::<P>());
        let held: Option<Box<dyn Any>> = has.map(|place| self.0.remove(place) as Box<dyn Any>);
        let held = held.and_then(|part| part.downcast().ok());
        let mut part: Box<P> = held.unwrap_or_default();
        change(&mut part);
        self.0.insert(has.unwrap_or(self.0.len()), part);
    }

    /// Forgets what a request that failed must not write.
    pub(crate) fn give_up(&mut self) {
        for part in &mut self.0 {
            part.give_up();
        }
    }

    /// Locks of all parts.
    pub(crate) fn locks(&self, facility: &FacilityName) -> Vec<LockKey> {
        let locks = self.0.iter().map(|part| part.locks(facility));
        locks.flatten().collect()
    }

    /// Bytes that each row counts with.
    pub(crate) fn stored(&self) -> Vec<usize> {
        self.0.iter().flat_map(|part| part.stored()).collect()
    }

    /// Whether other transactions would wait for one of them.
    pub(crate) fn is_long(&self) -> bool {
        self.0.iter().any(|part| part.is_long())
    }

    /// The parts in the order of their steps.
    pub(crate) fn in_order(mut self) -> Self {
        self.0.sort_by_key(|part| part.step());
        self
    }

    /// Writes them.
    ///
    /// # Errors
    /// That of the first that cannot be written.
    pub(crate) fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        self.0.iter().try_for_each(|part| part.apply(tx, facility))
    }
}

fn as_any(part: &dyn Part) -> &dyn Any {
    part
}
