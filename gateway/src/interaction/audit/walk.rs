//! A walk over audit records, the newest first: each is opened, each of its events held
//! against the criteria and decided over by itself.

use crate::{
    audit::opened::{self, OpenEvent},
    exchange::Exchange,
    failure::{Category, Failure},
    search::audit_criteria::AuditCriteria,
};
use model::{Tag, Timestamp};
use policies::{Action, Withheld};
use serde::{Deserialize, Serialize};
use store::AuditPosition;

/// Where a walk begins: with an event of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// When the record was made.
    pub time: Timestamp,
    /// The record.
    pub record: Tag,
    /// Which of its events, from 0.
    pub event: usize,
}

impl Start {
    const fn position(&self) -> AuditPosition {
        AuditPosition {
            time: self.time,
            record: self.record,
        }
    }
}

/// What a walk does with the events that match.
pub trait Matches {
    /// How many records to read at a time.
    fn batch(&self) -> u32;
    /// Whether there is no room for another.
    fn is_full(&self) -> bool;
    /// Takes one that may be seen.
    fn take(&mut self, event: &OpenEvent) -> Result<(), Failure>;
    /// Learns of a record that is damaged and was refused.
    fn damaged(&mut self) {}
}

/// Goes from `start` towards older records, at most `most` of them, until there is no
/// room for the next match; says where that would be.
///
/// # Errors
/// When a record cannot be read or opened, one that is damaged apart; too costly when the
/// request has opened enough.
pub async fn walk(
    exchange: &mut Exchange<'_>,
    criteria: &AuditCriteria,
    start: Option<Start>,
    most: usize,
    matches: &mut impl Matches,
) -> Result<Option<Start>, Failure> {
    if criteria.is_void() {
        return Ok(None);
    }
    let (mut from, mut looked) = (start.map(|start| start.position()), 0);
    let mut last = None;
    loop {
        let batch = matches.batch();
        let rows = read(exchange, criteria, from, batch).await?;
        let exhausted = rows.len() < batch as usize;
        for hit in rows {
            let position = hit.position;
            let AuditPosition { time, record } = position;
            // A batch begins with the last record of the one before.
            if last == Some(position) {
                continue;
            }
            let first = start.filter(|start| start.position() == position);
            let mut next = Start {
                time,
                record,
                event: first.map_or(0, |start| start.event),
            };
            // The first is paid for or refused, so that each page comes further.
            if looked >= most || (looked > 0 && !exchange.budget.opens_more()) {
                return Ok(Some(next));
            }
            looked += 1;
            (from, last) = (Some(position), Some(position));
            if !criteria.includes(time) {
                continue;
            }
            let Some(events) = open(exchange, hit).await? else {
                matches.damaged();
                continue;
            };
            let events = events.into_iter().enumerate().skip(next.event);
            let events = events.filter(|(index, event)| criteria.holds((record, *index), event));
            if let Some(event) = take(exchange, events, matches)? {
                next.event = event;
                return Ok(Some(next));
            }
        }
        if exhausted {
            return Ok(None);
        }
    }
}

/// Takes those events that may be seen; says which of them there is no room for.
fn take(
    exchange: &mut Exchange<'_>,
    events: impl Iterator<Item = (usize, Withheld<OpenEvent>)>,
    matches: &mut impl Matches,
) -> Result<Option<usize>, Failure> {
    for (index, withheld) in events {
        let asked = exchange.weigh(Action::SearchAudit, &withheld.target());
        if !asked.is_permitted() {
            continue;
        }
        if matches.is_full() {
            return Ok(Some(index));
        }
        let event = exchange.disclose_as_asked(asked, withheld)?;
        matches.take(&event)?;
    }
    Ok(None)
}

/// The events of a record; none of one that is damaged, which is reported.
async fn open(
    exchange: &mut Exchange<'_>,
    hit: store::AuditHit,
) -> Result<Option<Vec<Withheld<OpenEvent>>>, Failure> {
    let opened = match hit.audit {
        Ok(row) => {
            exchange.pay(&row.envelope).await?;
            opened::open(exchange.facility(), row).await
        }
        Err(error) => {
            let record = hit.position.record;
            Err(opened::refuse(exchange.facility(), record, error)?)
        }
    };
    match opened {
        Err(failure) if failure.category == Category::Damaged => Ok(None),
        events => events.map(Some),
    }
}

async fn read(
    exchange: &Exchange<'_>,
    criteria: &AuditCriteria,
    from: Option<AuditPosition>,
    limit: u32,
) -> Result<Vec<store::AuditHit>, Failure> {
    let facility = exchange.facility().id;
    let (of, range) = (criteria.records(), criteria.range(from));
    let page = move |reader: &mut store::Reader| reader.audits().page(facility, &of, &range, limit);
    Ok(exchange.search("audit page", page).await??)
}
