//! history of an instance: `GET [base]/[type]/[id]/_history`; of a type and of all records it is
//! below (<https://hl7.org/fhir/R4/http.html#history>).

mod asked;
mod at;
mod begun;
mod events;
mod many;
mod merged;
mod page;
mod places;

pub use asked::Asked;
pub(crate) use events::of_event;
pub(crate) use many::{ALL, OF_TYPE, history as of_many};

use crate::{
    exchange::{Exchange, asked::Named, facts},
    failure::{Category, Failure},
    http::reply::Reply,
    interaction::kinds::{ALL_TYPES, Does, Place, Row},
    record::{
        sight::Looked,
        version::{Found, OpenVersion},
        versions::{self as written, CurrentFrom, HistoryRange},
    },
    search::paging::BYTES_PER_PAGE,
};
use fhir::{
    IssueCode,
    bundle::{self, HistoryEntry},
};
use model::{LogicalId, ResourceType, Restful, Tag, VersionNumber};
use page::{OneVersion, Window};
use policies::Action;
use std::collections::BTreeSet;

/// How the versions of a record are listed.
pub static ROW: Row = Row::get(
    Place::History,
    Does::Shows,
    &[Restful::HistoryInstance],
    ALL_TYPES,
);

const HISTORY: &[Action] = &[Action::HistoryInstance];
/// Versions of which no more than the facts in clear are read at a time.
const FACTS: u32 = 1_000;
/// Versions read at a time.
const BATCH: u32 = 50;

/// The versions of a record, newest first, deletes included.
///
/// # Errors
/// Not found when the caller may see none of them; invalid or gone for a cursor
/// that cannot be used.
pub async fn history(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    asked: &Asked,
) -> Result<Reply, Failure> {
    if asked.is_long() {
        exchange.context.lane.long_step().await;
    }
    let place = format!("{kind}/{id}/_history");
    let window = asked.window(exchange, &place)?;
    let range = range(exchange, kind, id, &window).await?;
    let Shown {
        versions,
        damaged,
        end,
    } = versions(exchange, kind, id, range, asked.count).await?;
    if versions.is_empty() && window.end.is_none() {
        if let Some(failure) = damaged {
            return Err(failure);
        }
        nothing(exchange, kind, id, window.is_narrowed()).await?;
    }
    let links = asked.links(exchange, &place, &window, end)?;
    let rows: Vec<_> = versions.iter().map(OneVersion::row).collect();
    let begun = begun::begun(exchange, &rows).await?;
    let outcomes: Vec<_> = versions.iter().map(OneVersion::outcome).collect();
    let entries: Vec<HistoryEntry<'_>> = versions
        .iter()
        .zip(&outcomes)
        .zip(begun)
        .map(|((one, outcome), begun)| HistoryEntry {
            begun,
            outcome: outcome.as_deref(),
            ..one.entry(&exchange.context.base, id)
        })
        .collect();
    Ok(Reply::document(bundle::history(
        &links.page(),
        &entries,
        None,
    )))
}

/// The versions that are asked for, by their numbers.
async fn range(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    window: &Window<VersionNumber>,
) -> Result<HistoryRange, Failure> {
    let mut range = HistoryRange {
        before: window.end,
        since: window.since,
        current: None,
    };
    let Some(period) = window.period() else {
        return Ok(range);
    };
    let (facility, record) = (exchange.facility().id, exchange.tag(kind, id));
    let stored = exchange
        .search("history period", move |reader| {
            reader.versions().ends_of(facility, record, period)
        })
        .await?;
    let (mut current, mut later) =
        stored.map_err(|error| exchange.facility().refuse_read(kind, record, error))?;
    // What the request itself has written is newer.
    let written = exchange.written().iter().map(|write| &write.version);
    for version in written.filter(|version| version.record == record) {
        if version.time <= period.from {
            current = Some(version.number);
        }
        if period.until.is_some_and(|until| version.time >= until) {
            later = later.or(Some(version.number));
        }
    }
    range.before = match (range.before, later) {
        (Some(before), Some(later)) => Some(before.min(later)),
        (before, later) => before.or(later),
    };
    range.current = Some(CurrentFrom {
        number: current.unwrap_or(VersionNumber::FIRST),
        moment: period.from,
    });
    Ok(range)
}

/// What of a page may be shown.
#[derive(Default)]
struct Shown {
    versions: Vec<OneVersion>,
    /// The refusal of a damaged version that the caller may not know of.
    damaged: Option<Failure>,
    /// The last version that was looked at, when there is more.
    end: Option<VersionNumber>,
}

