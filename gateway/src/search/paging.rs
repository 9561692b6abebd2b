//! How the answer to a search is wanted: how many matches on a page, in what order,
//! with or without a total, and from where on
//! (<https://hl7.org/fhir/R4/search.html#return>).

use crate::{
    failure::{Category, Failure},
    form::subset,
    http::{head::Given, negotiation},
    limits::sizes::DEFAULT_COUNT,
    search::order::{Position, Sort},
};
use fhir::IssueCode;
use std::ops::RangeInclusive;

/// Matches on a page at most.
pub const MAX_MATCHES: u32 = 1_000;

/// How many records one page looks at before it leaves the rest to the next.
pub const RECORDS_PER_PAGE: u32 = 2_000;
/// Bytes of content on a page after which the rest is left to the next.
pub const BYTES_PER_PAGE: usize = 32 * 1024 * 1024;
/// How many records are opened at most to count the matches.
pub const RECORDS_COUNTED: u32 = 10_000;
/// Records read at a time.
pub const RECORDS_AT_ONCE: RangeInclusive<u32> = 16..=200;

/// The longest link that every server and proxy reads
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-4.1>).
pub const LONGEST_LINK: usize = 8_000;

/// Whether matches are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// They are not.
    None,
    /// If that is cheap enough.
    Estimate,
    /// They are, or the search is refused.
    Accurate,
}

/// How the answer to a search is wanted.
#[derive(Debug, Clone)]
pub struct Page {
    /// Matches at most; with 0 they are only counted.
    pub count: u32,
    /// Where the page before ended.
    pub after: Option<Position>,
    /// The cursor that led here.
    pub cursor: Option<String>,
    /// `_summary=count`: whatever `_count` says.
    counts_only: bool,
    sort: Option<Sort>,
    total: Total,
    /// Which part of each match.
    pub part: subset::Asked,
    /// Whether what is not supported is ignored.
    lenient: bool,
    ignored: bool,
    given: Given,
}

impl Page {
    /// The first page of a search that asks for nothing of the kind; whether what is not
    /// supported is ignored.
    #[must_use]
    pub fn first(lenient: bool) -> Self {
        Self {
            count: DEFAULT_COUNT,
            after: None,
            cursor: None,
            counts_only: false,
            sort: None,
            total: Total::None,
            part: subset::Asked::default(),
            lenient,
            ignored: false,
            given: Given::default(),
        }
    }

    /// Takes a parameter if it says how the answer is wanted.
    ///
    /// # Errors
    /// Invalid for a value that is not supported, and for a parameter given twice.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, Failure> {
        match name {
            "_count" => {
                let count = parse_count(value, 0)?;
                if !self.counts_only {
                    self.count = count;
                }
            }
            "_format" => negotiation::check_format(value)?,
            "_pretty" => {}
            "_sort" => match parse_sort(value) {
                Ok(sort) => self.sort = Some(sort),
                Err(_) if self.lenient => self.ignored = true,
                Err(failure) => return Err(failure),
            },
            "_summary" if value == "count" => (self.count, self.counts_only) = (0, true),
            "_summary" => match self.part.take_summary(value) {
                Err(_) if self.lenient => self.ignored = true,
                taken => taken?,
            },
            "_elements" => self.part.take_elements(value),
            "_total" => {
                self.total = match value {
                    "none" => Total::None,
                    "estimate" => Total::Estimate,
                    "accurate" => Total::Accurate,
                    _ => return Err(bad_total()),
                }
            }
            _ => return Ok(false),
        }
        self.given.take(name)?;
        Ok(true)
    }

    /// Notes a `_sort` that is read elsewhere.
    ///
    /// # Errors
    /// Invalid when it is given twice.
    pub fn sort_elsewhere(&mut self) -> Result<(), Failure> {
        self.given.take("_sort")
    }

    /// Leaves a parameter out that nothing here knows, if the caller allows that. One with a
    /// modifier or a chain is never left out: it could mean the opposite
    /// (<https://hl7.org/fhir/R4/search.html#modifiers>).
    ///
    /// # Errors
    /// Not supported; for a plain parameter that is not to be left out, what `unsupported`
    /// says.
    pub fn ignore(
        &mut self,
        name: &str,
        unsupported: impl FnOnce() -> Failure,
    ) -> Result<(), Failure> {
        if name.contains([':', '.']) {
            return Err(Failure::new(
                Category::Invalid,
                IssueCode::NotSupported,
                "a modifier, as in `name:exact`, or a chain, as in `patient.name`, is not \
                 supported on this parameter; leave it out: it is not ignored, because the \
                 search would mean something else without it",
            ));
        }
        if !self.lenient {
            return Err(unsupported());
        }
        self.ignored = true;
        Ok(())
    }

    /// Whether something that was asked for was left out.
    #[must_use]
    pub const fn has_ignored(&self) -> bool {
        self.ignored
    }

    /// The order of matches; a search by time is answered in the order of time.
    #[must_use]
    pub fn sort(&self, by_time: bool) -> Sort {
        let unasked = if by_time { Sort::Oldest } else { Sort::Record };
        self.sort.unwrap_or(unasked)
    }

    /// The order that was asked for.
    #[must_use]
    pub const fn asked_sort(&self) -> Option<Sort> {
        self.sort
    }

    /// Whether matches are counted: on the first page, and always when nothing else
    /// is asked for.
    #[must_use]
    pub fn total(&self) -> Total {
        match (self.total, self.count) {
            (Total::None, 0) => Total::Accurate,
            _ if self.after.is_some() => Total::None,
            (total, _) => total,
        }
    }

    /// Whether more is asked for than a usual page.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.count > DEFAULT_COUNT || self.total() != Total::None
    }

    /// Adds what is in force to the query of the `self` link.
    pub fn describe(&self, query: &mut url::form_urlencoded::Serializer<'_, String>) {
        match self.sort {
            Some(Sort::Oldest) => drop(query.append_pair("_sort", "_lastUpdated")),
            Some(Sort::Newest) => drop(query.append_pair("_sort", "-_lastUpdated")),
            Some(Sort::Record) | None => {}
        }
        match self.total {
            Total::Accurate => drop(query.append_pair("_total", "accurate")),
            Total::Estimate => drop(query.append_pair("_total", "estimate")),
            Total::None => {}
        }
        self.part.describe(query);
        query.append_pair("_count", &self.count.to_string());
    }

    /// The query of the `self` link, where `first` is that of the first page.
    #[must_use]
    pub fn own_query(&self, first: &str) -> String {
        match &self.cursor {
            Some(cursor) => cursor_query(self.count, cursor),
            None => first.to_owned(),
        }
    }
}

