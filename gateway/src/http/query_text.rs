//! How long the text of a search may be: what was understood of it is sealed into the
//! audit, which is never deleted.

use crate::failure::{Category, Failure};
use actix_web::http::Method;
use fhir::IssueCode;

/// Bytes of a query in a URL.
const URL_BYTES: usize = 8 * 1024;
/// Bytes of a query in a body, with what its URL says.
pub const FORM_BYTES: usize = 64 * 1024;

/// Whether a query is longer than any in a URL.
pub fn is_long(query: &str) -> bool {
    query.len() > URL_BYTES
}

/// Refuses the query of a search that is too long for its method.
///
/// # Errors
/// Too long.
pub fn check(method: &Method, query: &str) -> Result<(), Failure> {
    if *method == Method::POST {
        return check_form(query);
    }
    check_url(query)
}

/// Refuses a query of a URL that is too long; next links are shorter (`paging`).
///
/// # Errors
/// Too long.
pub fn check_url(query: &str) -> Result<(), Failure> {
    if query.len() <= URL_BYTES {
        return Ok(());
    }
    Err(Failure::new(
        Category::UriTooLong,
        IssueCode::TooLong,
        format!(
            "the query is over the limit of {URL_BYTES} bytes; post it to `_search`, which \
             takes {FORM_BYTES}"
        ),
    ))
}

fn check_form(query: &str) -> Result<(), Failure> {
    if query.len() <= FORM_BYTES {
        return Ok(());
    }
    Err(Failure::new(
        Category::TooLarge,
        IssueCode::TooLong,
        format!("the query is over the limit of {FORM_BYTES} bytes; send it in parts"),
    ))
}
