//! read and search of AuditEvents. They are rendered from the sealed audit
//! records, not stored; what is returned is exactly what was hashed
//! (docs/proof-format.md, "Audit leaves").

use crate::{
    audit_record::{self, OpenEvent},
    exchange::Exchange,
    failure::{Category, Failure},
    paging::{self, Page},
    reply::{Reply, Success, VersionMark},
    sealed_audit::AUDIT_EVENT,
};
use fhir::{
    IssueCode,
    bundle::{self, SearchEntry, SearchMode},
};
use model::{LogicalId, ResourceType, Tag, VersionNumber};
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
    let (facility, patient, before) = (exchange.facility().id, asked.patient, asked.before);
    let limit = asked.page.count;
    let rows = exchange
        .app()
        .store
        .read("audit page", move |reader| {
            reader.audits().page(facility, patient, before, limit + 1)
        })
        .await?;
    let more = rows.len() > limit as usize;
    let (mut matches, mut last) = (Vec::new(), None);
    for found in rows.into_iter().take(limit as usize) {
        let (time, record) = (found.audit.time, found.audit.record);
        last = Some(AuditPosition { time, record });
        for withheld in audit_record::open(exchange.facility(), found.audit).await? {
            let target = withheld.target();
            if asked
                .patient
                .is_some_and(|patient| !target.patients.contains(&patient))
            {
                continue;
            }
            if let Some(permit) = exchange.decide(Action::SearchAudit, &target) {
                let event = permit.release(withheld).map_err(Failure::fault)?;
                matches.push((event.id(), event.canonical()?));
            }
        }
    }
    let url = format!("{}/{AUDIT_EVENT}", exchange.context.base);
    let next = match last {
        Some(last) if more => Some(paging::next_audit(exchange, &url, &asked.text, last)?),
        _ => None,
    };
    let own = format!("{url}?_count={}", asked.page.count);
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
        next_link: next.as_deref(),
        total: None,
    };
    Ok(Reply::document(bundle::searchset(&page, &entries)))
}

/// What a search in the audit asks for.
struct Asked {
    text: String,
    page: Page,
    patient: Option<Tag>,
    before: Option<AuditPosition>,
}

impl Asked {
    fn parse(exchange: &Exchange<'_>, query: &str) -> Result<Self, Failure> {
        let mut asked = Self {
            text: query.to_owned(),
            page: Page::default(),
            patient: None,
            before: None,
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "_count" => asked.page.count = paging::parse_count(&value)?,
                "_format" | "_pretty" => {}
                "_cursor" => {
                    let (text, before) = paging::open_audit(exchange, &value)?;
                    asked = Self::parse_uncursored(exchange, &text)?;
                    asked.before = Some(before);
                    break;
                }
                "patient" => asked.patient = Some(patient(exchange, &value)?),
                _ => return Err(unsupported()),
            }
        }
        Ok(asked)
    }

    /// The query inside a cursor, which holds no cursor of its own.
    fn parse_uncursored(exchange: &Exchange<'_>, query: &str) -> Result<Self, Failure> {
        let has_cursor =
            url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "_cursor");
        if has_cursor {
            Err(unsupported())
        } else {
            Self::parse(exchange, query)
        }
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
        "a search parameter is not supported; on AuditEvent use `patient` and `_count`",
    )
}
