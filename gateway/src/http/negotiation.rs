//! In which form an answer is given and a body taken, settled before anything is
//! done: `Accept`, `_format`, `Content-Type`, `Content-Encoding`, `fhirVersion`
//! (<https://hl7.org/fhir/R4/http.html#mime-type>).
//!
//! The one form is FHIR R4 as JSON; `Accept-Charset` is ignored, as RFC 9110, 12.5.2
//! says.

use crate::{
    failure::{Category, Failure, Taken},
    http::header_list,
};
use actix_web::{HttpRequest, http::header};
use fhir::{IssueCode, patch::JSON_PATCH};

/// The name of our form, and that of JSON which is no FHIR.
const FHIR_TYPE: &str = "application/fhir+json";
const JSON_TYPE: &str = "application/json";
/// The names of JSON.
const JSON_TYPES: [&str; 3] = [FHIR_TYPE, JSON_TYPE, "text/json"];
/// The release that we speak, as `fhirVersion` names it.
const FHIR_VERSIONS: [&str; 2] = ["4.0", "4.0.1"];
/// The form of a search that is posted.
const FORM: &str = "application/x-www-form-urlencoded";

/// Refuses a request that wants an answer in a form that we do not give. The
/// parameter is stronger than the header.
///
/// # Errors
/// When `_format` or `Accept` leave no form of JSON; invalid for two `_format`.
pub fn check_answer(request: &HttpRequest, query: &str) -> Result<(), Failure> {
    let mut formats = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "_format")
        .map(|(_, value)| value);
    match (formats.next(), formats.next()) {
        (Some(format), None) => check_format(&format),
        (Some(_), Some(_)) => Err(Failure::twice()),
        (None, _) if is_accepted(request, FHIR_TYPE) => Ok(()),
        (None, _) => Err(not_acceptable()),
    }
}

/// Refuses a request that wants an answer in a form that is no JSON, at a path that is no
/// FHIR.
///
/// # Errors
/// When `Accept` leaves no form of JSON.
pub fn check_json_answer(request: &HttpRequest) -> Result<(), Failure> {
    if is_accepted(request, JSON_TYPE) {
        return Ok(());
    }
    Err(Failure::new(
        Category::NotAcceptable,
        IssueCode::NotSupported,
        "answers at this path are given as `application/json` only",
    ))
}

/// Whether a request takes the form of this name.
fn is_accepted(request: &HttpRequest, own: &str) -> bool {
    !request.headers().contains_key(header::ACCEPT)
        || accepts(own, header_list::members(request, "accept"))
}

/// Whether a request takes no FHIR, but says what it takes: raw content, where there is some.
pub fn takes_other(request: &HttpRequest) -> bool {
    request.query_string().is_empty() && !is_accepted(request, FHIR_TYPE)
}

/// Whether a request takes content of a type that is no FHIR.
pub fn accepts_type(request: &HttpRequest, own: &str) -> bool {
    let own = own.split(';').next().unwrap_or_default().trim();
    let own = own.to_ascii_lowercase();
    let any = own
        .split_once('/')
        .map(|(kind, _)| format!("{kind}/*"))
        .unwrap_or_default();
    let ranges: Vec<Range> = header_list::members(request, "accept")
        .map(Range::read)
        .collect();
    for name in [own.as_str(), any.as_str(), "*/*"] {
        let mut named = ranges
            .iter()
            .filter(|range| range.essence == name)
            .peekable();
        if named.peek().is_some() {
            return named.any(|range| range.wanted);
        }
    }
    false
}

/// The type of a body that is no FHIR; `None` for FHIR in any form, and for what is not
/// declared.
///
/// # Errors
/// Unsupported media type for two types.
pub fn other_type(request: &HttpRequest) -> Result<Option<String>, Failure> {
    let Some(Declared { essence, .. }) = declared(request)? else {
        return Ok(None);
    };
    let is_fhir =
        essence.starts_with("application/fhir+") || JSON_TYPES.contains(&essence.as_str());
    if is_fhir || !essence.contains('/') {
        return Ok(None);
    }
    let line = request.headers().get(header::CONTENT_TYPE);
    let line = line.and_then(|line| line.to_str().ok());
    Ok(line.map(|line| line.trim().to_owned()))
}

/// Refuses a value of `_format` that is not our form.
///
/// # Errors
/// Not acceptable.
pub fn check_format(format: &str) -> Result<(), Failure> {
    // A form decoder makes a blank of an unescaped `+`.
    let format = format.replace("fhir json", "fhir+json");
    let range = Range::read(&format);
    let known = range.essence == "json" || JSON_TYPES.contains(&range.essence.as_str());
    if known && range.fits {
        Ok(())
    } else {
        Err(not_acceptable())
    }
}

