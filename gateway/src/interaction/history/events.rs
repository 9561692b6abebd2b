//! AuditEvents in a history: each has the one version in which it was made.

use super::{asked::Asked, page::Window};
use crate::{
    audit::{opened::OpenEvent, sealed::AUDIT_EVENT},
    exchange::Exchange,
    failure::Failure,
    http::reply::Reply,
    interaction::audit::{
        event,
        walk::{Matches, Start, walk},
    },
    search::{
        audit_criteria::AuditCriteria,
        paging::{RECORDS_AT_ONCE, RECORDS_PER_PAGE},
        value::Query,
    },
};
use fhir::bundle::{self, HistoryEntry};
use model::{LogicalId, ResourceType, VersionInteraction, VersionNumber};
use policies::Action;
use url::form_urlencoded::Serializer;

/// An event that may be shown.
pub(super) struct Event {
    /// Where a page that begins with it begins.
    pub(super) start: Start,
    kind: ResourceType,
    id: LogicalId,
    content: Vec<u8>,
}

/// The events of a page, the newest first, and where the next one begins.
pub(super) struct Events {
    pub(super) found: Vec<Event>,
    pub(super) next: Option<Start>,
    pub(super) damaged: bool,
    most: usize,
    bytes_left: usize,
}

impl Events {
    /// At most this number of events, and no more once these bytes were found.
    ///
    /// # Errors
    /// When they cannot be read; too costly when the request has opened enough.
    pub(super) async fn of<E>(
        exchange: &mut Exchange<'_>,
        window: &Window<E>,
        start: Option<Start>,
        most: u32,
        bytes: usize,
    ) -> Result<Self, Failure> {
        let mut times = Serializer::new(String::new());
        if let Some(since) = window.since {
            times.append_pair("_lastUpdated", &format!("ge{since}"));
        }
        // Once it is made an event is the current version for good.
        if let Some(until) = window.period().and_then(|period| period.until) {
            times.append_pair("_lastUpdated", &format!("lt{until}"));
        }
        let times = times.finish();
        let query = Query {
            text: &times,
            lenient: false,
            now: exchange.at,
        };
        let (criteria, _) = AuditCriteria::parse(exchange, query)?;
        let mut events = Self {
            found: Vec::new(),
            next: None,
            damaged: false,
            most: most as usize,
            bytes_left: bytes,
        };
        let walked = RECORDS_PER_PAGE as usize;
        events.next = walk(exchange, &criteria, start, walked, &mut events).await?;
        Ok(events)
    }
}

impl Matches for Events {
    fn batch(&self) -> u32 {
        let missing = self.most.saturating_sub(self.found.len()).saturating_add(1);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        missing.clamp(*RECORDS_AT_ONCE.start(), *RECORDS_AT_ONCE.end())
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.most || self.bytes_left == 0
    }

    fn take(&mut self, event: &OpenEvent) -> Result<(), Failure> {
        let event = Event::of(event)?;
        self.bytes_left = self.bytes_left.saturating_sub(event.content.len());
        self.found.push(event);
        Ok(())
    }

    fn damaged(&mut self) {
        self.damaged = true;
    }
}

impl Event {
    fn of(event: &OpenEvent) -> Result<Self, Failure> {
        let row = &event.audit.row;
        Ok(Self {
            start: Start {
                time: row.time,
                record: row.record,
                event: event.index,
            },
            kind: AUDIT_EVENT.parse().map_err(Failure::fault)?,
            id: event.id().parse().map_err(Failure::fault)?,
            content: event.canonical()?,
        })
    }

    /// Its entry.
    pub(super) fn entry(&self, base: &str) -> HistoryEntry<'_> {
        HistoryEntry {
            full_url: format!("{base}/{}/{}", self.kind, self.id),
            resource_type: &self.kind,
            id: &self.id,
            version: VersionNumber::FIRST,
            interaction: VersionInteraction::Create,
            begun: true,
            last_modified: self.start.time,
            resource: Some(&self.content),
            outcome: None,
        }
    }
}

/// The history of an AuditEvent.
///
/// # Errors
/// Not found for what is absent or hidden alike; invalid or gone for a cursor, for there is
/// no second page.
pub(crate) async fn of_event(
    exchange: &mut Exchange<'_>,
    id: &LogicalId,
    asked: &Asked,
) -> Result<Reply, Failure> {
    let place = format!("{AUDIT_EVENT}/{id}/_history");
    let window: Window<VersionNumber> = asked.window(exchange, &place)?;
    let event = Event::of(&event::find(exchange, Action::ReadAudit, id).await?)?;
    let made = event.start.time;
    let until = window.period().and_then(|period| period.until);
    let is_in =
        window.since.is_none_or(|since| made >= since) && until.is_none_or(|until| made < until);
    let links = asked.links(exchange, &place, &window, None)?;
    let entry = is_in.then(|| event.entry(&exchange.context.base));
    let entries = entry.as_slice();
    Ok(Reply::document(bundle::history(
        &links.page(),
        entries,
        None,
    )))
}
