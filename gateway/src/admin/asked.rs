//! What an administrator asks for: a line of the table, with the request that asks.

use super::{change, effect, proposal::Proposal};
use crate::{
    context::Context,
    exchange::{self, Exchange},
    failure::{Category, Failure},
    http::body,
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use fhir::IssueCode;
use model::Interaction;
use policies::{Action, Target};
use serde::de::DeserializeOwned;

/// The largest body, in bytes: a proposal of two hundred people and clients with long
/// names. Policy sets are not proposed here.
const BODY_BYTES: usize = 64 * 1024;

/// A request that was let in.
pub(super) struct Asked {
    /// What the audit calls it, after `admin:`.
    pub(super) name: &'static str,
    pub(super) request: HttpRequest,
    /// The body, where the method has one.
    pub(super) payload: Option<web::Payload>,
    pub(super) context: Context,
}

impl Asked {
    /// Runs an act of an administrator: decided, then done, then audited, like any
    /// interaction.
    pub(super) async fn run<T>(
        &self,
        attempt: impl AsyncFn(&mut Exchange<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let interaction = Interaction::admin(self.name);
        exchange::run(&self.context, interaction, async |exchange| {
            let target = Target::base(exchange.facility().name.clone());
            exchange.require(Action::Administer, &target)?;
            attempt(exchange).await
        })
        .await
    }

    /// Proposes a change: 202, with the place where it is decided.
    pub(super) async fn propose(
        &self,
        make: impl Fn(&Exchange<'_>) -> Result<Proposal, Failure>,
    ) -> Result<HttpResponse, Failure> {
        let context = &self.context;
        let _turn = context.facility.turn_to_decide().await;
        let view = self
            .run(async |exchange| {
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

    /// A part of the path.
    pub(super) fn named(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// A body that is read as it is meant, or refused.
    pub(super) async fn read<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let payload = self.body()?;
        let bytes = body::read_json_up_to(&self.request, payload, BODY_BYTES).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            // The parser's own words may quote the body; what is wrong with names and
            // types of members is not in it.
            let place = format!("line {}, column {}", error.line(), error.column());
            Failure::new(
                Category::Invalid,
                IssueCode::Structure,
                format!(
                    "the body is not of the form of this path ({place}); see docs/operations.md"
                ),
            )
        })
    }

    /// Refuses a body.
    pub(super) async fn refuse_body(&mut self) -> Result<(), Failure> {
        let payload = self.body()?;
        body::refuse(&self.request, payload).await
    }

    fn body(&mut self) -> Result<web::Payload, Failure> {
        let payload = self.payload.take();
        payload.ok_or_else(|| Failure::fault("a method without a body is asked for one"))
    }
}
