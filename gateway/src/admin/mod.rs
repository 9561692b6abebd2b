//! `/admin`: what administrators do for their own facility. Clients and administrators
//! are registered, each facility says with whom it shares, and the first facility makes
//! others. None of it shows a record.
//!
//! Nobody changes anything alone: a request proposes a change (202), and it takes
//! effect when another administrator approves it, in the transaction of the approval.
//! Every request is decided and audited like an interaction, as `admin:<name>`.
//! Answers are JSON, failures problem+json (<https://www.rfc-editor.org/rfc/rfc9457>).

mod administrators;
mod asked;
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
    audit::administered::Did,
    exchange::{Exchange, door},
    failure::Failure,
    http::outcome::{self, Problem},
    listener::{offered::Offered, verb::Verb},
};
use actix_web::{HttpRequest, HttpResponse, Scope, web};
use asked::Asked;
use model::{Interaction, Tag};
use proposal::Proposal;
use serde::Serialize;
use std::{future::Future, pin::Pin};

type Answer = Result<HttpResponse, Failure>;
type Answering = Pin<Box<dyn Future<Output = Answer>>>;

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    /// The path below `/admin`, as a pattern of the router. A client id can be a URL.
    pub path: &'static str,
    /// By which method.
    pub verb: Verb,
    /// What the audit calls it, after `admin:`.
    pub name: &'static str,
    /// The parameters that it reads.
    parameters: &'static [&'static str],
    answer: fn(Asked) -> Answering,
}

/// The one table of what administrators do: the router, the audit and the tests that try
/// every route read it. The lines of a path stand together.
pub static TABLE: [Row; 14] = [
    Row::new("/facilities", Verb::Get, "facility-list", |asked| {
        Box::pin(facilities::list(asked))
    }),
    Row::new("/facilities", Verb::Post, "facility-make", |asked| {
        Box::pin(facilities::make(asked))
    }),
    Row::new("/facility", Verb::Get, "facility-read", |asked| {
        Box::pin(facilities::profile(asked))
    }),
    Row::new("/facility", Verb::Put, "facility-change", |asked| {
        Box::pin(facilities::change(asked))
    }),
    Row::new("/clients", Verb::Get, "client-list", |asked| {
        Box::pin(clients::list(asked))
    }),
    Row::new("/clients", Verb::Post, "client-register", |asked| {
        Box::pin(clients::register(asked))
    }),
    Row::new("/clients/{id:.+}", Verb::Delete, "client-revoke", |asked| {
        Box::pin(clients::revoke(asked))
    }),
    Row::new(
        "/administrators",
        Verb::Get,
        "administrator-list",
        |asked| Box::pin(administrators::list(asked)),
    ),
    Row::new(
        "/administrators",
        Verb::Post,
        "administrator-register",
        |asked| Box::pin(administrators::register(asked)),
    ),
    Row::new(
        "/administrators/{tag}",
        Verb::Delete,
        "administrator-revoke",
        |asked| Box::pin(administrators::revoke(asked)),
    ),
    Row::new("/changes", Verb::Get, "change-list", |asked| {
        Box::pin(changes::list(asked))
    })
    .with_parameters(&changes::PARAMETERS),
    Row::new("/changes/{id}", Verb::Get, "change-read", |asked| {
        Box::pin(changes::read(asked))
    }),
    Row::new(
        "/changes/{id}/approve",
        Verb::Post,
        "change-approve",
        |asked| Box::pin(changes::decide(asked, true)),
    ),
    Row::new(
        "/changes/{id}/reject",
        Verb::Post,
        "change-reject",
        |asked| Box::pin(changes::decide(asked, false)),
    ),
];

impl Row {
    const fn new(
        path: &'static str,
        verb: Verb,
        name: &'static str,
        answer: fn(Asked) -> Answering,
    ) -> Self {
        Self {
            path,
            verb,
            name,
            parameters: &[],
            answer,
        }
    }

    const fn with_parameters(self, parameters: &'static [&'static str]) -> Self {
        Self { parameters, ..self }
    }
}

/// Every path below `/admin`.
pub(crate) fn scope() -> Scope {
    let paths = TABLE.chunk_by(|row, next| row.path == next.path);
    let scope = paths.fold(web::scope("/admin"), |scope, rows| {
        scope.service(offered(rows))
    });
    scope.default_service(web::to(nowhere))
}

/// A path, with its lines.
fn offered(rows: &'static [Row]) -> Offered {
    let path = rows.first().map_or("", |row| row.path);
    let parameters = rows.first().map_or(&[][..], |row| row.parameters);
    let on = Offered::at(path, |failure| Problem::from(failure).into());
    let on = on.in_json().with_parameters(parameters);
    rows.iter().fold(on, |on, row| match row.verb {
        Verb::Get => on.get(move |request| answer(row, request, None)),
        verb => on.by(verb, move |request, payload| {
            answer(row, request, Some(payload))
        }),
    })
}

async fn nowhere() -> Result<HttpResponse, Problem> {
    Err(outcome::unknown_path().into())
}

/// Answers what an administrator asks for; a request that is refused before it is decided
/// is audited too.
async fn answer(
    row: &'static Row,
    request: HttpRequest,
    payload: Option<web::Payload>,
) -> Result<HttpResponse, Problem> {
    let interaction = Interaction::admin(row.name);
    let answered = door::answer(&request, interaction, async |context| {
        let asked = Asked {
            name: row.name,
            request: request.clone(),
            payload,
            context,
        };
        (row.answer)(asked).await
    });
    Ok(answered.await?)
}

fn done(view: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(view)
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
            Self::Propose => (Did::Create, Some(Did::Propose)),
            Self::Read => (Did::Read, None),
            Self::Decide => (Did::Update, Some(Did::Decide)),
        };
        exchange.administer(&format!("changes/{change}"), did);
        if let Some(did) = subject {
            exchange.administer(&proposal.subject(), did);
        }
    }
}
