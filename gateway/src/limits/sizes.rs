//! Sizes on which several limits rest.

/// Matches or versions on a page when nothing is asked.
pub const DEFAULT_COUNT: u32 = 50;
/// Index cards that cost as much as one record: they are read, opened and compared, and it is
/// opened, decided over and shown.
pub const CARDS_PER_RECORD: u64 = 16;
/// Rows without a card, such as the members of a patient's head, that cost as much as a card.
pub const ROWS_PER_CARD: u64 = 4;

/// What reading index cards, and rows without one, costs in records.
#[must_use]
pub const fn records_of_cards(cards: u64, rows: u64) -> u64 {
    let cards = cards.saturating_add(rows.div_ceil(ROWS_PER_CARD));
    cards.div_ceil(CARDS_PER_RECORD)
}
/// Entries of one Bundle at most.
pub const ENTRY_LIMIT: usize = 10_000;
