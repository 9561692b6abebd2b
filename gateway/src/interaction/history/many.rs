//! history of a type and of all records: `GET [base]/[type]/_history` and
//! `GET [base]/_history` (<https://hl7.org/fhir/R4/http.html#history>).
//!
//! The right to search a type is asked for first, as SMART's scopes have it; then each version
//! is decided by itself, as in the history of a record. What may not be seen leaves no trace:
//! nothing is counted, and a next link is there when there is a version behind it, or more
//! than one request may open. One that is damaged is left out, which those are told who may
//! know.

use super::{
    HISTORY,
    asked::Asked,
    events::Events,
    merged::{End, Found, RecordsRest, Rest, entries, merged},
    page::Window,
    places::{self, OfType, Place},
};
use crate::{
    audit::sealed::AUDIT_EVENT,
    exchange::Exchange,
    failure::{Category, Failure},
    http::reply::Reply,
    interaction::{
        kinds::{ALL_TYPES, Does, Place as At, Row},
        search,
    },
    record::version::Candidate,
    search::paging::{BYTES_PER_PAGE, RECORDS_AT_ONCE, RECORDS_PER_PAGE},
};
use fhir::{
    IssueCode,
    bundle::{self, HistoryGap},
};
use model::{ResourceType, Restful};
use policies::{Action, Target};
use std::sync::Arc;
use store::{WrittenPosition, WrittenRange};

/// How the versions of the records of a type are listed.
pub static OF_TYPE: Row = Row::get(
    At::TypeHistory,
    Does::Shows,
    &[Restful::HistoryType],
    ALL_TYPES,
);
/// How all versions are.
pub static ALL: Row = Row::get(
    At::SystemHistory,
    Does::Shows,
    &[Restful::HistorySystem],
    &[],
);

/// What is looked through.
struct Sought {
    types: Arc<[OfType]>,
    events: bool,
}

/// A page of the versions of the records of a type, or of all.
///
/// # Errors
/// Forbidden when the caller may not search the type, or any; invalid or gone for a cursor
/// that cannot be used.
pub(crate) async fn history(
    exchange: &mut Exchange<'_>,
    kind: Option<&ResourceType>,
    asked: &Asked,
) -> Result<Reply, Failure> {
    let place = kind.map_or_else(|| "_history".to_owned(), |kind| format!("{kind}/_history"));
    let window: Window<End> = asked.window(exchange, &place)?;
    exchange.note_query(asked.first_query(&window));
    let sought = sought(exchange, kind)?;
    if asked.is_long() || sought.events || kind.is_none() {
        exchange.context.lane.long_step().await;
    }
    let begin = window.end.unwrap_or(End {
        records: Rest::All,
        events: Rest::All,
    });
    let found = versions(exchange, &sought, &window, begin.records, asked.count).await?;
    let events = match (sought.events, begin.events) {
        (false, _) | (_, Rest::Nothing) => None,
        (true, start) => {
            let start = match start {
                Rest::From(start) => Some(start),
                _ => None,
            };
            let bytes = BYTES_PER_PAGE.min(exchange.budget.answer_left());
            Some(Events::of(exchange, &window, start, asked.count, bytes).await?)
        }
    };
    let damaged = found.damaged || events.as_ref().is_some_and(|events| events.damaged);
    let (shown, end) = merged(exchange, found, events, begin, asked.count);
    let links = asked.links(exchange, &place, &window, end)?;
    let warning = damaged.then(search::incomplete);
    let gap = warning.as_deref().map(|outcome| HistoryGap {
        url: &place,
        outcome,
    });
    let entries = entries(exchange, &shown).await?;
    Ok(Reply::document(bundle::history(
        &links.page(),
        &entries,
        gap,
    )))
}

/// What the caller may look through.
fn sought(exchange: &mut Exchange<'_>, kind: Option<&ResourceType>) -> Result<Sought, Failure> {
    let facility = exchange.facility().name.clone();
    let all = |kind: &ResourceType| Target::all(facility.clone(), kind.clone());
    let events: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let mut sought = Vec::new();
    let mut of_type = |exchange: &Exchange<'_>, kind: ResourceType| {
        let subjects = places::subjects(exchange, HISTORY, &kind);
        sought.extend(subjects.map(|subjects| (kind, subjects)));
    };
    let with_events = match kind {
        Some(kind) if *kind == events => {
            exchange.require(Action::SearchAudit, &all(kind))?;
            true
        }
        Some(kind) => {
            exchange.require(Action::SearchType, &all(kind))?;
            of_type(exchange, kind.clone());
            false
        }
        None => {
            let mut any = None;
            for definition in fhir::tables::RESOURCES.iter() {
                let kind: ResourceType = definition.name.parse().map_err(Failure::fault)?;
                if kind != events && exchange.would(Action::SearchType, &all(&kind)) {
                    of_type(exchange, kind.clone());
                    any = Some(kind);
                }
            }
            let with_events = exchange.would(Action::SearchAudit, &all(&events));
            // One of the rights that it rests on stands in the audit, or the refusal.
            match any {
                Some(kind) => exchange.require(Action::SearchType, &all(&kind))?,
                None => exchange.require(Action::SearchAudit, &all(&events))?,
            }
            with_events
        }
    };
    Ok(Sought {
        types: sought.into(),
        events: with_events,
    })
}

