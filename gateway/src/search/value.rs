//! The values of search parameters: cut at commas, refused with a text that says
//! what is read (<https://hl7.org/fhir/R4/search.html#escaping>).

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

/// Cuts a value at a separator that is not escaped; the parts stay escaped.
pub fn split_at(value: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in value.chars() {
        if c == separator && !escaped {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(part);
    parts
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