fn not_acceptable() -> Failure {
    Failure::new(
        Category::NotAcceptable,
        IssueCode::NotSupported,
        "answers are given as `application/fhir+json` of `fhirVersion=4.0` only",
    )
}

/// How a patch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchForm {
    /// JSON Patch.
    Json,
    /// FHIRPath Patch, in Parameters.
    FhirPath,
}

/// One member of `Accept`.
struct Range {
    essence: String,
    /// Of the release that we speak, or of any.
    fits: bool,
    /// Its weight is not 0.
    wanted: bool,
}

impl Range {
    fn read(text: &str) -> Self {
        let mut parts = header_list::split(text, ';').into_iter();
        let mut range = Self {
            essence: parts.next().unwrap_or_default().to_ascii_lowercase(),
            fits: true,
            wanted: true,
        };
        for part in parts {
            let (name, value) = header_list::pair(part);
            if name.eq_ignore_ascii_case("fhirVersion") {
                range.fits = FHIR_VERSIONS.contains(&value.as_str());
            } else if name.eq_ignore_ascii_case("q") {
                range.wanted = value.parse::<f32>().is_ok_and(|weight| weight > 0.0);
            }
        }
        range
    }
}

/// Whether the form of this name is wanted: the most particular range that names it decides
/// (RFC 9110, 12.5.1). Another name of JSON may ask for it, and cannot refuse it. A header
/// without a member is as good as none.
fn accepts<'m>(own: &str, members: impl Iterator<Item = &'m str>) -> bool {
    let ranges: Vec<Range> = members.map(Range::read).collect();
    let others = JSON_TYPES.into_iter().filter(|name| *name != own);
    let others: Vec<&str> = others.chain(["text/*"]).collect();
    for (names, refuses) in [
        (&[own][..], true),
        (&others[..], false),
        (&["application/*"][..], true),
        (&["*/*"][..], true),
    ] {
        let named = |range: &&Range| range.fits && names.contains(&range.essence.as_str());
        let named: Vec<&Range> = ranges.iter().filter(named).collect();
        if named.iter().any(|range| range.wanted) {
            return true;
        }
        if refuses && !named.is_empty() {
            return false;
        }
    }
    ranges.is_empty()
}

/// Refuses a body that is not declared as FHIR R4 in JSON, as it is.
///
/// # Errors
/// Unsupported media type.
pub fn check_fhir_body(request: &HttpRequest) -> Result<(), Failure> {
    check_json(
        request,
        "send the body as `Content-Type: application/fhir+json`, in UTF-8 and of \
         `fhirVersion=4.0`",
    )
}

/// The form of a patch, by what it is declared as.
///
/// # Errors
/// Unsupported media type.
pub fn patch_form(request: &HttpRequest) -> Result<PatchForm, Failure> {
    is_packed(request)?;
    match declared(request)? {
        Some(declared) if declared.plain && declared.essence == JSON_PATCH => Ok(PatchForm::Json),
        Some(declared) if declared.plain && JSON_TYPES.contains(&declared.essence.as_str()) => {
            Ok(PatchForm::FhirPath)
        }
        _ => Err(unsupported_media(
            "send the patch as `Content-Type: application/json-patch+json` (JSON Patch), or as \
             Parameters in `application/fhir+json` (FHIRPath Patch)",
        )),
    }
}

/// Refuses a body that is not declared as JSON, at a path that is no FHIR.
///
/// # Errors
/// Unsupported media type.
pub fn check_json_body(request: &HttpRequest) -> Result<(), Failure> {
    check_json(
        request,
        "send the body as `Content-Type: application/json`, in UTF-8",
    )
}

fn check_json(request: &HttpRequest, text: &str) -> Result<(), Failure> {
    is_packed(request)?;
    match declared(request)? {
        Some(declared) if JSON_TYPES.contains(&declared.essence.as_str()) && declared.plain => {
            Ok(())
        }
        _ => Err(unsupported_media(text)),
    }
}

/// Refuses the body of a search that is no form; a body that is not there need not be
/// declared.
///
/// # Errors
/// Unsupported media type.
pub fn check_form_body(request: &HttpRequest, empty: bool) -> Result<(), Failure> {
    is_packed(request)?;
    match declared(request)? {
        None if empty => Ok(()),
        Some(declared) if declared.essence == FORM && declared.plain => Ok(()),
        _ => Err(unsupported_media(
            "send the search as `Content-Type: application/x-www-form-urlencoded`, in UTF-8",
        )),
    }
}

