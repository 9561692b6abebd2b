//! history of an instance: `GET [base]/[type]/[id]/_history`
//! (<https://hl7.org/fhir/R4/http.html#history>).

mod asked;
mod begun;

pub use asked::Asked;

use crate::{
    exchange::{Exchange, asked::Named, facts},
    failure::{Category, Failure},
    http::reply::Reply,
    interaction::kinds::{Does, Place, RECORDS, Row},
    limits::sizes::DEFAULT_COUNT,
    record::{
        sight::Looked,
        version::{Found, OpenVersion, is_delete},
        versions::{self as written, HistoryRange},
    },
    search::{
        cursor,
        paging::{BYTES_PER_PAGE, cursor_query},
    },
};
use fhir::{
    IssueCode,
    bundle::{self, HistoryEntry},
};
use model::{LogicalId, ResourceType, Restful, Tag, Timestamp, VersionNumber};
use policies::Action;
use std::collections::BTreeSet;

/// How the versions of a record are listed.
pub static ROW: Row = Row::get(
    Place::History,
    Does::Shows,
    &[Restful::HistoryInstance],
    RECORDS,
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
    if asked.count > DEFAULT_COUNT {
        exchange.context.lane.long_step().await;
    }
    let place = format!("{kind}/{id}/_history");
    let range = asked.range(exchange, &place)?;
    let since = range.since;
    let Shown {
        versions,
        damaged,
        end,
    } = versions(exchange, kind, id, range, asked.count).await?;
    if versions.is_empty() && range.before.is_none() {
        if let Some(failure) = damaged {
            return Err(failure);
        }
        nothing(exchange, kind, id, since).await?;
    }
    let url = format!("{}/{place}", exchange.context.base);
    let next = match end {
        Some(end) => {
            let sealed = cursor::seal(exchange, &place, (end, since))?;
            Some(format!("{url}{}", cursor_query(asked.count, &sealed)))
        }
        None => None,
    };
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
            ..entry(&exchange.context.base, id, one)
        })
        .collect();
    let links = asked.links(&url, since);
    let page = bundle::Page {
        self_link: &links.own,
        first_link: Some(&links.first),
        next_link: next.as_deref(),
        total: None,
    };
    Ok(Reply::document(bundle::history(&page, &entries)))
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

/// A version of the answer.
enum OneVersion {
    /// As it was stored.
    Whole(OpenVersion),
    /// Its row, and why it is refused.
    Damaged(store::Version, Failure),
}

impl OneVersion {
    fn row(&self) -> &store::Version {
        match self {
            Self::Whole(version) => &version.row,
            Self::Damaged(row, _) => row,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Whole(version) => version.content.len(),
            Self::Damaged(..) => 0,
        }
    }

    fn outcome(&self) -> Option<Vec<u8>> {
        match self {
            Self::Whole(_) => None,
            Self::Damaged(_, failure) => Some(failure.operation_outcome().to_canonical()),
        }
    }
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
/// and asked for what was written since some time.
async fn nothing(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    since: Option<Timestamp>,
) -> Result<(), Failure> {
    let current = match since {
        Some(_) => exchange.look(HISTORY, kind, id, None).await?,
        None => Looked::Absent,
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
    rows.extend(stored);
    rows.truncate(limit as usize);
    Ok(rows)
}

fn entry<'v>(base: &str, id: &'v LogicalId, one: &'v OneVersion) -> HistoryEntry<'v> {
    let row = one.row();
    let kind = &row.resource_type;
    HistoryEntry {
        full_url: format!("{base}/{kind}/{id}"),
        resource_type: kind,
        id,
        version: row.number,
        interaction: row.interaction,
        last_modified: row.time,
        resource: match one {
            OneVersion::Whole(version) if !is_delete(row) => Some(version.content.as_slice()),
            _ => None,
        },
        begun: false,
        outcome: None,
    }
}
