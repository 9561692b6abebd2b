//! search: `GET [base]/[type]?..` and `POST [base]/[type]/_search`
//! (<https://hl7.org/fhir/R4/search.html>), over sealed records.
//!
//! Candidates are found by tags, tokens and times, opened, decided over one by one,
//! and checked against every criterion. What the caller may not see is left out
//! without a trace: a total counts what would be shown, and a next link is there
//! when there is a match behind it, or more candidates than one request may open.

pub(crate) mod included;
mod opening;
mod rendered;

pub(crate) use opening::{Opening, open_shown};
pub use rendered::{incomplete, outcome_entry, outcomes};

use self::included::Beside;
use crate::{
    exchange::{Exchange, reach::SEARCH},
    failure::{Category, Failure},
    http::reply::Reply,
    interaction::kinds::{ALL_TYPES, Does, Place, Row, Verb},
    record::version::{Candidate, OpenVersion},
    search::{
        criteria::Criteria,
        order::Position,
        paging::{
            self, BYTES_PER_PAGE, Page, RECORDS_AT_ONCE, RECORDS_COUNTED, RECORDS_PER_PAGE, Total,
        },
        parameter::OpenRecord,
        query::Search,
        source::Source,
    },
};
use fhir::{
    IssueCode,
    bundle::{self, SearchMode},
};
use model::{ResourceType, Restful};
use policies::{Action, Target};

/// How records are searched by a query.
pub static BY_QUERY: Row = Row::get(
    Place::Type,
    Does::Searches,
    &[Restful::SearchType],
    ALL_TYPES,
);
/// The same by a form.
pub static BY_FORM: Row = Row {
    place: Place::SearchForm,
    verb: Verb::Post,
    ..Row::get(
        Place::SearchForm,
        Does::Searches,
        &[Restful::SearchType],
        ALL_TYPES,
    )
};

/// What became of a candidate.
enum Checked {
    /// It matches and may be seen.
    Match(Box<Candidate>),
    /// It does not match, or may not be seen.
    Passed,
    /// It is damaged; whether it would match is not known.
    Damaged,
}

/// What a search looks through.
pub(crate) struct Sought<'a> {
    kind: &'a ResourceType,
    /// None where the candidates are all that is asked for.
    criteria: Option<&'a Criteria>,
    candidates: Source,
    /// Number of candidates that were damaged.
    damaged: u32,
}

/// The matches of a page.
pub(crate) struct Listed {
    matches: Vec<Candidate>,
    /// What stands beside them.
    included: Vec<Candidate>,
    /// Where it ends when there is more.
    pub(crate) end: Option<Position>,
    total: Option<u64>,
}

/// The links of a page.
pub(crate) struct Links {
    /// The URL of the search, without a query.
    pub(crate) url: String,
    /// The query of its first page.
    pub(crate) first: String,
    /// The link to the next page.
    pub(crate) next: Option<String>,
}

/// One page of matches.
///
/// # Errors
/// Forbidden when the caller may not search this type; too costly when a total is
/// demanded over too many candidates.
pub async fn search(exchange: &mut Exchange<'_>, search: &Search) -> Result<Reply, Failure> {
    let (kind, page) = (search.criteria.kind(), &search.page);
    exchange.note_query(search.audited());
    let all = Target::all(exchange.facility().name.clone(), kind.clone());
    exchange.require(Action::SearchType, &all)?;
    if page.is_long() {
        exchange.context.lane.long_step().await;
    }
    let candidates = Source::of(exchange, search).await?;
    let mut sought = Sought::new(kind, Some(&search.criteria), candidates);
    let mut listed = sought.list(exchange, page).await?;
    if !search.includes.is_empty() {
        let beside = Beside {
            includes: &search.includes,
            patient: search.within.patient(),
        };
        included::beside(exchange, &mut sought, &mut listed, &beside).await?;
    }
    let next = match listed.end {
        Some(after) => Some(search.next_link(exchange, after).await?),
        None => None,
    };
    let links = Links {
        url: search.url(exchange),
        first: search.self_query(),
        next,
    };
    sought.answer(exchange, page, listed, &links)
}