/// What `Content-Type` says.
struct Declared {
    essence: String,
    /// In UTF-8 and of our release, as far as it says.
    plain: bool,
}

fn declared(request: &HttpRequest) -> Result<Option<Declared>, Failure> {
    let mut lines = request.headers().get_all(header::CONTENT_TYPE);
    let (first, second) = (lines.next(), lines.next());
    let Some(line) = first else {
        return Ok(None);
    };
    let text = line.to_str().ok().filter(|_| second.is_none());
    let text = text.ok_or_else(|| unsupported_media("send one `Content-Type` that is text"))?;
    let mut parts = header_list::split(text, ';').into_iter();
    let mut declared = Declared {
        essence: parts.next().unwrap_or_default().to_ascii_lowercase(),
        plain: true,
    };
    for part in parts {
        let (name, value) = header_list::pair(part);
        declared.plain &= if name.eq_ignore_ascii_case("charset") {
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("us-ascii")
        } else if name.eq_ignore_ascii_case("fhirVersion") {
            FHIR_VERSIONS.contains(&value.as_str())
        } else {
            true
        };
    }
    Ok(Some(declared))
}

/// Whether the body says that it is packed by gzip, once.
///
/// # Errors
/// Unsupported media type for another coding: it would be read as if it had none.
pub fn is_packed(request: &HttpRequest) -> Result<bool, Failure> {
    let mut packed = 0;
    for line in request.headers().get_all(header::CONTENT_ENCODING) {
        for coding in line.to_str().unwrap_or("?").split(',').map(str::trim) {
            match coding.to_ascii_lowercase().as_str() {
                "" | "identity" => {}
                "gzip" | "x-gzip" if packed == 0 => packed += 1,
                _ => return Err(unknown_coding()),
            }
        }
    }
    Ok(packed > 0)
}

fn unknown_coding() -> Failure {
    let text = "send the body as it is, or packed once as `Content-Encoding: gzip`";
    Failure {
        taken: Some(Taken::Gzip),
        ..unsupported_media(text)
    }
}

fn unsupported_media(text: &str) -> Failure {
    Failure::new(Category::UnsupportedMedia, IssueCode::NotSupported, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_particular_range_decides() {
        for (header, expected) in [
            ("*/*", true),
            ("", true),
            ("application/fhir+json", true),
            ("APPLICATION/JSON", true),
            ("text/html, application/xhtml+xml, */*;q=0.8", true),
            ("application/fhir+xml, application/fhir+json;q=0.1", true),
            ("application/fhir+json; fhirVersion=4.0", true),
            ("application/fhir+json;fhirVersion=\"4.0\"", true),
            ("application/fhir+json;fhirVersion=5.0, */*", true),
            ("application/fhir+json;fhirVersion=5.0", false),
            ("application/*;fhirVersion=3.0", false),
            ("application/fhir+json;q=0", false),
            ("application/fhir+json;q=0.000, application/fhir+xml", false),
            ("application/fhir+json;q=0, */*", false),
            ("application/fhir+json;q=0, application/json", false),
            ("application/json;q=0, */*", true),
            ("application/json;q=0", false),
            ("text/*;q=0, */*;q=0.1", true),
            ("application/*;q=0, */*", false),
            ("application/*;q=0, application/json", true),
            ("*/*;q=0", false),
            ("application/fhir+xml", false),
            ("text/html", false),
        ] {
            let members = header_list::split(header, ',').into_iter();
            assert_eq!(accepts(FHIR_TYPE, members), expected, "{header}");
        }
    }

    #[test]
    fn json_that_is_no_fhir_is_refused_by_its_own_name() {
        for (header, expected) in [
            ("*/*", true),
            ("", true),
            ("application/json", true),
            ("application/fhir+json", true),
            ("application/problem+json, application/json;q=0.5", true),
            ("application/json;q=0", false),
            ("application/json;q=0, */*", false),
            ("application/json;q=0, application/fhir+json", false),
            ("application/fhir+json;q=0, */*", true),
            ("application/problem+json", false),
            ("text/html", false),
        ] {
            let members = header_list::split(header, ',').into_iter();
            assert_eq!(accepts(JSON_TYPE, members), expected, "{header}");
        }
    }

    #[test]
    fn formats_are_names_of_json() {
        for (format, expected) in [
            ("json", true),
            ("application/fhir json", true),
            ("application/fhir+json;fhirVersion=4.0", true),
            ("application/fhir+json;fhirVersion=3.0", false),
            ("text/json", true),
            ("xml", false),
            ("", false),
        ] {
            assert_eq!(check_format(format).is_ok(), expected, "{format}");
        }
    }
}
