//! The route of a batch or transaction (<https://hl7.org/fhir/R4/http.html#transaction>).

use super::{Answer, json_body};
use crate::{
    context::Context,
    exchange::{door, sent::Sent},
    http::{body, head, prefer::Preferences, reply::Return},
    idempotency::{self, Key, done::Done},
    interaction::bundle::{self, Prepared},
};
use actix_web::{HttpRequest, web};
use model::{Interaction, Restful};

pub(super) async fn post_bundle(request: HttpRequest, payload: web::Payload) -> Answer {
    // Whether it is a transaction stands in its body.
    door::answer(&request, Restful::Batch.into(), async |context| {
        head::plain(&request)?;
        let (key, wanted) = (Key::of(&request)?, Preferences::of(&request).body);
        let bytes = json_body(&request, payload, &context, &Sent::Bundle).await?;
        let long = bytes.is_long();
        let perform = async move |context: &Context| {
            let once = key.as_ref().map(|key| key.once(context, &bytes));
            let prepare =
                |before: &[Done]| Prepared::of(body::parse(&context.app, &bytes)?, before, context);
            let prepared = prepare(&[])?;
            if prepared.is_long() {
                context.lane.long_step().await;
            }
            let throttle = &context.app.throttle;
            throttle.entries(&context.caller, prepared.entries());
            idempotency::run(
                context,
                Interaction::from(prepared.interaction()),
                once.as_ref(),
                async |exchange| bundle::run(exchange, &prepared, wanted, None).await,
                // Prepared anew, with the ids that were assigned the first time.
                async |exchange, done| {
                    let (reply, _) =
                        bundle::run(exchange, &prepare(done)?, wanted, Some(done)).await?;
                    Ok(reply)
                },
            )
            .await
        };
        let answered = context.carry_out(long, perform).await?;
        Ok(answered.into_response(Return::Representation))
    })
    .await
}
