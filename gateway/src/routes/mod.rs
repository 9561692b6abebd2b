//! Everything that the gateway serves: both facility bases, with a handler for each form of
//! request, which parses, has it run and renders
//! (<https://hl7.org/fhir/R4/http.html#summary>).

mod bundle;
pub(crate) mod capability;
mod everything;
pub(crate) mod origins;
mod path;
mod proof;
mod record;
mod search;
mod sent_body;
mod shown;
pub(crate) mod smart;
mod submission;
mod validate;

use crate::{
    admin,
    context::Context,
    exchange::door,
    failure::Failure,
    http::outcome,
    interaction::{
        kinds::{Does, Place, Row},
        rows_at,
    },
    listener::{front_page, health, offered::Offered},
    log::tiles,
};
use actix_web::{HttpRequest, HttpResponse, Scope, web};
use fhir::definition::Definition;

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
        scope.service(rows_at(place).into_iter().fold(offered, handled))
    });
    scope.default_service(web::to(nowhere_below))
}

/// Gives a line of the table its handler.
fn handled(on: Offered, row: &'static Row) -> Offered {
    // Whoever is not known sends no body.
    if row.verb.has_content() {
        on.by(row.verb, move |request, payload| {
            answer(row, request, Some(payload))
        })
    } else {
        on.by(row.verb, move |request| answer(row, request, None))
    }
}

/// Answers a request by its line of the table.
async fn answer(row: &'static Row, request: HttpRequest, payload: Option<web::Payload>) -> Answer {
    door::answer(&request, row.interaction(), async |context| {
        let arrived = Arrived {
            row,
            request: &request,
            payload,
            context,
        };
        match row.does {
            Does::Shows => record::show(arrived).await,
            Does::Searches => search::search(arrived).await,
            Does::SearchesCompartment => search::compartment(arrived).await,
            Does::ShowsEverything => everything::show(arrived).await,
            Does::Changes(change) => record::change(arrived, change).await,
            Does::Bundles => bundle::post(arrived).await,
            Does::Proves => proof::prove(arrived).await,
            Does::Validates => validate::try_out(arrived).await,
        }
    })
    .await
}

/// A request that was let in, with its line of the table.
struct Arrived<'r> {
    row: &'static Row,
    request: &'r HttpRequest,
    /// None for a method that has no content.
    payload: Option<web::Payload>,
    context: Context,
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
