//! What an act of an administrator writes, in the transaction of its audit.

use crate::{
    exchange::part::{Part, Step},
    facility::{registration::NewRegistration, setup::MadeFacility},
};
use model::{FacilityName, Tag};
use store::{Change, ChangeDecision, FacilityId, LockKey, NewStatement, Tx};

/// Rows that an act adds; none for an act that only reads.
#[derive(Default)]
pub(crate) struct Writes {
    pub(super) proposed: Option<(Change, NewStatement)>,
    pub(super) decided: Option<(ChangeDecision, NewStatement)>,
    pub(super) registered: Vec<NewRegistration>,
    pub(super) made: Option<MadeFacility>,
}

impl Part for Writes {
    fn step(&self) -> Step {
        Step::Rules
    }

    /// One decision at a time in a facility: two that each leave enough administrators
    /// may not leave too few together. The lock is held before the epoch is compared,
    /// so the second sees that it has moved.
    fn locks(&self, facility: &FacilityName) -> Vec<LockKey> {
        match self.decided {
            Some(_) => vec![LockKey::of(&[b"admin", facility.as_str().as_bytes()])],
            None => Vec::new(),
        }
    }

    /// Adds the rows. What is in force from then on is read anew by every process,
    /// because the epoch moves.
    fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        if let Some((change, statement)) = &self.proposed {
            tx.changes().insert(facility, change)?;
            tx.statements().insert(facility, statement)?;
        }
        if let Some((decision, statement)) = &self.decided {
            tx.changes().decide(facility, decision)?;
            tx.statements().insert(facility, statement)?;
        }
        for registration in &self.registered {
            registration.insert(tx, facility)?;
        }
        if !self.registered.is_empty() {
            tx.epochs().bump(facility, Tag::ZERO)?;
        }
        if let Some(made) = &self.made {
            made.insert(tx)?;
        }
        Ok(())
    }

    fn give_up(&mut self) {
        *self = Self::default();
    }
}