/// The part of a version that the caller may see. One that is damaged is refused by itself.
async fn one(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    row: store::Version,
    shown: &mut Shown,
) -> Result<(), Failure> {
    let (number, record, subject) = (row.number, row.record, row.subject);
    let released = match exchange.open_row(row.clone()).await {
        Ok(found) => released(exchange, found).await,
        Err(failure) => Err(failure),
    };
    let failure = match released {
        Ok(version) => {
            shown.versions.extend(version.map(OneVersion::Whole));
            return Ok(());
        }
        Err(failure) if failure.category == Category::Damaged => failure,
        Err(failure) => return Err(failure),
    };
    let patients = subject.into_iter().collect();
    let facts = facts::of_record(&exchange.facility().name, kind, patients);
    let asked = exchange.weigh(Action::HistoryInstance, &facts.of_record(record));
    if asked.is_permitted() && exchange.may_know_of_damage(&[Action::HistoryInstance], kind) {
        let named = Named {
            kind: kind.clone(),
            id: id.clone(),
            version: Some(number),
            patients: Vec::new(),
        };
        exchange.show(&asked, named);
        shown.versions.push(OneVersion::Damaged(row, failure));
    } else if asked.is_permitted() {
        shown.damaged = Some(failure);
    }
    Ok(())
}

/// A version that was opened, if it may be seen.
async fn released(
    exchange: &mut Exchange<'_>,
    mut found: Found,
) -> Result<Option<OpenVersion>, Failure> {
    let asked = exchange.weigh_shown(Action::HistoryInstance, &mut found);
    let Some(asked) = asked.await? else {
        return Ok(None);
    };
    let mut version = exchange.release(asked, found)?;
    version.resource = None;
    Ok(Some(version))
}

/// The versions of a page that may be seen.
async fn versions(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    range: HistoryRange,
    count: u32,
) -> Result<Shown, Failure> {
    let most = BYTES_PER_PAGE.min(exchange.budget.answer_left());
    let mut shown = Shown::default();
    let (mut left, mut last) = (count, None);
    loop {
        let limit = left.min(BATCH);
        let rest = HistoryRange {
            before: last.or(range.before),
            ..range
        };
        let rows = visible_rows(exchange, kind, id, rest, limit + 1).await?;
        let more = rows.len() > limit as usize;
        for row in rows.into_iter().take(limit as usize) {
            // The first is paid for or refused, so that each page comes further.
            let bytes: usize = shown.versions.iter().map(OneVersion::size).sum();
            let spent = bytes >= most || !exchange.budget.opens_more();
            if last.is_some() && spent {
                shown.end = last;
                return Ok(shown);
            }
            let before = last;
            (last, left) = (Some(row.number), left.saturating_sub(1));
            if !exchange.may_reach(HISTORY, kind, row.subject) {
                let hidden = exchange.clear_target(kind, row.record, row.subject);
                exchange.pass_over(Action::HistoryInstance, &hidden);
                continue;
            }
            match one(exchange, kind, id, row, &mut shown).await {
                // The record by whose rules a Binary goes was one too many.
                Err(failure) if before.is_some() && failure.code == IssueCode::TooCostly => {
                    shown.end = before;
                    return Ok(shown);
                }
                done => done?,
            }
        }
        match (more, left) {
            (false, _) => return Ok(shown),
            (true, 0) => {
                shown.end = last;
                return Ok(shown);
            }
            (true, _) => {}
        }
    }
}

/// A history without a version is an answer only to those who may see the record
/// and asked for what was written since or current at some time.
async fn nothing(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    narrowed: bool,
) -> Result<(), Failure> {
    let current = if narrowed {
        exchange.look(HISTORY, kind, id, None).await?
    } else {
        Looked::Absent
    };
    let shown = exchange.ask_shown(Action::HistoryInstance, kind, id, current);
    let Some((asked, found)) = shown.await? else {
        return Err(Failure::not_found());
    };
    exchange.complete(&asked, None, found.patients);
    Ok(())
}

/// The next rows, unless what stands in clear denies all that are left: then none is
/// read, as when there are none.
async fn visible_rows(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    range: HistoryRange,
    limit: u32,
) -> Result<Vec<store::Version>, Failure> {
    if !exchange.reaches_all(HISTORY, kind) {
        let record = exchange.tag(kind, id);
        let facts = exchange.history_facts(record, range, FACTS).await?;
        let all = facts.len() < FACTS as usize;
        let written = written::history(exchange.written(), record, range);
        let subjects: BTreeSet<Option<Tag>> = (facts.iter().map(|facts| facts.subject))
            .chain(written.iter().map(|version| version.subject))
            .collect();
        let visible = |subject: &Option<Tag>| exchange.may_reach(HISTORY, kind, *subject);
        if all && !subjects.iter().any(visible) {
            return Ok(Vec::new());
        }
    }
    rows(exchange, kind, id, range, limit).await
}

async fn rows(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    range: HistoryRange,
    limit: u32,
) -> Result<Vec<store::Version>, Failure> {
    let (facility, tag) = (exchange.facility().id, exchange.tag(kind, id));
    let stored = exchange
        .search("history", move |reader| {
            let mut versions = reader.versions();
            versions.history(facility, tag, range.before, range.since, limit)
        })
        .await?
        .map_err(|error| exchange.facility().refuse_read(kind, tag, error))?;
    let mut rows = written::history(exchange.written(), tag, range);
    rows.extend(stored.into_iter().filter(|row| range.holds(row)));
    rows.truncate(limit as usize);
    Ok(rows)
}
