//! Finding current versions by links and tokens, one page at a time, ordered by
//! record tag or by time. What a page holds was current when it was read. In the
//! order of tags a record that is written between two pages is found once, where
//! its tag stands; in the order of time it moves to its new time. No record that is
//! left alone is missed or found twice in either.

use crate::{
    Access, Error, FacilityId, Versions, column,
    search_statement::{Count, Found, Narrow},
    versions::{self, Row, Version},
};
use diesel::RunQueryDsl;
use model::{ResourceType, Tag, Timestamp, Token};

/// One condition on a record; it holds when any of its values does. With no
/// values it never holds.
#[derive(Debug, Clone, Copy)]
pub enum Criterion<'a> {
    /// The record refers by `param` to one of the targets.
    Links {
        /// Search parameter.
        param: &'a str,
        /// Records referred to.
        targets: &'a [Tag],
    },
    /// The record has one of the tokens. A token holds type and parameter already.
    Tokens(&'a [Token]),
}

/// A place in the order of time; records of one moment follow each other by tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimePosition {
    /// When the current version was written.
    pub time: Timestamp,
    /// The record.
    pub record: Tag,
}

/// In what order records are found, and from where on.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// By record tag.
    Record {
        /// Those after this one.
        after: Option<Tag>,
    },
    /// By the time of the current version.
    Time {
        /// Whether the latest come first.
        newest_first: bool,
        /// Written then or later.
        from: Option<Timestamp>,
        /// Written before then.
        until: Option<Timestamp>,
        /// Those that follow this place in this order.
        after: Option<TimePosition>,
    },
}

impl<A: Access> Versions<'_, A> {
    /// The current versions of the records of a type that meet all criteria, in
    /// their order, at most `limit`. The first criterion is looked up and the others
    /// checked: put the one that fewest records meet first.
    pub fn search(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        criteria: &[Criterion<'_>],
        order: Order,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        if criteria.iter().any(|criterion| criterion.len() == 0) {
            return Ok(Vec::new());
        }
        let found = Found(Narrow::new(facility, resource_type, criteria, order, limit));
        let rows: Vec<Row> = self.access.query(|conn| found.load(conn))?;
        rows.into_iter().map(versions::read).collect()
    }

    /// How many records [`Self::search`] would find, counted up to `limit`.
    pub fn count(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        criteria: &[Criterion<'_>],
        order: Order,
        limit: u32,
    ) -> Result<u32, Error> {
        if criteria.iter().any(|criterion| criterion.len() == 0) {
            return Ok(0);
        }
        let count = Count(Narrow::new(facility, resource_type, criteria, order, limit));
        let count: i64 = self.access.query(|conn| count.get_result(conn))?;
        column::number(count)
    }
}

impl Criterion<'_> {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Links { targets, .. } => targets.len(),
            Self::Tokens(tokens) => tokens.len(),
        }
    }

    pub(crate) const fn is_plain(&self) -> bool {
        self.len() == 1
    }
}