/// The versions of records of a page that may be seen: it goes on to the one after the last,
/// so that it knows where there is more.
async fn versions(
    exchange: &mut Exchange<'_>,
    sought: &Sought,
    window: &Window<End>,
    from: RecordsRest,
    count: u32,
) -> Result<Found, Failure> {
    let mut found = Found {
        versions: Vec::new(),
        rest: Rest::Nothing,
        damaged: false,
    };
    if matches!(from, Rest::Nothing) {
        return Ok(found);
    }
    let mut range = WrittenRange {
        before: before(from),
        since: window.since,
        at: window.period(),
    };
    let most = BYTES_PER_PAGE.min(exchange.budget.answer_left());
    let (mut bytes, mut seen) = (0_usize, 0);
    loop {
        let held = u32::try_from(found.versions.len()).unwrap_or(u32::MAX);
        let missing = count.saturating_add(1).saturating_sub(held);
        let limit = missing.clamp(*RECORDS_AT_ONCE.start(), *RECORDS_AT_ONCE.end());
        let places = places::read(exchange, &sought.types, &range, limit).await?;
        let rows = places::rows(exchange, &places).await?;
        let is_last = places.len() < limit as usize && rows.len() == places.len();
        for (place, row) in places.into_iter().zip(rows) {
            let full = found.versions.len() >= count as usize || bytes >= most;
            // The first is paid for or refused, so that each page comes further.
            let spent = seen > 0 && !exchange.budget.opens_more();
            if seen >= RECORDS_PER_PAGE || spent {
                return Ok(found.left_at(range.before));
            }
            seen += 1;
            let position = place.at.position;
            let candidate = match one(exchange, place, row, &mut found.damaged).await {
                // The record by whose rules a Binary goes was one too many.
                Err(failure) if seen > 1 && failure.code == IssueCode::TooCostly => {
                    return Ok(found.left_at(range.before));
                }
                candidate => candidate?,
            };
            if let Some(candidate) = candidate {
                if full {
                    return Ok(found.left_at(range.before));
                }
                let size = candidate.version.look(|version| version.content.len());
                bytes = bytes.saturating_add(size);
                found.versions.push((position, candidate));
            }
            range.before = Some(position);
        }
        if is_last {
            return Ok(found);
        }
    }
}

fn before(from: RecordsRest) -> Option<WrittenPosition> {
    match from {
        Rest::From((time, record, number)) => Some(WrittenPosition {
            time,
            record,
            number,
        }),
        Rest::All | Rest::Nothing => None,
    }
}

/// A version that may be seen. One that is damaged is left out.
async fn one(
    exchange: &mut Exchange<'_>,
    place: Place,
    row: Result<store::Version, store::Error>,
    damaged: &mut bool,
) -> Result<Option<Candidate>, Failure> {
    let (kind, record) = (place.kind, place.at.position.record);
    let all = exchange.reaches_all(HISTORY, &kind);
    if !all && !exchange.may_reach(HISTORY, &kind, place.at.subject) {
        let hidden = exchange.clear_target(&kind, record, place.at.subject);
        exchange.pass_over(Action::HistoryInstance, &hidden);
        return Ok(None);
    }
    let row = row.map_err(|error| exchange.facility().refuse_read(&kind, record, error));
    let opened = match row {
        Ok(row) => exchange.open_row(row).await,
        Err(failure) => Err(failure),
    };
    let examined = match opened {
        Ok(mut found) => {
            let asked = exchange.weigh_shown(Action::HistoryInstance, &mut found);
            match asked.await {
                Ok(Some(asked)) => found.examine(asked).map(Some),
                Ok(None) => Ok(None),
                Err(failure) => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    };
    match examined {
        Ok(Some(mut candidate)) => {
            // What was read of it is several times its bytes.
            drop(candidate.version.take(|version| version.resource.take()));
            Ok(Some(candidate))
        }
        Err(failure) if failure.category == Category::Damaged => {
            tracing::warn!(facility = %exchange.facility().name, resource_type = %kind,
                "a history is incomplete: a damaged version was left out");
            *damaged |= exchange.may_know_of_damage(HISTORY, &kind);
            Ok(None)
        }
        other => other,
    }
}
