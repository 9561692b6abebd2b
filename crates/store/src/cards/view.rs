//! The view of cards and patient heads: how they are written. `read` has what is read.

use crate::{
    Error, FacilityId, Tx,
    cards::{put, rows::NewCard, write},
    records::waiting::Waiting,
};

/// The view of cards and patient heads.
pub struct Cards<'a, A> {
    pub(crate) access: &'a mut A,
}

impl Cards<'_, Tx> {
    /// Puts the cards of new versions in the place of those of the versions before, after the
    /// versions. On PostgreSQL few of them wait to be stored with others.
    pub fn put_many(&mut self, facility: FacilityId, new: &[NewCard]) -> Result<(), Error> {
        if !Waiting::is_for(self.access.backend(), new.len()) {
            return put::put_many(self.access, facility, new);
        }
        self.access.waiting.add_cards(facility, new);
        Ok(())
    }

    /// Puts cards of versions that have none by these definitions, where these are still the
    /// current ones; the number of those that got one.
    pub fn add_missing(&mut self, facility: FacilityId, new: &[NewCard]) -> Result<usize, Error> {
        let current = write::hold_current(self.access, facility, new)?;
        let fresh: Vec<NewCard> = new
            .iter()
            .filter(|new| current.contains(&new.record))
            .cloned()
            .collect();
        put::put_many(self.access, facility, &fresh)?;
        Ok(fresh.len())
    }
}
