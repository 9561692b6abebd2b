//! The entries of a page of histories: versions of records and AuditEvents, in one order of time.

use super::{
    begun,
    events::{Event, Events},
    page,
};
use crate::{
    exchange::Exchange,
    failure::Failure,
    interaction::audit::walk::Start,
    record::version::{Candidate, OpenVersion},
};
use fhir::bundle::HistoryEntry;
use model::{Tag, Timestamp, VersionNumber};
use serde::{Deserialize, Serialize};
use store::WrittenPosition;

/// Where a page ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) records: RecordsRest,
    pub(super) events: Rest<Start>,
}

/// What is left of the versions of records: those after one.
pub(super) type RecordsRest = Rest<(Timestamp, Tag, VersionNumber)>;

/// What is left of the versions of one sort.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Rest<P> {
    /// All of them.
    All,
    /// Those from a place on.
    From(P),
    /// None.
    Nothing,
}

impl<P> Rest<P> {
    const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// Versions that may be seen, the newest first.
pub(super) struct Found {
    pub(super) versions: Vec<(WrittenPosition, Candidate)>,
    pub(super) rest: RecordsRest,
    /// Whether one was damaged of which the caller may know.
    pub(super) damaged: bool,
}

impl Found {
    /// The versions so far, the rest being those after this one.
    pub(super) fn left_at(self, last: Option<WrittenPosition>) -> Self {
        let rest = last.map_or(Rest::All, |last| {
            Rest::From((last.time, last.record, last.number))
        });
        Self { rest, ..self }
    }
}

/// What an entry of the answer shows.
pub(super) enum One {
    Version(OpenVersion),
    Event(Event),
}

/// The newest of both sorts, in the order of time, shown; and where the page ends. What is
/// older than the place where the other sort ends is left to the next page.
pub(super) fn merged(
    exchange: &mut Exchange<'_>,
    found: Found,
    events: Option<Events>,
    begin: End,
    count: u32,
) -> (Vec<One>, Option<End>) {
    let (events, next) =
        events.map_or_else(|| (Vec::new(), None), |events| (events.found, events.next));
    let mut end = End {
        records: found.rest,
        events: next.map_or(Rest::Nothing, Rest::From),
    };
    let ends = [
        match end.records {
            Rest::From((time, ..)) => Some(time),
            _ => None,
        },
        next.map(|start| start.time),
    ];
    let floor = ends.into_iter().flatten().max();
    let above = |time: Timestamp| floor.is_none_or(|floor| time >= floor);
    let mut versions = found.versions.into_iter().peekable();
    let mut events = events.into_iter().peekable();
    let mut shown = Vec::new();
    let mut last = match begin.records {
        Rest::From(place) => Some(place),
        _ => None,
    };
    while shown.len() < count as usize {
        let version = versions.peek().map(|(place, _)| place.time);
        let event = events.peek().map(|event| event.start.time);
        let newest = version.max(event);
        if !newest.is_some_and(above) {
            break;
        }
        if version >= event {
            if let Some((place, candidate)) = versions.next() {
                last = Some((place.time, place.record, place.number));
                let version = exchange.disclose_version(candidate);
                shown.push(One::Version(version));
            }
        } else {
            shown.extend(events.next().map(One::Event));
        }
    }
    if versions.peek().is_some() {
        end.records = last.map_or(Rest::All, Rest::From);
    }
    if let Some(event) = events.peek() {
        end.events = Rest::From(event.start);
    }
    let is_over = end.records.is_nothing() && end.events.is_nothing();
    (shown, (!is_over).then_some(end))
}

/// The entries of what is shown.
pub(super) async fn entries<'s>(
    exchange: &Exchange<'_>,
    shown: &'s [One],
) -> Result<Vec<HistoryEntry<'s>>, Failure> {
    let base = &exchange.context.base;
    let rows = shown.iter().filter_map(|one| match one {
        One::Version(version) => Some(&*version.row),
        One::Event(_) => None,
    });
    let rows: Vec<_> = rows.collect();
    let mut begun = begun::begun(exchange, &rows).await?.into_iter();
    let entries = shown.iter().map(|one| match one {
        One::Event(event) => event.entry(base),
        One::Version(version) => HistoryEntry {
            begun: begun.next().unwrap_or_default(),
            ..page::entry(base, version)
        },
    });
    Ok(entries.collect())
}
