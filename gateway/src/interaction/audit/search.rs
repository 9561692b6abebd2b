//! search of AuditEvents, the newest first
//! (<https://hl7.org/fhir/R4/search.html>). Records are found by patient, id and time;
//! each of their events is decided over by itself.
//!
//! A page ends between two events, also of one record: `_count` is a number of events,
//! and a record may have thousands.

use crate::{
    audit::{opened, sealed::AUDIT_EVENT},
    exchange::Exchange,
    failure::{Category, Failure},
    http::reply::Reply,
    interaction::{
        audit::walk::{Matches, Start, walk},
        search,
    },
    search::{
        audit_criteria::AuditCriteria,
        cursor,
        kept_query::{Kept, QueryText},
        order::Position,
        paging::{
            self, BYTES_PER_PAGE, Page, RECORDS_AT_ONCE, RECORDS_COUNTED, RECORDS_PER_PAGE, Total,
        },
        value::Query,
    },
};
use fhir::{
    IssueCode,
    bundle::{self, SearchEntry, SearchMode},
};
use model::{ResourceType, Timestamp};
use policies::{Action, Target};
use serde::{Deserialize, Serialize};

/// What the cursor of such a search holds.
#[derive(Serialize, Deserialize)]
struct Place {
    query: QueryText,
    lenient: bool,
    began: Timestamp,
    start: Start,
}

/// One page of AuditEvents.
///
/// # Errors
/// Forbidden when the caller may not search them; invalid for a parameter that is not
/// supported or a cursor that is not ours; too costly when a total is demanded over too
/// many records.
pub async fn search(
    exchange: &mut Exchange<'_>,
    query: &str,
    lenient: bool,
) -> Result<Reply, Failure> {
    let asked = Asked::parse(exchange, query, lenient).await?;
    let (criteria, page) = (&asked.criteria, &asked.page);
    exchange.note_query(criteria.understood(page));
    let kind: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let all = Target::all(exchange.facility().name.clone(), kind);
    exchange.require(Action::SearchAudit, &all)?;
    let bytes = BYTES_PER_PAGE.min(exchange.budget.answer_left());
    let mut shown = Shown::up_to(page.count as usize, bytes);
    let next = match page.count {
        0 => None,
        _ => {
            walk(
                exchange,
                criteria,
                asked.start,
                RECORDS_PER_PAGE as usize,
                &mut shown,
            )
            .await?
        }
    };
    let whole = page.count > 0 && asked.start.is_none() && next.is_none();
    let total = match page.total() {
        Total::None => None,
        _ if whole => Some(shown.events.len() as u64),
        total => count(exchange, criteria, total, &mut shown.damaged).await?,
    };
    let url = format!("{}/{AUDIT_EVENT}", exchange.context.base);
    let next = match next {
        Some(start) => {
            let place = asked.place(exchange, start).await?;
            let sealed = cursor::seal(exchange, AUDIT_EVENT, place)?;
            Some(format!(
                "{url}{}",
                paging::cursor_query(page.count, &sealed)
            ))
        }
        None => None,
    };
    let first = format!("?{}", criteria.understood(page));
    let own = format!("{url}{}", page.own_query(&first));
    let first = format!("{url}{first}");
    let links = bundle::Page {
        self_link: &own,
        // A link that is too long to be followed is none.
        first_link: (first.len() <= paging::LONGEST_LINK).then_some(&*first),
        next_link: next.as_deref(),
        total,
    };
    Ok(Reply::document(shown.searchset(&url, &links, page)?))
}

/// A search as it was asked, and where this page of it begins.
struct Asked {
    criteria: AuditCriteria,
    page: Page,
    lenient: bool,
    began: Timestamp,
    start: Option<Start>,
    kept: Option<Kept>,
}

impl Asked {
    async fn parse(exchange: &Exchange<'_>, text: &str, lenient: bool) -> Result<Self, Failure> {
        let cursor = url::form_urlencoded::parse(text.as_bytes())
            .find(|(name, _)| name == "_cursor")
            .map(|(_, cursor)| cursor);
        let Some(cursor) = cursor else {
            return Self::read(exchange, text, lenient, exchange.at);
        };
        let count = paging::beside_cursor(text)?;
        let place: Place = cursor::open(exchange, AUDIT_EVENT, &cursor)?;
        let (query, kept) = place.query.open(exchange).await?;
        let mut asked = Self::read(exchange, &query, place.lenient, place.began)?;
        asked.kept = kept;
        asked.start = Some(place.start);
        asked.page.count = count.unwrap_or(asked.page.count);
        asked.page.cursor = Some(cursor.into_owned());
        // Totals stand on the first page only.
        asked.page.after = Some(Position {
            time: place.start.time,
            record: place.start.record,
        });
        Ok(asked)
    }

