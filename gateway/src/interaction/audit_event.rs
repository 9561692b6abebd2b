//! read and search of AuditEvents. They are rendered from the sealed audit
//! records, not stored; what is returned is exactly what was hashed
//! (docs/proof-format.md, "Audit leaves").

use crate::{
    audit_record::{self, OpenEvent},
    criteria, cursor,
    exchange::Exchange,
    failure::{Category, Failure},
    paging::{DEFAULT_COUNT, Sort, parse_count, parse_sort},
    reply::{Reply, Success, VersionMark},
    sealed_audit::AUDIT_EVENT,
};
use fhir::{
    IssueCode, Moments,
    bundle::{self, SearchEntry, SearchMode},
};
use model::{LogicalId, ResourceType, Tag, Timestamp, VersionNumber};
use policies::{Action, Target};
use store::AuditPosition;

/// One AuditEvent.
///
/// # Errors
/// Not found for what is absent or hidden alike.
pub async fn read(exchange: &mut Exchange<'_>, id: &LogicalId) -> Result<Reply, Failure> {
    let event = find(exchange, Action::ReadAudit, id).await?;
    Ok(Reply {
        success: Success::Ok,
        version: Some(VersionMark {
            number: VersionNumber::FIRST,
            time: event.audit.row.time,
        }),
        location: None,
        body: Some(event.canonical()?),
    })
}

/// Finds an event and releases it under a permit for `action`.
///
/// # Errors
/// Not found for what is absent or hidden alike.
pub async fn find(
    exchange: &mut Exchange<'_>,
    action: Action,
    id: &LogicalId,
) -> Result<OpenEvent, Failure> {
    let kind: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let found = audit_record::find(exchange, id).await?;
    exchange.touch(&kind, id, None, action, Vec::new());
    let target = match &found {
        Some(withheld) => withheld.target(),
        None => exchange.absent(&kind, id),
    };
    match (exchange.decide(action, &target), found) {
        (Some(permit), Some(withheld)) => permit.release(withheld).map_err(Failure::fault),
        _ => Err(Failure::not_found()),
    }
}

/// One page of AuditEvents, newest first; of one patient when asked.
///
/// # Errors
/// Forbidden when the caller may not search them; invalid for a parameter that
/// is not supported or a cursor that is not ours.
pub async fn search(exchange: &mut Exchange<'_>, query: &str) -> Result<Reply, Failure> {
    let kind: ResourceType = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let all = Target::all(exchange.facility().name.clone(), kind);
    exchange
        .decide(Action::SearchAudit, &all)
        .ok_or_else(Failure::forbidden)?;
    exchange.query = Some(query.to_owned());
    let asked = Asked::parse(exchange, query)?;
    let (facility, patient) = (exchange.facility().id, asked.patient);
    let (before, limit) = (asked.start(), asked.count);
    let rows = exchange
        .app()
        .store
        .search("audit page", move |reader| {
            reader.audits().page(facility, patient, before, limit + 1)
        })
        .await?;
    let more = rows.len() > limit as usize;
    let (mut matches, mut last) = (Vec::new(), None);
    for found in rows.into_iter().take(limit as usize) {
        let (time, record) = (found.audit.time, found.audit.record);
        if asked.is_older(time) {
            last = None;
            break;
        }
        last = Some(AuditPosition { time, record });
        if asked.includes(time) {
            matches.extend(events(exchange, &asked, found.audit).await?);
        }
    }
    let url = format!("{}/{AUDIT_EVENT}", exchange.context.base);
    let next = match last {
        Some(last) if more => {
            let place = (&asked.text, asked.began, last.time, last.record);
            let sealed = cursor::seal(exchange, AUDIT_EVENT, place)?;
            Some(format!("{url}?_cursor={sealed}"))
        }
        _ => None,
    };
    let own = format!("{url}?{}", asked.self_query());
    let entries: Vec<SearchEntry<'_>> = matches
        .iter()
        .map(|(id, resource)| SearchEntry {
            full_url: Some(format!("{url}/{id}")),
            resource,
            mode: SearchMode::Match,
        })
        .collect();
    let page = bundle::Page {
        self_link: &own,
        first_link: Some(&own),
        next_link: next.as_deref(),
        total: None,
    };
    Ok(Reply::document(bundle::searchset(&page, &entries)))
}

