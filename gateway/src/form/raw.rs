//! Binary as raw content (<https://hl7.org/fhir/R4/binary.html#rest>): a body of a type that is
//! no FHIR is the content of a Binary, and a read that takes no FHIR is given the content.
//!
//! What somebody stored must never be a page of this origin: it is an attachment, in a sandbox,
//! and of no other type than it was sent as.

use crate::{
    failure::{Category, Failure},
    http::{negotiation, reply::Reply},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName, HeaderValue},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fhir::{
    IssueCode,
    json::{self, Value},
};
use model::{LogicalId, ResourceType};

/// The type.
const BINARY: &str = "Binary";
/// The reference of the record by whose rules a Binary goes.
const SECURITY_CONTEXT: HeaderName = HeaderName::from_static("x-security-context");
/// The type of content whose own type is no name of one.
const BYTES: &str = "application/octet-stream";
const SANDBOX: &str = "sandbox; default-src 'none'";
const LONGEST_REFERENCE: usize = 1_024;

/// Whether a type is the one that has raw content.
pub(crate) fn is_binary(kind: &ResourceType) -> bool {
    kind.as_str() == BINARY
}

/// What the head of a request says of its raw content.
#[derive(Debug)]
pub(crate) struct RawHead {
    content_type: String,
    context: Option<String>,
}

impl RawHead {
    /// That of a request whose body is no FHIR; `None` for FHIR, and for what is not declared.
    ///
    /// # Errors
    /// Unsupported media type for two types; invalid for a security context that is no
    /// reference.
    pub(crate) fn of(request: &HttpRequest) -> Result<Option<Self>, Failure> {
        let Some(content_type) = negotiation::other_type(request)? else {
            return Ok(None);
        };
        let mut lines = request.headers().get_all(SECURITY_CONTEXT);
        let context = match (lines.next(), lines.next()) {
            (None, _) => None,
            (Some(line), None) if line.len() <= LONGEST_REFERENCE => {
                Some(line.to_str().map_err(|_| bad_context())?.to_owned())
            }
            _ => return Err(bad_context()),
        };
        Ok(Some(Self {
            content_type,
            context,
        }))
    }

    /// The Binary of this content, as canonical bytes.
    pub(crate) fn binary(self, id: Option<&LogicalId>, content: &[u8]) -> Vec<u8> {
        let mut members = vec![
            ("contentType", Value::from(self.content_type)),
            ("resourceType", BINARY.into()),
        ];
        if !content.is_empty() {
            members.push(("data", STANDARD.encode(content).into()));
        }
        if let Some(id) = id {
            members.push(("id", id.as_str().into()));
        }
        if let Some(context) = self.context {
            let reference = Value::from([("reference", context.into())]);
            members.push(("securityContext", reference));
        }
        Value::Object(members.into_iter().collect()).to_canonical()
    }
}

/// The answer to a read of a Binary by a request that takes its content and no FHIR.
///
/// # Errors
/// Not acceptable when the content is of another type than is taken.
pub(crate) fn response(request: &HttpRequest, reply: Reply) -> Result<HttpResponse, Failure> {
    let Some(body) = &reply.body else {
        return Ok(reply.into_response());
    };
    let binary = json::parse(body).map_err(Failure::fault)?;
    let text = |name: &str| binary.get(name).and_then(Value::as_str);
    let content_type = text("contentType").unwrap_or(BYTES);
    if !negotiation::accepts_type(request, content_type) {
        return Err(Failure::new(
            Category::NotAcceptable,
            IssueCode::NotSupported,
            "the content is of another type than `Accept` takes; ask for `application/fhir+json`, \
             which says of what type",
        ));
    }
    let data: String = text("data")
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let content = STANDARD.decode(data).map_err(|_| not_base64())?;
    let context = binary.get("securityContext");
    let context = context.and_then(|context| context.get("reference")?.as_str());
    let context = context.and_then(|context| HeaderValue::from_str(context).ok());
    let content_type = HeaderValue::from_str(content_type);
    let content_type = content_type.unwrap_or_else(|_| HeaderValue::from_static(BYTES));
    let mut response = Reply {
        body: None,
        ..reply
    }
    .into_response()
    .set_body(content);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    for (name, value) in [
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(context) = context {
        headers.insert(SECURITY_CONTEXT, context);
    }
    Ok(response.map_into_boxed_body())
}

/// Says in an answer that it depends on what the request takes.
pub(crate) fn vary(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn bad_context() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Value,
        "send one `X-Security-Context` with a reference such as `Patient/1`",
    )
}

/// Earlier releases did not check it.
fn not_base64() -> Failure {
    Failure::new(
        Category::NotAcceptable,
        IssueCode::NotSupported,
        "the stored data is no base64 and cannot be given as raw content; read the record as \
         `application/fhir+json`",
    )
}
