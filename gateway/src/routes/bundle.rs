//! The route of a batch or transaction (<https://hl7.org/fhir/R4/http.html#transaction>).

use super::{Answer, Arrived, sent_body};
use crate::{
    context::Context,
    exchange::Exchange,
    failure::Failure,
    http::{
        body::{self, Body},
        head,
        prefer::Preferences,
        reply::{Reply, Return},
    },
    idempotency::{self, Answered, Key, Once, Write, done::Done},
    interaction::bundle::{self, Prepared},
};
use model::Interaction;

/// Does the entries of a Bundle. Whether it is a transaction stands in its body.
pub(super) async fn post(mut arrived: Arrived<'_>) -> Answer {
    let request = arrived.request;
    head::plain(request)?;
    let (key, wanted) = (Key::of(request)?, Preferences::of(request).body);
    let body = sent_body::read(&mut arrived, None).await?;
    let body = body.ok_or_else(|| Failure::fault("a Bundle without a body"))?;
    let long = body.is_long();
    let submission = Submission { key, body, wanted };
    let perform = async move |context: &Context| submission.perform(context).await;
    let answered = arrived.context.carry_out(long, perform).await?;
    Ok(answered.into_response(Return::Representation))
}

/// A Bundle as it was sent.
struct Submission {
    key: Option<Key>,
    body: Body,
    wanted: Return,
}

impl Submission {
    async fn perform(&self, context: &Context) -> Result<Answered, Failure> {
        let key = self.key.as_ref();
        let once = key.map(|key| Once::of(key, context, &self.body));
        let prepared = self.prepare(context, &[])?;
        if prepared.is_long() {
            context.lane.long_step().await;
        }
        let throttle = &context.app.throttle;
        throttle.entries(&context.caller, prepared.entries());
        let interaction = Interaction::from(prepared.interaction());
        let bundled = Bundled {
            submission: self,
            prepared,
        };
        idempotency::run(context, interaction, once.as_ref(), &bundled).await
    }

    /// Prepares it with the ids that were assigned before.
    fn prepare(&self, context: &Context, before: &[Done]) -> Result<Prepared, Failure> {
        Prepared::of(body::parse(&context.app, &self.body)?, before, context)
    }
}

/// A Bundle that is to be done.
struct Bundled<'s> {
    submission: &'s Submission,
    prepared: Prepared,
}

impl Write for Bundled<'_> {
    async fn first(&self, exchange: &mut Exchange<'_>) -> Result<(Reply, Vec<Done>), Failure> {
        let wanted = self.submission.wanted;
        if self.prepared.waits() {
            // Each attempt chooses anew, and rewrites what it has chosen.
            let prepared = self.submission.prepare(exchange.context, &[])?;
            return bundle::run_choosing(exchange, prepared, wanted).await;
        }
        bundle::run(exchange, &self.prepared, wanted, None).await
    }

    /// Prepared anew, with the ids that were assigned the first time.
    async fn again(&self, exchange: &mut Exchange<'_>, done: &[Done]) -> Result<Reply, Failure> {
        let prepared = self.submission.prepare(exchange.context, done)?;
        let wanted = self.submission.wanted;
        let (reply, _) = bundle::run(exchange, &prepared, wanted, Some(done)).await?;
        Ok(reply)
    }
}
