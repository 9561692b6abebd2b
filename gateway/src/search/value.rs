//! The values of search parameters: how many there may be, and the refusal that says what
//! is read. They are cut and unescaped by `index::split_escaped` and `index::unescaped`.

use crate::failure::{Category, Failure};
use fhir::IssueCode;
use model::Timestamp;

/// The most values that one search may name.
const MAX_SEARCH_VALUES: usize = 500;

/// A query string and what it is read by.
#[derive(Clone, Copy)]
pub struct Query<'q> {
    /// The query string.
    pub text: &'q str,
    /// Whether what is not supported is ignored.
    pub lenient: bool,
    /// When the search began.
    pub now: Timestamp,
}

/// The failure of a value that is not read.
pub fn bad_value(param: &str, form: &str) -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Value,
        format!("the value of `{param}` must be {form}"),
    )
}

/// Refuses a search that names more values than one statement may be filled with.
///
/// # Errors
/// Too costly.
pub fn check_values(count: usize) -> Result<(), Failure> {
    if count <= MAX_SEARCH_VALUES {
        return Ok(());
    }
    Err(Failure::new(
        Category::TooLarge,
        IssueCode::TooCostly,
        format!("the search names more than {MAX_SEARCH_VALUES} values; send it in parts"),
    ))
}
