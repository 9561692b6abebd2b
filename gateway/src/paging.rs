//! Pages and the cursors between them. A cursor is sealed: it holds the whole
//! query, so that a next link tells nothing, and it is bound to its facility
//! and place, so that it cannot be used elsewhere.

use crate::{
    criteria::Criteria,
    exchange::Exchange,
    failure::{Category, Failure},
    sealed_audit::AUDIT_EVENT,
};
use fhir::IssueCode;
use model::{ResourceType, Tag, VersionNumber};
use serde::{Deserialize, Serialize};
use store::AuditPosition;

/// Matches on a page when nothing is asked.
const DEFAULT_COUNT: u32 = 50;
/// Matches on a page at most.
const MOST: u32 = 1_000;

/// What part of a result is asked for.
#[derive(Debug, Clone)]
pub struct Page {
    /// Matches at most.
    pub count: u32,
    /// Search: the last tag of the page before.
    pub after: Option<Tag>,
    /// History: the cursor as it was sent.
    pub cursor: Option<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            count: DEFAULT_COUNT,
            after: None,
            cursor: None,
        }
    }
}

/// What a sealed cursor holds.
#[derive(Serialize, Deserialize)]
struct Cursor {
    query: String,
    count: u32,
    after: Tag,
}

/// Reads the query of a history: `_count` and the cursor of a next link.
///
/// # Errors
/// Invalid for anything else.
pub fn parse_history(query: &str) -> Result<Page, Failure> {
    let mut page = Page::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "_count" => page.count = parse_count(&value)?,
            "_cursor" => page.cursor = Some(value.into_owned()),
            "_format" | "_pretty" => {}
            _ => {
                return Err(Failure::new(
                    Category::Invalid,
                    IssueCode::NotSupported,
                    "a parameter is not supported; on a history use `_count`",
                ));
            }
        }
    }
    Ok(page)
}

/// Reads `_count`.
///
/// # Errors
/// Invalid when it is no number from 1.
pub fn parse_count(value: &str) -> Result<u32, Failure> {
    match value.parse::<u32>() {
        Ok(count) if count > 0 => Ok(count.min(MOST)),
        _ => Err(Failure::new(
            Category::Invalid,
            IssueCode::Value,
            "the value of `_count` must be a whole number from 1",
        )),
    }
}

/// The next link of a search.
///
/// # Errors
/// When the source of randomness fails.
pub fn next_search(
    exchange: &Exchange<'_>,
    url: &str,
    kind: &ResourceType,
    criteria: &Criteria,
    page: &Page,
    after: Tag,
) -> Result<String, Failure> {
    let cursor = Cursor {
        query: criteria.text().to_owned(),
        count: page.count,
        after,
    };
    let bytes = serde_json::to_vec(&cursor).map_err(Failure::fault)?;
    let sealed = exchange.facility().cursors.seal(
        kind.as_str().as_bytes(),
        &bytes,
        &*exchange.app().random,
    )?;
    Ok(format!("{url}?_cursor={sealed}"))
}

/// Opens the cursor of a search: its query, and the page after it.
///
/// # Errors
/// Invalid when it is not ours, or of another search.
pub fn open_search(
    exchange: &crate::facility::Facility,
    kind: &ResourceType,
    cursor: &str,
) -> Result<(String, Page), Failure> {
    let bytes = exchange
        .cursors
        .open(kind.as_str().as_bytes(), cursor)
        .ok_or_else(foreign)?;
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
    let page = Page {
        count: cursor.count,
        after: Some(cursor.after),
        cursor: None,
    };
    Ok((cursor.query, page))
}

/// The next link of a history.
///
/// # Errors
/// When the source of randomness fails.
pub fn next_version(
    exchange: &Exchange<'_>,
    place: &str,
    url: &str,
    page: &Page,
    last: VersionNumber,
) -> Result<String, Failure> {
    let bytes = last.get().to_be_bytes();
    let sealed =
        exchange
            .facility()
            .cursors
            .seal(place.as_bytes(), &bytes, &*exchange.app().random)?;
    Ok(format!("{url}?_count={}&_cursor={sealed}", page.count))
}

/// The version before which the page of a history begins.
///
/// # Errors
/// Invalid when the cursor is not ours, or of another history.
pub fn open_version(
    exchange: &Exchange<'_>,
    place: &str,
    page: &Page,
) -> Result<Option<VersionNumber>, Failure> {
    let Some(cursor) = &page.cursor else {
        return Ok(None);
    };
    let bytes = exchange
        .facility()
        .cursors
        .open(place.as_bytes(), cursor)
        .ok_or_else(foreign)?;
    let bytes: [u8; 4] = bytes.as_slice().try_into().map_err(|_| foreign())?;
    Ok(VersionNumber::new(u32::from_be_bytes(bytes)))
}

/// The next link of a search in the audit; `last` is the last row of the page.
///
/// # Errors
/// When the source of randomness fails.
pub fn next_audit(
    exchange: &Exchange<'_>,
    url: &str,
    query: &str,
    last: AuditPosition,
) -> Result<String, Failure> {
    let place = (query, last.time, last.record);
    let bytes = serde_json::to_vec(&place).map_err(Failure::fault)?;
    let random = &*exchange.app().random;
    let sealed = exchange
        .facility()
        .cursors
        .seal(AUDIT_EVENT.as_bytes(), &bytes, random)?;
    Ok(format!("{url}?_cursor={sealed}"))
}

/// The query of a search in the audit, and the row before which its page begins.
///
/// # Errors
/// Invalid when the cursor is not ours.
pub fn open_audit(
    exchange: &Exchange<'_>,
    cursor: &str,
) -> Result<(String, AuditPosition), Failure> {
    let bytes = exchange
        .facility()
        .cursors
        .open(AUDIT_EVENT.as_bytes(), cursor)
        .ok_or_else(foreign)?;
    let (query, time, record) = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
    Ok((query, AuditPosition { time, record }))
}

fn foreign() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Value,
        "the value of `_cursor` is not one of ours; follow the `next` link of a page as it is",
    )
}
