//! What the head of a request asks, settled before anything is done: the form of the
//! answer, parameters, preconditions. Whatever a path does not read is refused: by the
//! handlers below a FHIR base, by [`Offered`](crate::listener::offered::Offered) everywhere else.

use crate::{
    failure::{Category, Failure},
    http::{negotiation, precondition::Preconditions},
};
use actix_web::HttpRequest;
use fhir::IssueCode;
use std::collections::BTreeSet;

/// The head of a request to one record: it may have preconditions, and no parameter
/// but those of the form.
///
/// # Errors
/// Not acceptable; invalid for what is not read.
pub fn of_record(request: &HttpRequest) -> Result<Preconditions, Failure> {
    form_only(request)?;
    Preconditions::of_request(request)
}

/// The head of a create: `If-None-Exist` alone, and no parameter but those of the form.
///
/// # Errors
/// As [`of_record`].
pub fn of_create(request: &HttpRequest) -> Result<Preconditions, Failure> {
    form_only(request)?;
    Preconditions::of_create(request)
}

/// The head of a read of a record, or of a change by criteria: it may have preconditions, and its
/// query is read elsewhere.
///
/// # Errors
/// Not acceptable; invalid for a precondition that is none.
pub fn beside_query(request: &HttpRequest) -> Result<Preconditions, Failure> {
    negotiation::check_answer(request, request.query_string())?;
    Preconditions::of_request(request)
}

/// The head of a request to what is no record, such as the base: no preconditions, and no
/// parameter but those of the form.
///
/// # Errors
/// As [`of_record`].
pub fn plain(request: &HttpRequest) -> Result<(), Failure> {
    form_only(request)?;
    Preconditions::refuse(request)
}

/// The head of a request whose parameters are read elsewhere; `query` is all of them.
///
/// # Errors
/// Not acceptable; invalid for a precondition.
pub fn of_query(request: &HttpRequest, query: &str) -> Result<(), Failure> {
    negotiation::check_answer(request, query)?;
    Preconditions::refuse(request)
}

/// The head of a request for the CapabilityStatement, of which there is one form
/// (<https://hl7.org/fhir/R4/http.html#capabilities>).
///
/// # Errors
/// Not acceptable; invalid for what is not read.
pub fn of_capabilities(request: &HttpRequest) -> Result<(), Failure> {
    let query = request.query_string();
    negotiation::check_answer(request, query)?;
    let mut rest = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if (name.as_ref(), value.as_ref()) != ("mode", "full") {
            rest.append_pair(&name, &value);
        }
    }
    no_parameters(&rest.finish())
}

/// The head of a request to a path that is no FHIR: no preconditions, and none but these
/// parameters.
///
/// # Errors
/// Invalid for what is not read.
pub fn of_others(request: &HttpRequest, parameters: &[&str]) -> Result<(), Failure> {
    Preconditions::refuse(request)?;
    let mut given = url::form_urlencoded::parse(request.query_string().as_bytes());
    if given.all(|(name, _)| parameters.contains(&name.as_ref())) {
        return Ok(());
    }
    let taken = match parameters {
        [] => "none".to_owned(),
        some => format!("none but `{}`", some.join("` and `")),
    };
    let text = format!("a parameter is not supported; at this path send {taken}");
    Err(Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        text,
    ))
}

/// The same of a path whose answer is JSON.
///
/// # Errors
/// As [`of_others`]; not acceptable.
pub fn of_json(request: &HttpRequest, parameters: &[&str]) -> Result<(), Failure> {
    negotiation::check_json_answer(request)?;
    of_others(request, parameters)
}

fn form_only(request: &HttpRequest) -> Result<(), Failure> {
    let query = request.query_string();
    negotiation::check_answer(request, query)?;
    no_parameters(query)
}

/// Refuses every parameter but those of the form.
///
/// # Errors
/// Not supported, or invalid when one is given twice.
pub fn no_parameters(query: &str) -> Result<(), Failure> {
    let mut given = Given::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "_format" => negotiation::check_format(&value)?,
            "_pretty" => {}
            "_summary" if value == "false" => {}
            _ => {
                return Err(Failure::new(
                    Category::Invalid,
                    IssueCode::NotSupported,
                    "a parameter is not supported; at this path send none but `_format`",
                ));
            }
        }
        given.take(&name)?;
    }
    Ok(())
}

/// The parameters that were given, of those that may be given once
/// (<https://hl7.org/fhir/R4/http.html#history>).
#[derive(Debug, Clone, Default)]
pub struct Given(BTreeSet<String>);

impl Given {
    /// Notes a parameter.
    ///
    /// # Errors
    /// Invalid when it was given before.
    pub fn take(&mut self, name: &str) -> Result<(), Failure> {
        if self.0.insert(name.to_owned()) {
            Ok(())
        } else {
            Err(Failure::twice())
        }
    }
}
