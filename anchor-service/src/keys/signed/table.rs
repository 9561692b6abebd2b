//! A table of another PostgreSQL database, for hosts that share no disk. Each swap is a
//! transaction that compares.

use super::{
    error::SignedError,
    state::{DamagedStates, SignedKeeper, SignedState, SignedStates},
};
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

/// The rows that are states.
fn sorted(rows: Vec<(String, String)>, place: &str) -> (SignedStates, DamagedStates) {
    let (mut states, mut damaged) = (SignedStates::new(), DamagedStates::new());
    for (origin, note) in rows {
        match state(&origin, note, place.to_owned()) {
            Ok(state) => drop(states.insert(state.origin().clone(), state)),
            Err(error) => drop(damaged.insert(origin, error)),
        }
    }
    (states, damaged)
}

impl SignedKeeper for SignedTable {
    fn read(&self) -> Result<SignedStates, SignedError> {
        let (states, damaged) = self.read_each()?;
        damaged.into_values().next().map_or(Ok(states), Err)
    }

    fn read_each(&self) -> Result<(SignedStates, DamagedStates), SignedError> {
        let rows = self.notes.read().map_err(|error| self.unusable(&error))?;
        Ok(sorted(rows, &self.place()))
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
        if made.map_err(|error| self.unusable(&error))? {
            Ok(())
        } else {
            Err(SignedError::Changed {
                place: self.place(),
            })
        }
    }

    fn place(&self) -> String {
        "signed_state in the database of [signed]".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlog::notes::{checkpoint::Origin, log_key::LogKey};

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

    #[test]
    fn a_damaged_row_takes_no_other_with_it() {
        let name: Origin = "gw.test/log/a".parse().unwrap();
        let key = LogKey::from_seed(name.clone(), &[1; 32]);
        let note = key.sign(1, model::Digest::new([1; 32]));
        let row = |origin: &str| (origin.to_owned(), note.clone());
        let (states, damaged) = sorted(vec![row("gw.test/log/a"), row("gw.test/log/b")], "there");
        assert_eq!(states.into_keys().collect::<Vec<_>>(), [name]);
        let named = damaged.into_keys().collect::<Vec<_>>();
        assert_eq!(named, ["gw.test/log/b"], "the note is not its own");
    }
}
