//! A table of another PostgreSQL database, for hosts that share no disk. Each swap is a
//! transaction that compares.

use super::{SignedError, SignedKeeper, SignedState, SignedStates};
use store::{Error, NoteSwap, OpenError, SignedNotes};
use zeroize::Zeroizing;

/// Characters of an origin that are shown.
const MAX_ORIGIN: usize = 200;

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

    fn unusable(&self, error: &Error) -> SignedError {
        SignedError::Unusable {
            place: self.place(),
            problem: error.to_string(),
        }
    }
}

/// A row as a state.
fn state(origin: &str, note: String, place: String) -> Result<SignedState, SignedError> {
    let state = SignedState::parse(note).ok();
    state
        .filter(|state| state.origin().as_str() == origin)
        .ok_or_else(|| SignedError::DamagedRow {
            // Whoever can write there may have put anything down.
            origin: origin
                .chars()
                .take(MAX_ORIGIN)
                .collect::<String>()
                .escape_debug()
                .to_string(),
            place,
        })
}

impl SignedKeeper for SignedTable {
    fn read(&self) -> Result<SignedStates, SignedError> {
        let rows = self.notes.read().map_err(|error| self.unusable(&error))?;
        let mut states = SignedStates::new();
        for (origin, note) in rows {
            let state = state(&origin, note, self.place())?;
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
        match made.map_err(|error| self.unusable(&error))? {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_signed_state_is_named_with_what_to_do() {
        let damaged = state(
            "gw.test/log/a/1\n",
            "nothing".to_owned(),
            "there".to_owned(),
        );
        let said = damaged.unwrap_err().to_string();
        assert!(
            said.contains("the row of `gw.test/log/a/1\\n` in there"),
            "{said}"
        );
        assert!(said.contains("delete the row"), "{said}");
    }
}