/// The events of a record that are asked for and may be seen: ids and bytes.
async fn events(
    exchange: &mut Exchange<'_>,
    asked: &Asked,
    audit: store::Audit,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut events = Vec::new();
    for withheld in audit_record::open(exchange.facility(), audit).await? {
        let target = withheld.target();
        let concerned = |patient| target.patients.contains(&patient);
        if !asked.patient.is_none_or(concerned) {
            continue;
        }
        if let Some(permit) = exchange.decide(Action::SearchAudit, &target) {
            let event = permit.release(withheld).map_err(Failure::fault)?;
            events.push((event.id(), event.canonical()?));
        }
    }
    Ok(events)
}

/// What a search in the audit asks for.
struct Asked {
    text: String,
    began: Timestamp,
    count: u32,
    patient: Option<Tag>,
    moments: Option<Moments>,
    before: Option<AuditPosition>,
}

/// What the cursor of such a search holds: the query, when the search began, and the
/// last row of the page.
type Place = (String, Timestamp, Timestamp, Tag);

impl Asked {
    fn parse(exchange: &Exchange<'_>, query: &str) -> Result<Self, Failure> {
        let cursor = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "_cursor")
            .map(|(_, cursor)| cursor);
        let Some(cursor) = cursor else {
            return Self::read(exchange, query, exchange.at);
        };
        let (text, began, time, record): Place = cursor::open(exchange, AUDIT_EVENT, &cursor)?;
        let mut asked = Self::read(exchange, &text, began)?;
        asked.before = Some(AuditPosition { time, record });
        Ok(asked)
    }

    fn read(exchange: &Exchange<'_>, query: &str, began: Timestamp) -> Result<Self, Failure> {
        let mut asked = Self {
            text: query.to_owned(),
            began,
            count: DEFAULT_COUNT,
            patient: None,
            moments: None,
            before: None,
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "_count" => asked.count = parse_count(&value, 1)?,
                "_format" | "_pretty" => {}
                "_lastUpdated" => {
                    let more = criteria::moments(&value, began)?;
                    asked.moments = Some(match asked.moments.take() {
                        Some(moments) => moments.and(&more),
                        None => more,
                    });
                }
                "_sort" if parse_sort(&value)? == Sort::Newest => {}
                "patient" => asked.patient = Some(patient(exchange, &value)?),
                _ => return Err(unsupported()),
            }
        }
        Ok(asked)
    }

    /// Where to begin: below the page before, or below the latest that is asked for.
    fn start(&self) -> Option<AuditPosition> {
        let spans = self.moments.as_ref().map(Moments::spans);
        let latest = spans.and_then(|mut spans| spans.next_back());
        let until = latest.and_then(|(_, until)| until).map(below);
        match (self.before, until) {
            (Some(before), Some(until)) if before.time >= until.time => Some(until),
            (before, until) => before.or(until),
        }
    }

    fn includes(&self, time: Timestamp) -> bool {
        let moments = self.moments.as_ref();
        moments.is_none_or(|moments| moments.contains(time))
    }

    /// Whether a time is before all that are asked for.
    fn is_older(&self, time: Timestamp) -> bool {
        let earliest = self.moments.as_ref().map(|moments| moments.spans().next());
        match earliest {
            Some(Some((from, _))) => from.is_some_and(|from| time < from),
            Some(None) => true,
            None => false,
        }
    }

    /// The query of the `self` link.
    fn self_query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(self.text.as_bytes()) {
            if ["_lastUpdated", "_sort", "patient"].contains(&name.as_ref()) {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("_count", &self.count.to_string());
        query.finish()
    }
}

/// Before all records of a moment.
const fn below(time: Timestamp) -> AuditPosition {
    AuditPosition {
        time,
        record: Tag::ZERO,
    }
}

fn patient(exchange: &Exchange<'_>, value: &str) -> Result<Tag, Failure> {
    let id: Option<LogicalId> = value.strip_prefix("Patient/").unwrap_or(value).parse().ok();
    let id = id.ok_or_else(|| {
        Failure::new(
            Category::Invalid,
            IssueCode::Value,
            "the value of `patient` must be `id` or `Patient/id`",
        )
    })?;
    Ok(exchange.facility().tags.record_tag("Patient", id.as_str()))
}

fn unsupported() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        "a search parameter is not supported; on AuditEvent use `patient`, `_lastUpdated`, \
         `_count` and `_sort=-_lastUpdated`, which is the order in any case",
    )
}
