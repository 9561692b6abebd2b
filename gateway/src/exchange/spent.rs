//! What a request costs the budgets of its caller on its way: each entry of a batch that
//! is denied, and each search of it, costs what a request of its own would, and so does
//! each record that is opened.
//!
//! An attempt that is made again, because an epoch moved or a version was taken, does the
//! same once more and costs nothing more, but for the records that it opens.

use crate::{exchange::Exchange, failure::Failure, limits::sizes::records_of_cards};
use tokio::task::yield_now;

/// Bytes of query text of a request that no budget is charged with: its audit record has
/// more, whatever it asks.
const FREE_QUERY_BYTES: u64 = 1024;

/// Amounts of the attempt at hand, and what all attempts were charged.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) denials: Meter,
    pub(crate) query_bytes: Meter,
}

/// One of them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meter {
    seen: u64,
    charged: u64,
}

impl Spent {
    /// For another attempt.
    pub(crate) const fn again(self) -> Self {
        Self {
            denials: self.denials.again(),
            query_bytes: self.query_bytes.again(),
        }
    }
}

impl Meter {
    const fn again(self) -> Self {
        Self {
            seen: 0,
            charged: self.charged,
        }
    }

    /// Adds an amount; gives how much of it was not charged before.
    pub(crate) fn add(&mut self, amount: u64) -> u64 {
        self.add_beyond(0, amount)
    }

    /// The same where the first of all amounts are free.
    fn add_beyond(&mut self, free: u64, amount: u64) -> u64 {
        self.seen = self.seen.saturating_add(amount);
        let dear = self.seen.saturating_sub(free);
        let due = dear.saturating_sub(self.charged);
        self.charged = self.charged.saturating_add(due);
        due
    }

    /// Whether this attempt has added anything.
    pub(crate) const fn is_zero(self) -> bool {
        self.seen == 0
    }
}

impl Exchange<'_> {
    /// Notes the text of a search, for the audit and the caller's budget.
    pub(crate) fn note_query(&mut self, text: String) {
        let bytes = &mut self.spent.query_bytes;
        let due = bytes.add_beyond(FREE_QUERY_BYTES, text.len() as u64);
        self.app().throttle.searched(&self.context.caller, due);
        self.acts.query(text);
    }

    /// Pays for a record that is to be opened, from the budget of the request and that of
    /// its user. A request that is long by it goes on beside, and ends when the user has
    /// opened too many.
    ///
    /// # Errors
    /// Too costly when the request has opened enough, throttled when its user has.
    pub(crate) async fn pay(&self, envelope: &[u8]) -> Result<(), Failure> {
        self.budget.open(envelope)?;
        self.go_on_with(envelope.len()).await
    }

    /// Pays for another version that is read with a record that was paid for: the one that a
    /// delete ended, say. The record counts once, and the bytes of both do.
    ///
    /// # Errors
    /// Throttled when the user has opened too much.
    pub(crate) async fn pay_beside(&self, envelope: &[u8]) -> Result<(), Failure> {
        self.budget.open_beside(envelope);
        self.go_on_with(envelope.len()).await
    }

    /// Pays for index cards before they are read, and for rows without a card that are read
    /// with them, whatever becomes of them.
    ///
    /// # Errors
    /// Too costly when the request has not so much left, throttled when its user has opened
    /// too much.
    pub(crate) async fn pay_cards(&self, cards: u64, rows: u64) -> Result<(), Failure> {
        let records = records_of_cards(cards, rows);
        self.budget.read_cards(records)?;
        self.go_on().await?;
        self.app()
            .throttle
            .read_cards(&self.context.caller, records);
        Ok(())
    }

    /// Pays for the bytes of index cards that were paid for and are opened together.
    ///
    /// # Errors
    /// Throttled when the user has opened too much.
    pub(crate) async fn pay_card_bytes(&self, cards: usize, bytes: usize) -> Result<(), Failure> {
        let (cards, bytes) = (cards as u64, bytes as u64);
        self.budget.open_cards(bytes);
        self.go_on().await?;
        let throttle = &self.app().throttle;
        throttle.opened_cards(&self.context.caller, cards, bytes);
        Ok(())
    }

    async fn go_on_with(&self, bytes: usize) -> Result<(), Failure> {
        self.go_on().await?;
        self.app().throttle.opened(&self.context.caller, bytes);
        Ok(())
    }

    async fn go_on(&self) -> Result<(), Failure> {
        if self.budget.is_long() {
            self.context.lane.long_step().await;
            self.app().throttle.records(&self.context.caller)
        } else {
            // Of many requests that are short each, others wait for a record and no more.
            yield_now().await;
            Ok(())
        }
    }

    /// Notes that the caller was denied something that is not all of the request. It
    /// costs at once what a request that is denied costs.
    pub(crate) fn note_denial(&mut self) {
        for _ in 0..self.spent.denials.add(1) {
            self.app().throttle.denied(&self.context.caller);
        }
    }

    /// Whether the caller may be denied once more, after a denial within this request.
    ///
    /// # Errors
    /// Throttled when the budget is used up.
    pub(crate) fn require_denials(&self) -> Result<(), Failure> {
        if self.spent.denials.is_zero() {
            Ok(())
        } else {
            self.app().throttle.denials(&self.context.caller)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_again_is_charged_once() {
        let mut spent = Spent::default();
        assert_eq!(spent.denials.add(1), 1);
        assert_eq!(spent.denials.add(2), 2);
        let mut again = spent.again();
        assert!(again.denials.is_zero());
        assert_eq!(again.denials.add(1), 0);
        assert_eq!(again.denials.add(3), 1, "one more than the first time");
        assert_eq!(again.query_bytes.add(5), 5);
    }

    #[test]
    fn what_is_free_is_free_once() {
        let mut bytes = Meter::default();
        let due = [60, 60, 60].map(|amount| bytes.add_beyond(100, amount));
        assert_eq!(due, [0, 20, 60]);
        let mut again = bytes.again();
        let due = [60, 60, 60, 60].map(|amount| again.add_beyond(100, amount));
        assert_eq!(due, [0, 0, 0, 60]);
    }
}