/// The query of a link to a page. Clients put a `_count` of their own beside a cursor
/// that has none.
#[must_use]
pub fn cursor_query(count: u32, sealed: &str) -> String {
    format!("?_count={count}&_cursor={sealed}")
}

/// The cursor in the query of a request.
#[must_use]
pub fn cursor_of(text: &str) -> Option<String> {
    let mut all = url::form_urlencoded::parse(text.as_bytes());
    let cursor = all.find(|(name, _)| name == "_cursor");
    cursor.map(|(_, cursor)| cursor.into_owned())
}

/// A cursor holds the whole search: nothing stands beside it but the form of the answer
/// and how much of it is wanted at once, which is given.
///
/// # Errors
/// Invalid for anything else.
pub fn beside_cursor(text: &str) -> Result<Option<u32>, Failure> {
    let (mut given, mut count) = (Given::default(), None);
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        match name.as_ref() {
            "_cursor" | "_pretty" => {}
            "_count" => count = Some(parse_count(&value, 1)?),
            "_format" => negotiation::check_format(&value)?,
            _ => return Err(not_beside_cursor()),
        }
        given.take(&name)?;
    }
    Ok(count)
}

/// The refusal of what says anew what the cursor holds.
#[must_use]
pub fn not_beside_cursor() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        "a parameter beside `_cursor` is not supported, but for `_count`; follow the `next` link \
         as it is",
    )
}

/// Reads `_count`. A page is never longer than the most that is given at once, however
/// large the number.
///
/// # Errors
/// Invalid when it is no number from `least` on.
pub fn parse_count(value: &str, least: u32) -> Result<u32, Failure> {
    let digits = !value.is_empty() && value.bytes().all(|c| c.is_ascii_digit());
    // Of digits alone only a number past the end of the type does not parse.
    match digits.then(|| value.parse().unwrap_or(MAX_MATCHES)) {
        Some(count) if count >= least => Ok(count.min(MAX_MATCHES)),
        _ => Err(Failure::new(
            Category::Invalid,
            IssueCode::Value,
            format!("the value of `_count` must be a whole number from {least}"),
        )),
    }
}

/// Reads `_sort`.
///
/// # Errors
/// Not supported for anything but the time of the current version.
pub fn parse_sort(value: &str) -> Result<Sort, Failure> {
    match value {
        "_lastUpdated" => Ok(Sort::Oldest),
        "-_lastUpdated" => Ok(Sort::Newest),
        _ => Err(Failure::new(
            Category::Invalid,
            IssueCode::NotSupported,
            "records are sorted by time only; use `_sort=_lastUpdated` or `_sort=-_lastUpdated`",
        )),
    }
}

fn bad_total() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Value,
        "the value of `_total` must be `none`, `estimate` or `accurate`",
    )
}
