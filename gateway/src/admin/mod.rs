//! `/admin`: what administrators do for their own facility. Clients and administrators
//! are registered, each facility says with whom it shares, and the first facility makes
//! others. None of it shows a record.
//!
//! Nobody changes anything alone: a request proposes a change (202), and it takes
//! effect when another administrator approves it, in the transaction of the approval.
//! Every request is decided and audited like an interaction, as `admin:<name>`.
//! Answers are JSON, failures problem+json (<https://www.rfc-editor.org/rfc/rfc9457>).

mod administrators;
mod change;
mod changes;
mod clients;
mod effect;
mod facilities;
mod old_change;
pub(crate) mod open_change;
mod person;
mod proposal;
mod user_reference;
mod writes;

pub(crate) use old_change::{OldChanges, state as state_old_changes};

use crate::{
    context::Context,
    exchange::{self, Exchange, door},
    failure::{Category, Failure},
    http::{
        body,
        outcome::{self, Problem},
    },
    listener::offered::Offered,
};
use actix_web::{HttpRequest, HttpResponse, Scope, http::header, web};
use fhir::IssueCode;
use model::{Interaction, Tag};
use policies::{Action, Target};
use proposal::Proposal;
use serde::{Serialize, de::DeserializeOwned};

type Answer = Result<HttpResponse, Problem>;

/// The largest body, in bytes: a proposal of two hundred people and clients with long
/// names. Policy sets are not proposed here.
const BODY_BYTES: usize = 64 * 1024;

/// Every path below `/admin`.
pub(crate) fn scope() -> Scope {
    let on = |path| Offered::at(path, |failure| Problem::from(failure).into()).in_json();
    web::scope("/admin")
        .service(
            on("/facilities")
                .get(facilities::list)
                .post(facilities::make),
        )
        .service(
            on("/facility")
                .get(facilities::profile)
                .put(facilities::change),
        )
        .service(on("/clients").get(clients::list).post(clients::register))
        // A client id can be a URL.
        .service(on("/clients/{id:.+}").delete(clients::revoke))
        .service(
            on("/administrators")
                .get(administrators::list)
                .post(administrators::register),
        )
        .service(on("/administrators/{tag}").delete(administrators::revoke))
        .service(
            on("/changes")
                .with_parameters(&changes::PARAMETERS)
                .get(changes::list),
        )
        .service(on("/changes/{id}").get(changes::read))
        .service(on("/changes/{id}/approve").post(changes::approve))
        .service(on("/changes/{id}/reject").post(changes::reject))
        .default_service(web::to(nowhere))
}

async fn nowhere() -> Answer {
    Err(outcome::unknown_path().into())
}

/// Answers what an administrator asks for; a request that is refused before it is decided
/// is audited too.
async fn answer(
    request: &HttpRequest,
    name: &'static str,
    handle: impl AsyncFnOnce(Context) -> Result<HttpResponse, Failure>,
) -> Answer {
    let interaction = Interaction::admin(name);
    Ok(door::answer(request, interaction, handle).await?)
}

/// Runs an act of an administrator: decided, then done, then audited, like any
/// interaction.
async fn run<T>(
    context: &Context,
    name: &str,
    attempt: impl AsyncFn(&mut Exchange<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    exchange::run(context, Interaction::admin(name), async |exchange| {
        let target = Target::base(exchange.facility().name.clone());
        exchange.require(Action::Administer, &target)?;
        attempt(exchange).await
    })
    .await
}

/// Proposes a change: 202, with the place where it is decided.
async fn propose(
    context: &Context,
    name: &'static str,
    make: impl Fn(&Exchange<'_>) -> Result<Proposal, Failure>,
) -> Result<HttpResponse, Failure> {
    let _turn = context.facility.turn_to_decide().await;
    let view = run(context, name, async |exchange| {
        let proposal = make(exchange)?;
        effect::check(exchange, &proposal).await?;
        change::propose(exchange, proposal).await
    })
    .await?;
    let location = format!("{}/admin/changes/{}", context.app.public_url(), view.id);
    let mut response = HttpResponse::Accepted();
    response.insert_header((header::LOCATION, location));
    Ok(response.json(view))
}

fn done(view: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(view)
}

/// A body that is read as it is meant, or refused.
async fn read<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, Failure> {
    let bytes = body::read_json_up_to(request, payload, BODY_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        // The parser's own words may quote the body; what is wrong with names and
        // types of members is not in it.
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::new(
            Category::Invalid,
            IssueCode::Structure,
            format!("the body is not of the form of this path ({place}); see docs/operations.md"),
        )
    })
}

/// What is done to a change.
#[derive(Debug, Clone, Copy)]
enum Act {
    Propose,
    Read,
    Decide,
}

impl Act {
    /// Opens its entries in the audit: the change, and what that is about.
    fn note(self, exchange: &mut Exchange<'_>, change: Tag, proposal: &Proposal) {
        let (did, subject) = match self {
            Self::Propose => ("create", Some("propose")),
            Self::Read => ("read", None),
            Self::Decide => ("update", Some("decide")),
        };
        exchange.administer(&format!("changes/{change}"), did);
        if let Some(did) = subject {
            exchange.administer(&proposal.subject(), did);
        }
    }
}