impl<'a> Sought<'a> {
    /// Candidates of a type, or of several.
    pub(crate) const fn new(
        kind: &'a ResourceType,
        criteria: Option<&'a Criteria>,
        candidates: Source,
    ) -> Self {
        Self {
            kind,
            criteria,
            damaged: candidates.damaged(),
            candidates,
        }
    }

    /// The matches of a page, counted where that is asked for.
    ///
    /// # Errors
    /// Too costly when a total is demanded over too many candidates.
    pub(crate) async fn list(
        &mut self,
        exchange: &mut Exchange<'_>,
        page: &Page,
    ) -> Result<Listed, Failure> {
        let (matches, end) = matches(exchange, self, page).await?;
        let whole = page.count > 0 && page.after.is_none() && end.is_none();
        let total = match page.total() {
            Total::None => None,
            _ if whole => Some(matches.len() as u64),
            total => count(exchange, self, total).await?,
        };
        Ok(Listed {
            matches,
            included: Vec::new(),
            end,
            total,
        })
    }

    /// Shows a page.
    ///
    /// # Errors
    /// When a record is no resource.
    pub(crate) fn answer(
        &self,
        exchange: &mut Exchange<'_>,
        page: &Page,
        listed: Listed,
        links: &Links,
    ) -> Result<Reply, Failure> {
        let warning = self.warning(exchange);
        let matches = listed
            .matches
            .into_iter()
            .map(|one| (one, SearchMode::Match));
        let included = listed.included.into_iter();
        let all = matches.chain(included.map(|one| (one, SearchMode::Include)));
        let shown = all.map(|(found, mode)| (exchange.disclose_version(found), mode));
        let shown: Vec<(OpenVersion, SearchMode)> = shown.collect();
        let Links { url, first, next } = links;
        let own = format!("{url}{}", page.own_query(first));
        let first = format!("{url}{first}");
        let links = bundle::Page {
            self_link: &own,
            // A link that is too long to be followed is none.
            first_link: (first.len() <= paging::LONGEST_LINK).then_some(&*first),
            next_link: next.as_deref(),
            total: listed.total,
        };
        let base = &exchange.context.base;
        let entries = rendered::entries(base, page, shown, outcomes(page, warning))?;
        Ok(Reply::document(bundle::searchset(&links, entries)))
    }
}

/// The first matches of criteria, as many as their page has; whether there may be more.
///
/// # Errors
/// Forbidden when the caller may not search this type; damaged when the caller may know of
/// damaged candidates, of which it is not known whether they match.
pub(super) async fn matching(
    exchange: &mut Exchange<'_>,
    search: &Search,
) -> Result<(Vec<Candidate>, bool), Failure> {
    let kind = search.criteria.kind();
    let candidates = Source::of(exchange, search).await?;
    let mut sought = Sought::new(kind, Some(&search.criteria), candidates);
    let (matches, end) = matches(exchange, &mut sought, &search.page).await?;
    if sought.warning(exchange).is_some() {
        let text = "a record that the criteria may concern is damaged; the operator finds its \
                    place in the log of the service";
        return Err(Failure::new(Category::Damaged, IssueCode::Incomplete, text));
    }
    Ok((matches, end.is_some()))
}

impl Sought<'_> {
    /// Tells the operator, and gives the outcome that tells callers who may know, that
    /// damaged records were left out.
    fn warning(&self, exchange: &Exchange<'_>) -> Option<Vec<u8>> {
        if self.damaged == 0 {
            return None;
        }
        tracing::warn!(facility = %exchange.facility().name, resource_type = %self.kind,
            damaged = self.damaged, "a search is incomplete: damaged records were left out");
        let may_know = exchange.may_know_of_damage(SEARCH, self.kind);
        may_know.then(incomplete)
    }
}