    fn read(
        exchange: &Exchange<'_>,
        text: &str,
        lenient: bool,
        began: Timestamp,
    ) -> Result<Self, Failure> {
        let query = Query {
            text,
            lenient,
            now: began,
        };
        let (criteria, page) = AuditCriteria::parse(exchange, query)?;
        Ok(Self {
            criteria,
            page,
            lenient,
            began,
            start: None,
            kept: None,
        })
    }

    async fn place(&self, exchange: &mut Exchange<'_>, start: Start) -> Result<Place, Failure> {
        Ok(Place {
            query: QueryText::of(exchange, self.criteria.text(), self.kept).await?,
            lenient: self.lenient,
            began: self.began,
            start,
        })
    }
}

/// The events of a page: ids and bytes.
struct Shown {
    most: usize,
    most_bytes: usize,
    bytes: usize,
    damaged: bool,
    events: Vec<(String, Vec<u8>)>,
}

impl Shown {
    const fn up_to(most: usize, most_bytes: usize) -> Self {
        Self {
            most,
            most_bytes,
            bytes: 0,
            damaged: false,
            events: Vec::new(),
        }
    }

    fn searchset(
        self,
        url: &str,
        links: &bundle::Page<'_>,
        page: &Page,
    ) -> Result<Vec<u8>, Failure> {
        // Whoever may search the audit sees every event of the facility.
        let outcomes = search::outcomes(page, self.damaged.then(search::incomplete));
        let mut entries: Vec<SearchEntry<Vec<u8>>> = Vec::with_capacity(self.events.len());
        for (id, resource) in self.events {
            entries.push(SearchEntry {
                full_url: Some(format!("{url}/{id}")),
                resource: page.part.part_of(&resource)?.unwrap_or(resource),
                mode: SearchMode::Match,
            });
        }
        entries.extend(outcomes.into_iter().map(search::outcome_entry));
        Ok(bundle::searchset(links, entries))
    }
}

impl Matches for Shown {
    fn batch(&self) -> u32 {
        let missing = self
            .most
            .saturating_sub(self.events.len())
            .saturating_add(1);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        missing.clamp(*RECORDS_AT_ONCE.start(), *RECORDS_AT_ONCE.end())
    }

    fn is_full(&self) -> bool {
        self.events.len() >= self.most || self.bytes >= self.most_bytes
    }

    fn take(&mut self, event: &opened::OpenEvent) -> Result<(), Failure> {
        let resource = event.canonical()?;
        self.bytes = self.bytes.saturating_add(resource.len());
        self.events.push((event.id(), resource));
        Ok(())
    }

    fn damaged(&mut self) {
        self.damaged = true;
    }
}

/// Counts, and renders nothing.
#[derive(Default)]
struct Counted {
    events: u64,
    damaged: bool,
}

impl Matches for Counted {
    fn batch(&self) -> u32 {
        *RECORDS_AT_ONCE.end()
    }

    fn is_full(&self) -> bool {
        false
    }

    fn take(&mut self, _: &opened::OpenEvent) -> Result<(), Failure> {
        self.events += 1;
        Ok(())
    }

    fn damaged(&mut self) {
        self.damaged = true;
    }
}

/// How many matches there are in all. Each record must be opened and each event decided
/// over, so that none is counted that would not be shown. One that is damaged is not
/// counted, and noted.
async fn count(
    exchange: &mut Exchange<'_>,
    criteria: &AuditCriteria,
    total: Total,
    damaged: &mut bool,
) -> Result<Option<u64>, Failure> {
    let facility = exchange.facility().id;
    let (of, range) = (criteria.records(), criteria.range(None));
    let most = RECORDS_COUNTED;
    let records =
        move |reader: &mut store::Reader| reader.audits().count(facility, &of, &range, most + 1);
    let records = exchange.search("audit count", records).await??;
    if records > most as usize {
        return match total {
            Total::Accurate => Err(Failure::new(
                Category::Unprocessable,
                IssueCode::TooCostly,
                format!(
                    "more than {most} audit records would have to be opened to count the \
                     matches; narrow the search by `_lastUpdated` or `patient`, or ask for no \
                     total"
                ),
            )),
            _ => Ok(None),
        };
    }
    let mut counted = Counted::default();
    let rest = walk(exchange, criteria, None, most as usize, &mut counted).await?;
    *damaged |= counted.damaged;
    if rest.is_some() {
        return match total {
            Total::Accurate => Err(exchange.budget.spent()),
            _ => Ok(None),
        };
    }
    Ok(Some(counted.events))
}
