//! The view of cards and patient heads: how they are written. `read` has what is read.

use crate::{
    Error, FacilityId, Tx,
    cards::{
        heads, put,
        rows::{HeadChange, KeepsHead, NewCard, SweptCard},
        write,
    },
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

    /// Takes a card away that is not what was stored, if it stands there as it was read.
    /// Heads stay as they are.
    pub fn drop_damaged(
        &mut self,
        facility: FacilityId,
        damaged: &SweptCard,
    ) -> Result<bool, Error> {
        Ok(write::drop_as_read(self.access, facility, damaged)? > 0)
    }

    /// Adds up the head of a patient anew, from the cards that stand there.
    pub fn rebuild_head(
        &mut self,
        facility: FacilityId,
        keeper: &dyn KeepsHead,
    ) -> Result<(), Error> {
        let patient = keeper.patient();
        // Whoever writes a card of the patient waits from here on.
        heads::hold(self.access, facility, &[patient])?;
        let added = self.swept_head(facility, patient)?.members;
        let change = HeadChange {
            added,
            ..HeadChange::default()
        };
        let head = keeper.changed(None, &change)?;
        let heads: Vec<_> = head.into_iter().map(|head| (patient, head)).collect();
        heads::put(self.access, facility, &heads)
    }
}
