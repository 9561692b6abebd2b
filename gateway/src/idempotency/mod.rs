//! `Idempotency-Key`: a write that is sent again takes effect once
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
//!
//! What was answered is stored in the transaction of the write itself, so there is
//! no moment at which one is there without the other. A repetition is authenticated,
//! decided and audited like any request, and answered without writing. A request that
//! failed has written nothing, and its key is free.

pub(crate) mod done;
mod kept_answer;
mod key;

pub use key::Key;

use crate::{
    context::Context,
    exchange::{self, Exchange},
    failure::{Category, Failure},
    http::reply::{Reply, Return},
    idempotency::done::Done,
};
use actix_web::{
    HttpResponse,
    http::header::{self, HeaderName, HeaderValue},
};
use fhir::IssueCode;
use model::{Digest, Interaction, Tag, Timestamp};
use std::cell::Cell;
use store::StoredAnswer;

/// Tells a repetition from the first answer, for clients that count.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// How long an answer is kept at least.
const KEPT_MILLIS: i64 = 7 * 24 * 3_600 * 1_000;

/// A request that is to take effect once.
pub struct Once {
    /// Names the caller and its key.
    key: Tag,
    /// What is asked for.
    request: Digest,
}

impl Once {
    /// A request with a key and a body.
    pub fn of(key: &Key, context: &Context, body: &[u8]) -> Self {
        let (tags, caller) = (&context.facility.tags, &context.caller);
        let tag = tags.idempotency_tag(
            tags.user_tag(&caller.issuer, &caller.subject),
            tags.client_tag(&caller.client),
            &key.key,
        );
        let parts: Vec<&str> = key.parts.iter().map(String::as_str).collect();
        Self {
            key: tag,
            request: context.facility.requests.digest(tag, &parts, body),
        }
    }

    /// What was done under this key before.
    async fn before(&self, exchange: &Exchange<'_>) -> Result<Option<Vec<Done>>, Failure> {
        let (facility, key) = (exchange.facility(), self.key);
        let id = facility.id;
        let read = move |reader: &mut store::Reader| reader.answers().find(id, key);
        match exchange.app().store.read("answer", read).await? {
            None => Ok(None),
            Some(answer) if answer.request == self.request => {
                done::open(facility, answer).await.map(Some)
            }
            Some(_) => Err(Failure::new(
                Category::Unprocessable,
                IssueCode::BusinessRule,
                "this `Idempotency-Key` was used for another request; use a new key",
            )),
        }
    }

    /// The answer as it is kept.
    async fn answer(
        &self,
        exchange: &Exchange<'_>,
        done: &[Done],
    ) -> Result<StoredAnswer, Failure> {
        let (data_key, envelope) = done::seal(exchange, self.key, done).await?;
        Ok(StoredAnswer {
            key: self.key,
            request: self.request,
            time: exchange.at,
            data_key,
            envelope,
        })
    }
}

/// What a write is answered.
pub struct Answered {
    reply: Reply,
    /// Whether it was done before, and now only answered.
    replayed: bool,
}

impl Answered {
    /// The answer as an HTTP response, with the body that the caller prefers.
    #[must_use]
    pub fn into_response(self, wanted: Return) -> HttpResponse {
        let place = self.reply.location.clone().map(HeaderValue::try_from);
        let mut response = self.reply.preferring(wanted).into_response();
        // Of an OperationOutcome this is not the place.
        if let (Return::Representation, Some(Ok(place))) = (wanted, place) {
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_LOCATION, place);
        }
        if self.replayed {
            let headers = response.headers_mut();
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// A write, done once and answered again as often as it is repeated.
pub trait Write {
    /// Does it; also gives what is to be kept of it.
    async fn first(&self, exchange: &mut Exchange<'_>) -> Result<(Reply, Vec<Done>), Failure>;

    /// Makes the answer again of what was done, and changes nothing.
    async fn again(&self, exchange: &mut Exchange<'_>, done: &[Done]) -> Result<Reply, Failure>;
}

/// Runs a write until it is committed. With a key it is done once, and whoever comes again
/// gets what is made of what was done.
///
/// # Errors
/// As [`exchange::run`]; unprocessable when the key was used for another request.
pub async fn run(
    context: &Context,
    interaction: Interaction,
    once: Option<&Once>,
    write: &impl Write,
) -> Result<Answered, Failure> {
    let replayed = Cell::new(false);
    let reply = exchange::run(context, interaction, async |exchange| {
        replayed.set(false);
        let Some(once) = once else {
            return Ok(write.first(exchange).await?.0);
        };
        if let Some(done) = once.before(exchange).await? {
            exchange.repeat_answer();
            replayed.set(true);
            return write.again(exchange, &done).await;
        }
        exchange.keep_answer(once.key, None);
        let (reply, done) = write.first(exchange).await?;
        let answer = once.answer(exchange, &done).await?;
        exchange.keep_answer(once.key, Some(answer));
        Ok(reply)
    })
    .await?;
    Ok(Answered {
        reply,
        replayed: replayed.get(),
    })
}

/// Before when an answer is kept no longer.
pub fn oldest(now: Timestamp) -> Timestamp {
    now.plus_millis(-KEPT_MILLIS)
}
