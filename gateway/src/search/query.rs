//! A search as a whole, read from the query of a request or from the cursor of a next
//! link: its criteria, how the answer is wanted, and the links to other pages.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    search::{
        criteria::Criteria,
        cursor,
        kept_query::{Kept, QueryText},
        order::Position,
        paging::{Page, beside_cursor, cursor_query},
        parameter::{self, Reading},
        value::Query,
        within::Within,
    },
};
use fhir::{IssueCode, LocalBase};
use model::{ResourceType, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A search of records of one type.
pub struct Search {
    /// What is asked for.
    pub criteria: Criteria,
    /// How the answer is wanted.
    pub page: Page,
    /// What is asked of index cards.
    pub(crate) within: Within,
    /// The query as it was asked; sealed in the cursor of a next link.
    text: String,
    lenient: bool,
    began: Timestamp,
    /// Where the query is kept, if it is.
    kept: Option<Kept>,
}

/// What the cursor of a search holds.
#[derive(Serialize, Deserialize)]
struct Place {
    query: QueryText,
    lenient: bool,
    began: Timestamp,
    after: Position,
}

impl Search {
    /// Reads the query of a request, or the one inside the cursor of a next link.
    ///
    /// # Errors
    /// As [`Search::parse`]; invalid or gone for a cursor that cannot be used, or can no
    /// longer.
    pub async fn of_request(
        exchange: &Exchange<'_>,
        kind: &ResourceType,
        text: &str,
        lenient: bool,
    ) -> Result<Self, Failure> {
        let local = &exchange.context.local;
        let cursor = url::form_urlencoded::parse(text.as_bytes())
            .find(|(name, _)| name == "_cursor")
            .map(|(_, cursor)| cursor);
        let now = exchange.at;
        let Some(cursor) = cursor else {
            return Self::parse(kind, Query { text, lenient, now }, local);
        };
        let count = beside_cursor(text)?;
        let place: Place = cursor::open(exchange, kind.as_str(), &cursor)?;
        let (text, kept) = place.query.open(exchange).await?;
        let query = Query {
            text: &text,
            lenient: place.lenient,
            now: place.began,
        };
        let mut search = Self::parse(kind, query, local)?;
        let page = &mut search.page;
        page.after = Some(place.after);
        page.count = count.unwrap_or(page.count);
        page.cursor = Some(cursor.into_owned());
        search.kept = kept;
        Ok(search)
    }

    /// Reads a query string: what is asked, and how the answer is wanted.
    ///
    /// # Errors
    /// Invalid for a parameter, modifier or value that is not supported; nothing
    /// is ever ignored, unless the caller asked for lenient handling, and no modifier then.
    pub(super) fn parse(
        kind: &ResourceType,
        query: Query<'_>,
        local: &LocalBase,
    ) -> Result<Self, Failure> {
        let mut criteria = Criteria::on(kind);
        let mut page = Page::first(query.lenient);
        let mut within = Within::default();
        let reading = Reading {
            now: query.now,
            local,
        };
        let mut seen = HashSet::new();
        for (name, value) in url::form_urlencoded::parse(query.text.as_bytes()) {
            if name == "_sort" && within.take_sort(kind, &value) {
                page.sort_elsewhere()?;
                continue;
            }
            // All of them must hold: one that stands twice asks no more than once.
            if page.take(&name, &value)? || !seen.insert((name.clone(), value.clone())) {
                continue;
            }
            let elsewhere = criteria.take(&name, &value, reading)?;
            let by_cards = within.take(kind, (&name, &value), reading, elsewhere)?;
            if !(elsewhere || by_cards) {
                page.ignore(&name, || unsupported(kind))?;
            }
        }
        criteria.check_size()?;
        page.part.settle(kind)?;
        Ok(Self {
            criteria,
            page,
            within,
            text: query.text.to_owned(),
            lenient: query.lenient,
            began: query.now,
            kept: None,
        })
    }

    /// Reads the criteria of a conditional interaction, of which `matches` records at most are
    /// of interest.
    ///
    /// # Errors
    /// As [`Search::parse`].
    pub(crate) fn of_criteria(
        exchange: &Exchange<'_>,
        kind: &ResourceType,
        (text, matches): (&str, u32),
    ) -> Result<Self, Failure> {
        let query = Query {
            text,
            lenient: false,
            now: exchange.at,
        };
        let mut search = Self::parse(kind, query, &exchange.context.local)?;
        search.page.count = matches;
        Ok(search)
    }

    /// When its first page was asked for.
    pub(crate) const fn began(&self) -> Timestamp {
        self.began
    }

    /// The query of the `self` link: what was asked and is in force.
    #[must_use]
    pub fn self_query(&self) -> String {
        format!("?{}", self.understood())
    }

    /// The part of the query that was understood; its text is sealed for the audit.
    #[must_use]
    pub fn understood(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(self.text.as_bytes()) {
            let mut known = parameter::of_type(self.criteria.kind().as_str());
            if known.any(|parameter| parameter.name() == name) || self.within.has(&name) {
                query.append_pair(&name, &value);
            }
        }
        if let Some(sort) = self.within.sort_text() {
            query.append_pair("_sort", sort);
        }
        self.page.describe(&mut query);
        query.finish()
    }

    /// The next link; of bounded length, whatever was asked.
    ///
    /// # Errors
    /// When the source of randomness fails, or sealing does.
    pub async fn next_link(
        &self,
        exchange: &mut Exchange<'_>,
        after: Position,
    ) -> Result<String, Failure> {
        let place = Place {
            query: QueryText::of(exchange, &self.text, self.kept).await?,
            lenient: self.lenient,
            began: self.began,
            after,
        };
        let kind = self.criteria.kind();
        let sealed = cursor::seal(exchange, kind.as_str(), place)?;
        let query = cursor_query(self.page.count, &sealed);
        Ok(format!("{}/{kind}{query}", exchange.context.base))
    }
}

fn unsupported(kind: &ResourceType) -> Failure {
    let names =
        parameter::of_type(kind.as_str()).map(|parameter| format!("`{}`, ", parameter.name()));
    let known: String = names.collect();
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        format!(
            "a search parameter is not supported; on {kind} use {known}`_sort`, `_count` and \
             `_total`, or send `Prefer: handling=lenient` to have others ignored",
        ),
    )
}

#[cfg(test)]
mod tests;
