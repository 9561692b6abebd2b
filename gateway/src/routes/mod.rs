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
    context::Context,
    exchange::{self, sent::Sent},
    failure::Failure,
    http::{
        body::{self, Body},
        outcome,
        reply::Reply,
    },
    interaction::{
        kinds::{Kind, Place, Row},
        look::Look,
    },
    listener::{front_page, health, offered::Offered},
    log::tiles,
};
use actix_web::{HttpRequest, HttpResponse, Scope, web};
use bundle::post_bundle;
use fhir::definition::Definition;
use model::Interaction;
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
    let scope = web::scope(path)
        .service(on("/metadata").get(capability::metadata))
        .service(on("/.well-known/smart-configuration").get(smart::configuration));
    let scope = Place::ALL.into_iter().fold(scope, |scope, place| {
        let offered = on(place.pattern());
        let offered = if place.is_of_entries() {
            offered.except(path::refuses)
        } else {
            offered
        };
        scope.service(place.rows().into_iter().fold(offered, handled))
    });
    scope.default_service(web::to(nowhere_below))
}

/// Gives a line of the table its handler.
fn handled(on: Offered, row: &Row) -> Offered {
    let verb = row.verb;
    match row.kind {
        Kind::Create => on.by(verb, post_record),
        Kind::Read => on.by(verb, get_record),
        Kind::Vread => on.by(verb, get_version),
        Kind::Update => on.by(verb, put_record),
        Kind::Delete => on.by(verb, delete_record),
        Kind::History => on.by(verb, get_history),
        Kind::Search => on.by(verb, get_search),
        Kind::SearchForm => on.by(verb, post_search),
        Kind::Proof => on.by(verb, get_proof),
        Kind::ProofOfVersion => on.by(verb, get_version_proof),
        Kind::Bundle => on.by(verb, post_bundle),
    }
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

/// Reads a body of JSON, which counts as this number of records of its caller. A long one is
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
    let interaction = Interaction::from(look.interaction());
    exchange::run(context, interaction, async |exchange| {
        look.make(exchange).await
    })
    .await
}
