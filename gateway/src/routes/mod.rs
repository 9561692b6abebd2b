//! The one table of routes: both facility bases and every interaction; each
//! handler parses, runs and renders (<https://hl7.org/fhir/R4/http.html#summary>).

mod bundle;
pub(crate) mod capability;
mod path;
mod proof;
mod record;
mod search;
pub(crate) mod smart;

use crate::{
    admin,
    audit::sealed::AUDIT_EVENT,
    context::Context,
    exchange::{self, sent::Sent},
    failure::{Category, Failure},
    http::{
        body::{self, Body},
        outcome,
        reply::Reply,
    },
    interaction::look::Look,
    listener::{front_page, health, offered::Offered},
    log::tiles,
};
use actix_web::{HttpRequest, HttpResponse, Scope, web};
use bundle::post_bundle;
use fhir::{IssueCode, definition::Definition};
use model::{AuditInteraction, ResourceType};
use proof::{get_proof, get_version_proof};
use record::{delete_record, get_history, get_record, get_version, post_record, put_record};
use search::{get_search, post_search};

type Answer = Result<HttpResponse, Failure>;

/// Mounts everything that the gateway serves.
pub fn mount(config: &mut web::ServiceConfig) {
    config
        .service(Offered::at("/", Into::into).get(front_page::show))
        .service(Offered::at("/healthz", Into::into).get(health::live))
        .service(Offered::at("/readyz", Into::into).get(health::ready))
        .service(
            Offered::at("/log/{facility}/{path:.*}", Into::into)
                .get(tiles::read)
                .options(tiles::options),
        )
        .service(fhir_base("/f/{facility}/fhir"))
        .service(fhir_base("/fhir"))
        .service(admin::scope())
        .default_service(web::to(nowhere));
}

/// Every path below a FHIR base. What is not in the table is answered by
/// [`Offered`] or `nowhere`, never by an empty page.
fn fhir_base(path: &str) -> Scope {
    let on = |path| {
        Offered::at(path, Into::into)
            .with_head_read()
            .where_there(path::is_there)
    };
    web::scope(path)
        .service(on("").post(post_bundle))
        .service(on("/metadata").get(capability::metadata))
        .service(on("/.well-known/smart-configuration").get(smart::configuration))
        .service(on("/{type}/_search").post(post_search))
        .service(on("/{type}/{id}/_history/{version}/$proof").get(get_version_proof))
        .service(on("/{type}/{id}/_history/{version}").get(get_version))
        .service(on("/{type}/{id}/_history").get(get_history))
        .service(on("/{type}/{id}/$proof").get(get_proof))
        .service(
            on("/{type}/{id}")
                .except(path::is_written)
                .get(get_record)
                .put(put_record)
                .delete(delete_record),
        )
        .service(
            on("/{type}")
                .except(path::is_written)
                .get(get_search)
                .post(post_record),
        )
        .default_service(web::to(nowhere_below))
}

/// What is below a type of R4 and not in the table is an interaction or operation that is
/// not offered.
async fn nowhere_below(request: HttpRequest) -> Answer {
    let mut parts = request.match_info().unprocessed().split('/').skip(1);
    let kind = parts.next().and_then(Definition::of);
    Err(match kind {
        Some(_) => outcome::unknown_interaction(),
        None => outcome::unknown_path(),
    })
}

async fn nowhere() -> Answer {
    Err(outcome::unknown_path())
}

/// Reads a body of JSON, which counts as so many records of its caller. A long one is
/// read of those only who may send one.
async fn json_body(
    request: &HttpRequest,
    payload: web::Payload,
    context: &Context,
    sent: &Sent<'_>,
) -> Result<Body, Failure> {
    if body::may_be_long(request) {
        sent.admit(context).await?;
    }
    let bytes = body::read_fhir(request, payload).await?;
    let throttle = &context.app.throttle;
    throttle.opened(&context.caller, bytes.len());
    Ok(bytes)
}

async fn show(context: &Context, look: &Look<'_>) -> Result<Reply, Failure> {
    let interaction = AuditInteraction::restful(look.interaction_code());
    exchange::run(context, interaction, async |exchange| {
        look.make(exchange).await
    })
    .await
}

/// The type of what is passed to operations and back.
pub const PARAMETERS: &str = "Parameters";

/// Nobody writes audit events but the gateway itself.
///
/// # Errors
/// Not allowed for AuditEvent.
pub fn writable(kind: &ResourceType) -> Result<(), Failure> {
    if kind.as_str() != AUDIT_EVENT {
        return Ok(());
    }
    Err(Failure::new(
        Category::NotAllowed,
        IssueCode::NotSupported,
        "audit events are made by the gateway alone; clients can read them only",
    ))
}

/// Refuses new content of what nobody but the gateway writes, and of what has no endpoint
/// of its own (<https://hl7.org/fhir/R4/parameters.html>); what was stored of that can be
/// read and deleted.
///
/// # Errors
/// Not allowed.
pub fn storable(kind: &ResourceType) -> Result<(), Failure> {
    writable(kind)?;
    if kind.as_str() != PARAMETERS {
        return Ok(());
    }
    Err(Failure::new(
        Category::NotAllowed,
        IssueCode::NotSupported,
        "Parameters go with an operation and are not stored; store their content as resources",
    ))
}
