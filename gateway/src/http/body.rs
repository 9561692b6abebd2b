//! The body of a request, up to the limit, in the form that its headers declare.

use crate::{
    app::App,
    failure::{Category, Failure},
    form::{gzip, raw::RawHead},
    http::{
        negotiation::{self, PatchForm},
        percent, query_text,
    },
    limits::{long_work::LONG_BODY, pace::time_of, under_way::Held},
    listener::answer::Asker,
};
use actix_web::{
    HttpMessage as _, HttpRequest,
    body::{BodyStream, MessageBody as _},
    http::header,
    rt, web,
};
use fhir::{
    IssueCode,
    json::{self, Value},
};
use model::LogicalId;
use std::{future::poll_fn, ops::Deref, pin::Pin, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Bytes of a body that says nothing.
const LONGEST_EMPTY: usize = 1024;
/// Bytes that must have come before room is made for the rest: less may be a sender that
/// means to send nothing more.
const LARGE_BODY: usize = 1024 * 1024;
/// How long the rest of a body is held that came too slowly.
const HELD_FOR: Duration = Duration::from_secs(2);

/// A body that was read; it counts as under way as long as it is held.
#[derive(Debug)]
pub struct Body {
    bytes: web::Bytes,
    /// Of a patch, how it is written.
    patch: Option<PatchForm>,
    held: Held,
}

impl Body {
    /// Whether it takes long to read.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.bytes.len() >= LONG_BODY
    }

    /// How the patch is written that it is.
    #[must_use]
    pub const fn patch(&self) -> Option<PatchForm> {
        self.patch
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The form that the body of a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// A resource.
    Fhir,
    /// A resource, or nothing.
    FhirIfAny,
    /// A patch in one of its forms.
    Patch,
}

impl BodyForm {
    /// Reads a body of this form.
    ///
    /// # Errors
    /// When it is over the limit, cut short, or not declared as such.
    pub async fn read(self, request: &HttpRequest, payload: web::Payload) -> Result<Body, Failure> {
        match self {
            Self::Fhir => read_fhir(request, payload).await,
            Self::FhirIfAny => read_fhir_if_any(request, payload).await,
            Self::Patch => read_patch(request, payload).await,
        }
    }
}

/// Whether the body of a request may be a long one, before it is read.
#[must_use]
pub fn may_be_long(request: &HttpRequest) -> bool {
    request.headers().contains_key(header::CONTENT_ENCODING)
        || declared(request).is_none_or(|length| length >= LONG_BODY)
}

/// The length that a body is said to have.
fn declared(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Reads a body of FHIR in JSON.
async fn read_fhir(request: &HttpRequest, payload: web::Payload) -> Result<Body, Failure> {
    negotiation::check_fhir_body(request)?;
    read(request, payload, usize::MAX).await
}

/// Reads raw content, which becomes a Binary under the id, if there is one.
///
/// # Errors
/// As [`read_fhir`].
pub async fn read_raw(
    request: &HttpRequest,
    payload: web::Payload,
    head: RawHead,
    id: Option<&LogicalId>,
) -> Result<Body, Failure> {
    negotiation::is_packed(request)?;
    let app = request.app_data::<web::Data<App>>();
    // As base64 it is a third longer.
    let most = app.map_or(0, |app| app.limits.body_bytes / 4 * 3);
    let mut body = read(request, payload, most).await?;
    let binary = head.binary(id, &body);
    body.held.take(binary.len().saturating_sub(body.len()))?;
    body.bytes = binary.into();
    Ok(body)
}

/// Reads a patch in one of its forms.
async fn read_patch(request: &HttpRequest, payload: web::Payload) -> Result<Body, Failure> {
    let form = negotiation::patch_form(request)?;
    let body = read(request, payload, usize::MAX).await?;
    Ok(Body {
        patch: Some(form),
        ..body
    })
}

/// Reads a body of FHIR in JSON where there may be none; a body that is not there need not
/// be declared.
async fn read_fhir_if_any(request: &HttpRequest, payload: web::Payload) -> Result<Body, Failure> {
    if request.headers().contains_key(header::CONTENT_TYPE) {
        negotiation::check_fhir_body(request)?;
    }
    let body = read(request, payload, usize::MAX).await?;
    if !body.is_empty() {
        negotiation::check_fhir_body(request)?;
    }
    Ok(body)
}

/// Reads a body of JSON of at most so many bytes, or of fewer where the limit of all
/// bodies is lower.
///
/// # Errors
/// As [`BodyForm::read`].
pub async fn read_json_up_to(
    request: &HttpRequest,
    payload: web::Payload,
    most: usize,
) -> Result<Body, Failure> {
    negotiation::check_json_body(request)?;
    read(request, payload, most).await
}

/// Refuses a body where none is read. What is of no account to JSON is none.
///
/// # Errors
/// Invalid; when it is over the limit, cut short, or too slow.
pub async fn refuse(request: &HttpRequest, payload: web::Payload) -> Result<(), Failure> {
    let body = read(request, payload, LONGEST_EMPTY).await?;
    let body = body.trim_ascii();
    if body.is_empty() || body == b"{}" || body == b"null" {
        return Ok(());
    }
    Err(Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        "a body is not read here; send the request without it",
    ))
}

/// Reads the form of a search that is posted.
///
/// # Errors
/// When it is over the limit, cut short, or not declared as a form in UTF-8.
pub async fn read_form(request: &HttpRequest, payload: web::Payload) -> Result<String, Failure> {
    let form = read(request, payload, query_text::FORM_BYTES).await?;
    negotiation::check_form_body(request, form.is_empty())?;
    let text = String::from_utf8(form.to_vec()).map_err(|_| {
        Failure::new(
            Category::Invalid,
            IssueCode::Structure,
            "send the search as `application/x-www-form-urlencoded` in UTF-8",
        )
    })?;
    percent::check(&text)?;
    Ok(text)
}

/// Reads a body of any type, up to the limits and as long as it keeps coming.
///
/// # Errors
/// When it is over the limit, cut short, or too slow.
async fn read(request: &HttpRequest, payload: web::Payload, most: usize) -> Result<Body, Failure> {
    let app = request.app_data::<web::Data<App>>();
    let app = app.ok_or_else(|| Failure::fault("the server was assembled without its state"))?;
    let (limit, seconds) = (app.limits.body_bytes.min(most), app.limits.body_seconds);
    let asker = request.extensions().get::<Asker>().cloned();
    let mut held = app
        .under_way
        .of(asker.map_or_else(String::new, |asker| asker.0));
    let (mut stream, mut body) = (BodyStream::new(payload), web::BytesMut::new());
    let patience = Duration::from_secs(u64::from(seconds));
    let mut until = Instant::now() + patience;
    loop {
        let next = poll_fn(|context| Pin::new(&mut stream).poll_next(context));
        let chunk = match timeout_at(until, next).await {
            Err(_) => {
                close_after(stream);
                return Err(too_slow());
            }
            Ok(None) => {
                let mut bytes = body.freeze();
                if !bytes.is_empty() && negotiation::is_packed(request)? {
                    bytes = gzip::unpack(&bytes, limit, &mut held).await?;
                }
                return Ok(Body {
                    bytes,
                    patch: None,
                    held,
                });
            }
            Ok(Some(Err(_))) => return Err(cut_short()),
            Ok(Some(Ok(chunk))) => chunk,
        };
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        held.take(chunk.len())?;
        // Whoever holds a connection open must keep sending: what came fast earns no more
        // than the first seconds again, so that a few bytes hold no memory for long.
        until = (until + time_of(chunk.len())).min(Instant::now() + patience);
        if body.len() >= LARGE_BODY {
            // The rest at once, so that it is not all copied each time it has doubled.
            let whole = declared(request).unwrap_or(0).min(limit);
            body.reserve(whole.saturating_sub(body.len()));
        }
        body.extend_from_slice(&chunk);
    }
}

/// A body that somebody still holds makes the server close the connection after the
/// answer; one that was let go of would be waited for.
fn close_after(body: BodyStream<web::Payload>) {
    rt::spawn(async move {
        rt::time::sleep(HELD_FOR).await;
        drop(body);
    });
}

fn too_slow() -> Failure {
    Failure::new(
        Category::TooSlow,
        IssueCode::Timeout,
        "the body comes too slowly; send the request again over a faster connection",
    )
}

fn cut_short() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Incomplete,
        "the body ended early; send the request again",
    )
}

fn too_large(limit: usize) -> Failure {
    Failure::new(
        Category::TooLarge,
        IssueCode::TooLong,
        format!("the body is over the limit of {limit} bytes; send it in parts"),
    )
}

/// The value of a JSON body, within the limit of values.
///
/// # Errors
/// When it is not JSON that we take, or has too many values.
pub fn parse(app: &App, bytes: &[u8]) -> Result<Value, Failure> {
    Ok(json::parse_within(bytes, app.limits.body_values())?)
}
