//! A search as a whole, read from the query of a request or from the cursor of a next
//! link: its criteria, how the answer is wanted, and the links to other pages.

pub(crate) mod include;

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    search::{
        criteria::Criteria,
        cursor,
        kept_query::{Kept, QueryText},
        order::Position,
        paging::{MAX_MATCHES, Page, beside_cursor, cursor_of, cursor_query},
        parameter::{self, Reading},
        query::include::Includes,
        value::Query,
        within::Within,
    },
};
use fhir::{IssueCode, LocalBase};
use model::{LogicalId, ResourceType, Timestamp};
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
    /// What is to stand beside the matches.
    pub(crate) includes: Includes,
    /// Its path below the base: the type, behind a patient where it is in a compartment.
    path: String,
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
        let looked = Looked::of_type(kind);
        Self::read(exchange, looked, text, lenient).await
    }

    /// The same of the records of a type in a patient's compartment
    /// (<https://hl7.org/fhir/R4/http.html#vsearch>).
    ///
    /// # Errors
    /// As [`Search::of_request`].
    pub async fn of_compartment(
        exchange: &Exchange<'_>,
        patient: &LogicalId,
        kind: &ResourceType,
        text: &str,
        lenient: bool,
    ) -> Result<Self, Failure> {
        let looked = Looked {
            kind,
            around: Some(LookedAround::Compartment(patient)),
        };
        Self::read(exchange, looked, text, lenient).await
    }

    /// A search for the records of a type that refer to some of these by a parameter, all on
    /// one page: those of a patient and of no single patient, or all.
    ///
    /// # Errors
    /// As [`Search::of_request`].
    pub(crate) fn referring(
        exchange: &Exchange<'_>,
        kind: &ResourceType,
        code: &str,
        names: &[String],
        within: Option<LogicalId>,
    ) -> Result<Self, Failure> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair(code, &names.join(","));
        query.append_pair("_count", &MAX_MATCHES.to_string());
        let query = Query {
            text: &query.finish(),
            lenient: false,
            now: exchange.at,
        };
        let looked = Looked {
            kind,
            around: within.as_ref().map(LookedAround::Beside),
        };
        Self::parse(looked, query, &exchange.context.local)
    }

    async fn read(
        exchange: &Exchange<'_>,
        looked: Looked<'_>,
        text: &str,
        lenient: bool,
    ) -> Result<Self, Failure> {
        let local = &exchange.context.local;
        let cursor = cursor_of(text);
        let now = exchange.at;
        let Some(cursor) = cursor else {
            return Self::parse(looked, Query { text, lenient, now }, local);
        };
        let count = beside_cursor(text)?;
        let place: Place = cursor::open(exchange, &looked.path(), &cursor)?;
        let (text, kept) = place.query.open(exchange).await?;
        let query = Query {
            text: &text,
            lenient: place.lenient,
            now: place.began,
        };
        let mut search = Self::parse(looked, query, local)?;
        let page = &mut search.page;
        page.after = Some(place.after);
        page.count = count.unwrap_or(page.count);
        page.cursor = Some(cursor);
        search.kept = kept;
        Ok(search)
    }

    /// Reads a query string: what is asked, and how the answer is wanted.
    ///
    /// # Errors
    /// Invalid for a parameter, modifier or value that is not supported; nothing
    /// is ever ignored, unless the caller asked for lenient handling, and no modifier then.
    pub(super) fn parse(
        looked: Looked<'_>,
        query: Query<'_>,
        local: &LocalBase,
    ) -> Result<Self, Failure> {
        let kind = looked.kind;
        let mut criteria = Criteria::on(kind);
        let mut page = Page::first(query.lenient);
        let mut within = looked.within();
        let mut includes = Includes::default();
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
            if includes.take(&name, &value)? {
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
            includes,
            path: looked.path(),
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
        let looked = Looked::of_type(kind);
        let mut search = Self::parse(looked, query, &exchange.context.local)?;
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

    /// What the audit is told: what was understood, and the path where it names a patient.
    pub(crate) fn audited(&self) -> String {
        let understood = self.understood();
        if self.path.contains('/') {
            format!("{}?{understood}", self.path)
        } else {
            understood
        }
    }

    /// The part of the query that was understood.
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
        self.includes.describe(&mut query);
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
        let sealed = cursor::seal(exchange, &self.path, place)?;
        let query = cursor_query(self.page.count, &sealed);
        Ok(format!("{}{query}", self.url(exchange)))
    }

    /// Its URL, without a query.
    pub(crate) fn url(&self, exchange: &Exchange<'_>) -> String {
        format!("{}/{}", exchange.context.base, self.path)
    }
}

/// What the path of a search names.
#[derive(Clone, Copy)]
pub(super) struct Looked<'r> {
    kind: &'r ResourceType,
    /// The patient around whom it looks.
    around: Option<LookedAround<'r>>,
}

/// How a search looks around a patient.
#[derive(Clone, Copy)]
enum LookedAround<'r> {
    /// At the compartment, which stands in the path.
    Compartment(&'r LogicalId),
    /// At the records of the patient and of no single patient.
    Beside(&'r LogicalId),
}

impl<'r> Looked<'r> {
    /// A type of records, whosever they are.
    pub(super) const fn of_type(kind: &'r ResourceType) -> Self {
        Self { kind, around: None }
    }

    fn path(&self) -> String {
        let kind = self.kind;
        match self.around {
            Some(LookedAround::Compartment(patient)) => format!("Patient/{patient}/{kind}"),
            Some(LookedAround::Beside(_)) | None => kind.to_string(),
        }
    }

    fn within(&self) -> Within {
        match self.around {
            Some(LookedAround::Compartment(patient)) => Within::compartment(patient.clone()),
            Some(LookedAround::Beside(patient)) => Within::beside(patient.clone()),
            None => Within::default(),
        }
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
            "a search parameter is not supported; on {kind} use {known}another of R4 for the \
             type, `_sort`, `_count` and `_total`, or send `Prefer: handling=lenient` to have others ignored",
        ),
    )
}

#[cfg(test)]
mod tests;
