//! What part of a history is asked for, and the links that ask for it again.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{head::Given, negotiation},
    limits::sizes::DEFAULT_COUNT,
    record::versions::HistoryRange,
    search::{
        cursor,
        paging::{cursor_query, not_beside_cursor, parse_count},
    },
};
use fhir::IssueCode;
use model::{Timestamp, VersionNumber};

/// What part of a history is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(super) count: u32,
    since: Option<Timestamp>,
    cursor: Option<String>,
}

/// Where a page is, and where the first one is.
pub(super) struct Links {
    pub(super) own: String,
    pub(super) first: String,
}

/// Where a page ends: before this version, of those written since.
type Place = (VersionNumber, Option<Timestamp>);

impl Asked {
    /// Reads the query of a history: `_count`, `_since`, and the cursor of a next
    /// link.
    ///
    /// # Errors
    /// Invalid for anything else, and for what is given twice.
    pub fn parse(query: &str) -> Result<Self, Failure> {
        let mut asked = Self {
            count: DEFAULT_COUNT,
            since: None,
            cursor: None,
        };
        let mut given = Given::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "_count" => asked.count = parse_count(&value, 1)?,
                "_since" => asked.since = Some(since(&value)?),
                "_cursor" => asked.cursor = Some(value.into_owned()),
                "_format" => negotiation::check_format(&value)?,
                "_pretty" => {}
                _ => {
                    return Err(Failure::new(
                        Category::Invalid,
                        IssueCode::NotSupported,
                        "a parameter is not supported; on a history use `_count` and `_since`",
                    ));
                }
            }
            given.take(&name)?;
        }
        if asked.cursor.is_some() && asked.since.is_some() {
            return Err(not_beside_cursor());
        }
        Ok(asked)
    }

    /// The range of the query, or the one inside the cursor of a next link.
    pub(super) fn range(
        &self,
        exchange: &Exchange<'_>,
        place: &str,
    ) -> Result<HistoryRange, Failure> {
        let Some(sealed) = &self.cursor else {
            return Ok(HistoryRange {
                before: None,
                since: self.since,
            });
        };
        let (before, since): Place = cursor::open(exchange, place, sealed)?;
        Ok(HistoryRange {
            before: Some(before),
            since,
        })
    }

    /// The links of a page, of versions written since some time.
    pub(super) fn links(&self, url: &str, since: Option<Timestamp>) -> Links {
        let since = since.map(|since| format!("&_since={since}"));
        let first = format!("{url}?_count={}{}", self.count, since.unwrap_or_default());
        let own = match &self.cursor {
            Some(cursor) => format!("{url}{}", cursor_query(self.count, cursor)),
            None => first.clone(),
        };
        Links { own, first }
    }
}

fn since(value: &str) -> Result<Timestamp, Failure> {
    fhir::first_moment(value).ok_or_else(|| {
        Failure::new(
            Category::Invalid,
            IssueCode::Value,
            "the value of `_since` must be a moment such as `2026-11-22T10:00:00Z`",
        )
    })
}
