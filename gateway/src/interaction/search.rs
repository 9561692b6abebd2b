//! search: `GET [base]/[type]?..` and `POST [base]/[type]/_search`
//! (<https://hl7.org/fhir/R4/search.html>), over sealed records.
//!
//! Candidates are found by tags and tokens, opened, decided over one by one, and
//! checked against every criterion. What the caller may not see is left out
//! without a trace; no total is given, because it would count it.

use crate::{
    criteria::Criteria,
    exchange::Exchange,
    failure::Failure,
    paging::{self, Page},
    reply::Reply,
    version::OpenVersion,
};
use fhir::bundle::{self, SearchEntry, SearchMode};
use model::{ResourceType, Tag};
use policies::{Action, Target};

/// How many candidates one page looks at before it leaves the rest to the next.
const CANDIDATES_PER_PAGE: u32 = 2_000;

/// One page of matches.
///
/// # Errors
/// Forbidden when the caller may not search this type; invalid for a cursor that
/// is not ours.
pub async fn search(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    criteria: &Criteria,
    page: &Page,
) -> Result<Reply, Failure> {
    let all = Target::all(exchange.facility().name.clone(), kind.clone());
    exchange
        .decide(Action::SearchType, &all)
        .ok_or_else(Failure::forbidden)?;
    exchange.query = Some(criteria.text().to_owned());
    let mut after = page.after;
    let mut matches = Vec::new();
    let mut seen = 0;
    let exhausted = loop {
        let found = u32::try_from(matches.len()).unwrap_or(u32::MAX);
        let wanted = page.count.saturating_sub(found).max(1);
        let rows = candidates(exchange, kind, criteria, after, wanted).await?;
        let read = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        seen += read;
        for row in rows {
            after = Some(row.record);
            if let Some(found) = check(exchange, criteria, row).await? {
                matches.push(found);
            }
        }
        if read < wanted || criteria.names_records() {
            break true;
        }
        if matches.len() >= page.count as usize || seen >= CANDIDATES_PER_PAGE {
            break false;
        }
    };
    let url = format!("{}/{kind}", exchange.context.base);
    let next = match after {
        Some(after) if !exhausted => Some(paging::next_search(
            exchange, &url, kind, criteria, page, after,
        )?),
        _ => None,
    };
    let own = format!("{url}{}", criteria.self_query(page));
    let entries: Vec<SearchEntry<'_>> = matches
        .iter()
        .map(|version| SearchEntry {
            full_url: Some(format!("{url}/{}", version.id)),
            resource: &version.content,
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

/// The next candidates in the order of their tags.
async fn candidates(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    criteria: &Criteria,
    after: Option<Tag>,
    limit: u32,
) -> Result<Vec<store::Version>, Failure> {
    let facility = exchange.facility().id;
    let lookup = criteria.lookup(exchange.facility(), kind);
    let kind = kind.clone();
    let rows = exchange
        .app()
        .store
        .read("search", move |reader| {
            lookup.run(reader, facility, &kind, after, limit)
        })
        .await?;
    Ok(rows)
}

/// Opens a candidate, decides over it, and checks it against the criteria.
async fn check(
    exchange: &mut Exchange<'_>,
    criteria: &Criteria,
    row: store::Version,
) -> Result<Option<OpenVersion>, Failure> {
    let found = exchange.open_row(row).await?;
    let target = found.withheld.target();
    let Some(permit) = exchange.decide(Action::SearchType, &target) else {
        return Ok(None);
    };
    let version = permit.release(found.withheld).map_err(Failure::fault)?;
    let local = &exchange.context.local;
    if !version
        .resource
        .as_ref()
        .is_some_and(|resource| criteria.holds(resource, local))
    {
        return Ok(None);
    }
    let (kind, number) = (&version.row.resource_type, version.row.number);
    exchange.touch(
        kind,
        &version.id,
        Some(number),
        Action::SearchType,
        found.patients,
    );
    Ok(Some(version))
}
