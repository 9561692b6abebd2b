//! How much one request may cost, over all entries of a Bundle together: records
//! opened, bytes of them, index cards, patients of records, bytes of the answer.
//!
//! A budget is asked before each step and charged with what the step took. So it is
//! passed by one record or page at most, and what was released is never held back.
//! Changes are charged and not asked: their answers are no larger than the body. But for
//! the patients that they name: each of these leaves an event in the audit.

use crate::{
    failure::{Category, Failure},
    limits::{
        settings::Limits,
        sizes::{CARDS_PER_RECORD, DEFAULT_COUNT},
    },
};
use fhir::IssueCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// Records after which a request is a long one: a page is none if it asks for no more
/// than is usual.
const LONG_RECORDS: u64 = DEFAULT_COUNT as u64 + 1;
/// Bytes of them.
const LONG_BYTES: u64 = 256 * 1024;

/// What is left of it.
pub struct Budget {
    records: Left,
    bytes: Left,
    /// Patients that what is written names, beyond the first of each record.
    named: Left,
    answer: Left,
}

struct Left {
    limit: u64,
    left: AtomicU64,
}

impl Left {
    const fn new(limit: u64) -> Self {
        Self {
            limit,
            left: AtomicU64::new(limit),
        }
    }

    fn get(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// A request is carried out by one task at a time.
    fn charge(&self, amount: u64) {
        let left = self.get().saturating_sub(amount);
        self.left.store(left, Ordering::Relaxed);
    }
}

impl Budget {
    /// The whole budget of a request.
    #[must_use]
    pub const fn new(limits: &Limits) -> Self {
        Self {
            records: Left::new(limits.opened_records),
            bytes: Left::new(limits.opened_bytes),
            named: Left::new(limits.opened_records),
            answer: Left::new(limits.answer_bytes),
        }
    }

    /// Pays for a record that is to be opened.
    ///
    /// # Errors
    /// Too costly when nothing is left.
    pub fn open(&self, envelope: &[u8]) -> Result<(), Failure> {
        if !self.opens_more() {
            return Err(self.spent());
        }
        self.records.charge(1);
        self.bytes.charge(envelope.len() as u64);
        Ok(())
    }

    /// Pays for another version that is read with a record that was paid for. It is not
    /// asked whether anything is left, so that any record can be opened alone.
    pub fn open_beside(&self, envelope: &[u8]) {
        self.bytes.charge(envelope.len() as u64);
    }

    /// The most records that may still be opened.
    #[must_use]
    pub fn records_left(&self) -> u64 {
        self.records.get()
    }

    /// Pays for index cards that are to be read, by what they cost in records.
    ///
    /// # Errors
    /// Too costly when not so much is left.
    pub fn read_cards(&self, records: u64) -> Result<(), Failure> {
        if records > 0 && (!self.opens_more() || records > self.records.get()) {
            return Err(self.spent());
        }
        self.records.charge(records);
        Ok(())
    }

    /// Pays for the bytes of index cards that were read.
    pub fn open_cards(&self, bytes: u64) {
        self.bytes.charge(bytes);
    }

    /// Pays for the patients beyond the first of a record that was opened: each is as much
    /// as another record.
    pub fn open_patients(&self, more: u64) {
        self.records.charge(more);
    }

    /// Pays for the patients beyond the first of a record that is to be written.
    ///
    /// # Errors
    /// Too costly when there are some and nothing is left.
    pub fn write_patients(&self, more: u64) -> Result<(), Failure> {
        if more > 0 && self.named.get() == 0 {
            return Err(too_costly(format!(
                "what is written would name more than {} patients; send it in parts",
                self.named.limit
            )));
        }
        self.named.charge(more);
        Ok(())
    }

    /// Whether another record may be opened.
    #[must_use]
    pub fn opens_more(&self) -> bool {
        self.records.get() > 0 && self.bytes.get() > 0
    }

    /// Whether so much was opened, or is about to be, that the request is a long one.
    #[must_use]
    pub fn is_long(&self) -> bool {
        let records = self.records.limit.saturating_sub(self.records.get());
        let bytes = self.bytes.limit.saturating_sub(self.bytes.get());
        records > LONG_RECORDS || bytes >= LONG_BYTES
    }

    /// Why no more records are opened.
    #[must_use]
    pub fn spent(&self) -> Failure {
        too_costly(format!(
            "the request would open more than {} records, each patient beyond the first of a \
             record counting as one and so do each {CARDS_PER_RECORD} index cards of a search, \
             or more than {} bytes of them; narrow its searches, or send it in parts",
            self.records.limit, self.bytes.limit
        ))
    }

    /// Bytes that the answer may still have.
    #[must_use]
    pub fn answer_left(&self) -> usize {
        usize::try_from(self.answer.get()).unwrap_or(usize::MAX)
    }

    /// Asks whether more may be shown.
    ///
    /// # Errors
    /// Too costly when the answer is full.
    pub fn require_answer(&self) -> Result<(), Failure> {
        if self.answer.get() > 0 {
            return Ok(());
        }
        Err(too_costly(format!(
            "the answer would be larger than {} bytes; ask for smaller pages, or send the \
             Bundle in parts",
            self.answer.limit
        )))
    }

    /// Pays for a part of the answer.
    pub fn answer(&self, bytes: usize) {
        self.answer.charge(bytes as u64);
    }
}

fn too_costly(text: String) -> Failure {
    Failure::new(Category::Unprocessable, IssueCode::TooCostly, text)
}
