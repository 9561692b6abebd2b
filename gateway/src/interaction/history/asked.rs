//! What part of a history is asked for, and the links that ask for it again.

use super::{
    at::{At, bad_time},
    page::{Links, Window},
};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{head::Given, negotiation},
    limits::sizes::DEFAULT_COUNT,
    search::{
        cursor,
        paging::{cursor_query, not_beside_cursor, parse_count},
    },
};
use fhir::IssueCode;
use model::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use url::form_urlencoded::Serializer;

/// What part of a history is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(super) count: u32,
    since: Option<Timestamp>,
    at: Option<At>,
    cursor: Option<String>,
}

impl Asked {
    /// Reads the query of a history: `_count`, `_since`, `_at`, and the cursor of a next
    /// link.
    ///
    /// # Errors
    /// Invalid for anything else, and for what is given twice.
    pub fn parse(query: &str) -> Result<Self, Failure> {
        let mut asked = Self {
            count: DEFAULT_COUNT,
            since: None,
            at: None,
            cursor: None,
        };
        let mut given = Given::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "_count" => asked.count = parse_count(&value, 1)?,
                "_since" => asked.since = Some(since(&value)?),
                "_at" => asked.at = Some(At::try_from(value.into_owned())?),
                "_cursor" => asked.cursor = Some(value.into_owned()),
                "_format" => negotiation::check_format(&value)?,
                "_pretty" => {}
                _ => {
                    return Err(Failure::new(
                        Category::Invalid,
                        IssueCode::NotSupported,
                        "a parameter is not supported; on a history use `_count`, `_since` and \
                         `_at`",
                    ));
                }
            }
            given.take(&name)?;
        }
        if asked.cursor.is_some() && (asked.since.is_some() || asked.at.is_some()) {
            return Err(not_beside_cursor());
        }
        Ok(asked)
    }

    /// Whether more is asked for than a usual page.
    pub(super) const fn is_long(&self) -> bool {
        self.count > DEFAULT_COUNT
    }

    /// What the query asks for, or the cursor of a next link.
    ///
    /// # Errors
    /// As [`cursor::open`].
    pub(super) fn window<E: DeserializeOwned>(
        &self,
        exchange: &Exchange<'_>,
        place: &str,
    ) -> Result<Window<E>, Failure> {
        match &self.cursor {
            Some(sealed) => cursor::open(exchange, place, sealed),
            None => Ok(Window {
                end: None,
                since: self.since,
                at: self.at.clone(),
            }),
        }
    }

    /// The links of a page, where it ends if there is more.
    ///
    /// # Errors
    /// As [`cursor::seal`].
    pub(super) fn links<E: Serialize>(
        &self,
        exchange: &Exchange<'_>,
        place: &str,
        window: &Window<E>,
        end: Option<E>,
    ) -> Result<Links, Failure> {
        let url = format!("{}/{place}", exchange.context.base);
        let first = format!("{url}?{}", self.first_query(window));
        let own = match &self.cursor {
            Some(cursor) => format!("{url}{}", cursor_query(self.count, cursor)),
            None => first.clone(),
        };
        let mut links = Links {
            own,
            first,
            next: None,
        };
        if end.is_some() {
            let rest = Window {
                end,
                since: window.since,
                at: window.at.clone(),
            };
            let sealed = cursor::seal(exchange, place, rest)?;
            links.next = Some(format!("{url}{}", cursor_query(self.count, &sealed)));
        }
        Ok(links)
    }

    /// The query of the first page.
    pub(super) fn first_query<E>(&self, window: &Window<E>) -> String {
        // A time as it is written needs no escape, and has had none.
        let since = window.since.map(|since| format!("&_since={since}"));
        let since = since.unwrap_or_default();
        let mut query = Serializer::new(format!("_count={}{since}", self.count));
        if let Some(at) = &window.at {
            query.append_pair("_at", at.text());
        }
        query.finish()
    }
}

fn since(value: &str) -> Result<Timestamp, Failure> {
    fhir::first_moment(value).ok_or_else(|| bad_time("_since"))
}
