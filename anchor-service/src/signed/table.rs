//! A table of another PostgreSQL database, for hosts that share no disk. Each swap is a
//! transaction that compares.

use super::{SignedError, SignedKeeper, SignedState, SignedStates};
use store::{NoteSwap, OpenError, SignedNotes};
use zeroize::Zeroizing;

/// The table.
#[derive(Debug)]
pub struct SignedTable {
    notes: SignedNotes,
}

impl SignedTable {
    /// Opens the table in the database of this URL, and makes it in one that has none.
    ///
    /// # Errors
    /// When the database cannot be used, or holds records.
    pub fn open(url: Zeroizing<String>) -> Result<Self, OpenError> {
        let notes = SignedNotes::open(url)?;
        Ok(Self { notes })
    }

    fn unusable(&self, problem: String) -> SignedError {
        SignedError::Unusable {
            place: self.place(),
            problem,
        }
    }
}

impl SignedKeeper for SignedTable {
    fn read(&self) -> Result<SignedStates, SignedError> {
        let rows = self
            .notes
            .read()
            .map_err(|problem| self.unusable(problem))?;
        let mut states = SignedStates::new();
        for (origin, note) in rows {
            let state = SignedState::parse(note).ok();
            let state = state.filter(|state| state.origin().as_str() == origin);
            let state = state.ok_or_else(|| SignedError::Damaged {
                place: self.place(),
            })?;
            states.insert(state.origin().clone(), state);
        }
        Ok(states)
    }

    fn swap(&self, before: &SignedStates, after: &SignedStates) -> Result<(), SignedError> {
        // In the order of the origins: two that swap at once wait for each other, and never
        // in a circle.
        let swaps: Vec<NoteSwap<'_>> = after
            .iter()
            .map(|(origin, state)| NoteSwap {
                origin: origin.as_str(),
                before: before.get(origin).map(SignedState::note),
                after: state.note(),
            })
            .collect();
        let made = self.notes.swap(&swaps);
        match made.map_err(|problem| self.unusable(problem))? {
            true => Ok(()),
            false => Err(SignedError::Changed {
                place: self.place(),
            }),
        }
    }

    fn place(&self) -> String {
        "signed_state in the database of [signed]".to_owned()
    }
}
