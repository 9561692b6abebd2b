//! Criteria of a conditional interaction as they come: in `If-None-Exist`, in `ifNoneExist` of
//! an entry, or in a URL (<https://hl7.org/fhir/R4/http.html#ccreate>). What they ask for is
//! read where they are used (`interaction/conditional`).

use super::{IF_NONE_EXIST, spelling};
use crate::{
    failure::{Category, Failure},
    http::{head, percent, query_text},
};
use actix_web::HttpRequest;
use fhir::IssueCode;

/// The text of criteria, and what to call it in a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriteriaText {
    text: String,
    /// The header, element or URL, as a text names it.
    source: String,
    /// The element of an entry.
    element: Option<String>,
}

impl CriteriaText {
    /// `If-None-Exist` of a request.
    ///
    /// # Errors
    /// Invalid for more than one header and for one that does not decode.
    pub(super) fn of_header(request: &HttpRequest) -> Result<Option<Self>, Failure> {
        let mut lines = request.headers().get_all(IF_NONE_EXIST);
        let Some(line) = lines.next() else {
            return Ok(None);
        };
        let source = format!("`{}`", spelling(IF_NONE_EXIST));
        let (Ok(text), None) = (line.to_str(), lines.next()) else {
            let text = format!("{source} must be one header of ASCII text");
            return Err(Failure::new(Category::Invalid, IssueCode::Value, text));
        };
        Self::read(text, source, None).map(Some)
    }

    /// A member of an entry, or its URL.
    ///
    /// # Errors
    /// Invalid for what does not decode.
    pub fn of_entry(text: &str, member: &str, element: String) -> Result<Self, Failure> {
        Self::read(text, format!("`{member}`"), Some(element))
    }

    /// The query of a URL, but for the form of the answer.
    ///
    /// # Errors
    /// Invalid for what does not decode, and for a form that is not given.
    pub fn of_url(query: &str) -> Result<Self, Failure> {
        let mut criteria = Self::read(query, "the query of the URL".to_owned(), None)?;
        let (mut form, mut rest) = (Vec::new(), Vec::new());
        for part in criteria.text.split('&') {
            match part.split('=').next() {
                Some("_format" | "_pretty") => form.push(part),
                _ => rest.push(part),
            }
        }
        let form = head::no_parameters(&form.join("&"));
        form.map_err(|failure| criteria.refuse(failure))?;
        criteria.text = rest.join("&");
        Ok(criteria)
    }

    fn read(text: &str, source: String, element: Option<String>) -> Result<Self, Failure> {
        let criteria = Self {
            text: text.trim().to_owned(),
            source,
            element,
        };
        let checked = percent::check(&criteria.text);
        let checked = checked.and_then(|()| query_text::check_url(&criteria.text));
        checked.map_err(|failure| criteria.refuse(failure))?;
        Ok(criteria)
    }

    /// The criteria on records of a type, which may be named before them, as in a URL.
    #[must_use]
    pub fn on(&self, kind: &str) -> &str {
        let text = self.text.as_str();
        let rest = text.strip_prefix(kind).unwrap_or(text);
        rest.strip_prefix('?').unwrap_or(text)
    }

    /// A refusal of them, by their name.
    #[must_use]
    pub fn refuse(&self, mut failure: Failure) -> Failure {
        failure.text = format!("the criteria in {}: {}", self.source, failure.text);
        failure.expression = self.element.clone().or(failure.expression);
        failure
    }
}