/// The matches of a page, and where it ends when there is more: it goes on to the
/// match after the last, so that it knows.
async fn matches(
    exchange: &mut Exchange<'_>,
    sought: &mut Sought<'_>,
    page: &Page,
) -> Result<(Vec<Candidate>, Option<Position>), Failure> {
    let (mut matches, mut bytes, mut seen) = (Vec::new(), 0_usize, 0);
    let mut after = page.after;
    let most = BYTES_PER_PAGE.min(exchange.budget.answer_left());
    if page.count == 0 {
        return Ok((matches, None));
    }
    loop {
        let held = u32::try_from(matches.len()).unwrap_or(u32::MAX);
        let missing = page.count.saturating_add(1).saturating_sub(held);
        let wanted = missing.clamp(*RECORDS_AT_ONCE.start(), *RECORDS_AT_ONCE.end());
        let batch = sought.candidates.read(exchange, after, wanted).await?;
        for row in batch.rows {
            // The first is paid for or refused, so that each page comes further.
            let spent = seen > 0 && !exchange.budget.opens_more();
            if seen >= RECORDS_PER_PAGE || spent {
                return Ok((matches, after));
            }
            seen += 1;
            let place = Position::of_hit(&row);
            let checked = match check(exchange, sought, row).await {
                // The record by whose rules a Binary goes was one too many.
                Err(failure) if seen > 1 && failure.code == IssueCode::TooCostly => {
                    return Ok((matches, after));
                }
                checked => checked?,
            };
            if let Checked::Match(found) = checked {
                if matches.len() >= page.count as usize || bytes >= most {
                    return Ok((matches, after));
                }
                let size = found.version.look(|version| version.content.len());
                bytes = bytes.saturating_add(size);
                matches.push(*found);
            }
            after = Some(place);
        }
        match batch.end {
            Some(end) => after = Some(end),
            None => return Ok((matches, None)),
        }
    }
}

/// How many matches there are in all. Each must be opened and decided over, so that
/// none is counted that would not be shown.
async fn count(
    exchange: &mut Exchange<'_>,
    sought: &mut Sought<'_>,
    total: Total,
) -> Result<Option<u64>, Failure> {
    if sought
        .candidates
        .count(exchange, RECORDS_COUNTED + 1)
        .await?
        > RECORDS_COUNTED
    {
        return match total {
            Total::Accurate => Err(Failure::new(
                Category::Unprocessable,
                IssueCode::TooCostly,
                format!(
                    "more than {RECORDS_COUNTED} records would have to be opened to count \
                     the matches; narrow the search, or ask for no total"
                ),
            )),
            _ => Ok(None),
        };
    }
    let (mut count, mut after) = (0, None);
    loop {
        let batch = sought
            .candidates
            .read(exchange, after, *RECORDS_AT_ONCE.end())
            .await?;
        for row in batch.rows {
            if total == Total::Estimate && !exchange.budget.opens_more() {
                return Ok(None);
            }
            match check(exchange, sought, row).await {
                Ok(Checked::Match(_)) => count += 1,
                Ok(_) => {}
                Err(failure)
                    if total == Total::Estimate && failure.code == IssueCode::TooCostly =>
                {
                    return Ok(None);
                }
                Err(failure) => return Err(failure),
            }
        }
        match batch.end {
            Some(end) => after = Some(end),
            None => return Ok(Some(count)),
        }
    }
}

/// Opens a candidate, decides over it, and checks it against the criteria.
async fn check(
    exchange: &mut Exchange<'_>,
    sought: &mut Sought<'_>,
    hit: store::Hit,
) -> Result<Checked, Failure> {
    let kind = sought.candidates.kind_of(hit.record);
    let kind = kind.unwrap_or(sought.kind).clone();
    let (asked, found) = match open_shown(exchange, &kind, hit).await? {
        Opening::Shown(shown) => *shown,
        Opening::Hidden => return Ok(Checked::Passed),
        Opening::Damaged => {
            sought.damaged = sought.damaged.saturating_add(1);
            return Ok(Checked::Damaged);
        }
    };
    let (written, number) = (found.row.time, found.row.number);
    let mut candidate = found.examine(asked)?;
    // What was read of it is several times its bytes, and is not kept for the page.
    let resource = candidate.version.take(|version| version.resource.take());
    let holds = resource.is_some_and(|resource| {
        let record = OpenRecord {
            resource: &resource,
            local: &exchange.context.local,
            written,
        };
        let candidates = &sought.candidates;
        let meets = |criteria: &Criteria| criteria.holds(&record);
        sought.criteria.is_none_or(meets) && candidates.holds(exchange, number, &record)
    });
    if !holds {
        return Ok(Checked::Passed);
    }
    Ok(Checked::Match(Box::new(candidate)))
}
