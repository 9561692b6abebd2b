//! Where the simulation keeps signed states.

use super::Faults;
use crate::keys::signed::{DamagedStates, SignedError, SignedFile, SignedKeeper, SignedStates};

/// The file of signed states, whose writes can fail too.
pub(super) struct Keeper {
    pub(super) file: SignedFile,
    pub(super) faults: Faults,
}

impl SignedKeeper for Keeper {
    fn read(&self) -> Result<SignedStates, SignedError> {
        self.file.read()
    }

    fn read_each(&self) -> Result<(SignedStates, DamagedStates), SignedError> {
        let (mut states, mut damaged) = (self.file.read()?, DamagedStates::new());
        if let Some(origin) = self.faults.damaged() {
            states.remove(&origin);
            let (origin, place) = (origin.to_string(), self.place());
            let error = SignedError::DamagedRow {
                origin: origin.clone(),
                place,
            };
            damaged.insert(origin, error);
        }
        Ok((states, damaged))
    }

    fn swap(&self, before: &SignedStates, after: &SignedStates) -> Result<(), SignedError> {
        // A row that is damaged is not what was known of it.
        let damaged = self.faults.damaged();
        if damaged.is_some_and(|origin| after.contains_key(&origin)) {
            return Err(SignedError::Changed {
                place: self.place(),
            });
        }
        let failed = |_| SignedError::Unusable {
            place: self.place(),
            problem: "as planned".to_owned(),
        };
        self.faults.before().map_err(failed)?;
        self.faults.witness.see(after);
        self.file.swap(before, after)?;
        self.faults.after().map_err(failed)
    }

    fn place(&self) -> String {
        self.file.place()
    }
}
