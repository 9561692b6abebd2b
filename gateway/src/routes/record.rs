//! Routes of one record: its interactions, and what is made at its type
//! (<https://hl7.org/fhir/R4/http.html#summary>).

use super::{
    Answer, json_body,
    path::{id, kind, version},
    show,
};
use crate::{
    context::Context,
    exchange::{door, sent::Sent},
    failure::{Category, Failure},
    http::{body, head, prefer::Preferences},
    idempotency::{self, Answered, Key, done},
    interaction::{change::Change, create, history::Asked, look::Look},
};
use actix_web::{HttpRequest, web};
use fhir::{IssueCode, Resource};
use model::{Interaction, ResourceType, Restful};

pub(super) async fn post_record(request: HttpRequest, payload: web::Payload) -> Answer {
    door::answer(&request, Restful::Create.into(), async |context| {
        let kind = kind(&request)?;
        head::plain(&request)?;
        let (key, wanted) = (Key::of(&request)?, Preferences::of(&request).body);
        let bytes = json_body(&request, payload, &context, &Sent::New(&kind)).await?;
        let long = bytes.is_long();
        let create = async move |context: &Context| {
            let resource = Resource::from_new_value(body::parse(&context.app, &bytes)?)?;
            let change = Change::Create {
                resource: &of_kind(context, resource, &kind)?,
                id: &create::assigned_id(&*context.app.random)?,
            };
            make(context, key.as_ref(), &bytes, &change).await
        };
        let answered = context.carry_out(long, create).await?;
        Ok(answered.into_response(wanted))
    })
    .await
}

pub(super) async fn put_record(request: HttpRequest, payload: web::Payload) -> Answer {
    door::answer(&request, Restful::Update.into(), async |context| {
        let (kind, id) = (kind(&request)?, id(&request)?);
        let preconditions = head::of_record(&request)?;
        let (key, wanted) = (Key::of(&request)?, Preferences::of(&request).body);
        let bytes = json_body(&request, payload, &context, &Sent::Put(&kind)).await?;
        let long = bytes.is_long();
        let update = async move |context: &Context| {
            let resource = Resource::from_value(body::parse(&context.app, &bytes)?)?;
            let change = Change::Update {
                resource: &of_kind(context, resource, &kind)?,
                id: &id,
                preconditions: &preconditions,
            };
            make(context, key.as_ref(), &bytes, &change).await
        };
        let answered = context.carry_out(long, update).await?;
        Ok(answered.into_response(wanted))
    })
    .await
}

pub(super) async fn delete_record(request: HttpRequest) -> Answer {
    door::answer(&request, Restful::Delete.into(), async |context| {
        let (kind, id) = (kind(&request)?, id(&request)?);
        let preconditions = head::of_record(&request)?;
        let (key, wanted) = (Key::of(&request)?, Preferences::of(&request).body);
        let delete = async move |context: &Context| {
            let change = Change::Delete {
                kind: &kind,
                id: &id,
                preconditions: &preconditions,
            };
            make(context, key.as_ref(), &[], &change).await
        };
        let answered = context.carry_out(false, delete).await?;
        Ok(answered.into_response(wanted))
    })
    .await
}

/// Makes a change that was sent with this body.
async fn make(
    context: &Context,
    key: Option<&Key>,
    body: &[u8],
    change: &Change<'_>,
) -> Result<Answered, Failure> {
    let once = key.map(|key| key.once(context, body));
    idempotency::run(
        context,
        Interaction::from(change.interaction()),
        once.as_ref(),
        async |exchange| {
            let (reply, done) = change.make(exchange).await?;
            Ok((reply, vec![done]))
        },
        async |exchange, done| change.answer_again(exchange, done::only_write(done)?).await,
    )
    .await
}

pub(super) async fn get_record(request: HttpRequest) -> Answer {
    door::answer(&request, Restful::Read.into(), async |context| {
        let (kind, id) = (kind(&request)?, id(&request)?);
        let preconditions = head::of_record(&request)?;
        let read = async move |context: &Context| {
            let look = Look::Read {
                kind: &kind,
                id: &id,
                preconditions: &preconditions,
            };
            show(context, &look).await
        };
        Ok(context.carry_out(false, read).await?.into_response())
    })
    .await
}

pub(super) async fn get_version(request: HttpRequest) -> Answer {
    door::answer(&request, Restful::Vread.into(), async |context| {
        let (kind, id, version) = (kind(&request)?, id(&request)?, version(&request)?);
        let preconditions = head::of_record(&request)?;
        let vread = async move |context: &Context| {
            let look = Look::Vread {
                kind: &kind,
                id: &id,
                version,
                preconditions: &preconditions,
            };
            show(context, &look).await
        };
        Ok(context.carry_out(false, vread).await?.into_response())
    })
    .await
}

pub(super) async fn get_history(request: HttpRequest) -> Answer {
    door::answer(&request, Restful::HistoryInstance.into(), async |context| {
        let (kind, id) = (kind(&request)?, id(&request)?);
        head::of_query(&request, request.query_string())?;
        let asked = Asked::parse(request.query_string())?;
        let history = async move |context: &Context| {
            let look = Look::History {
                kind: &kind,
                id: &id,
                asked: asked.clone(),
            };
            show(context, &look).await
        };
        Ok(context.carry_out(false, history).await?.into_response())
    })
    .await
}

/// The resource, if it is of the type that the path names and its references are clear.
fn of_kind(
    context: &Context,
    mut resource: Resource,
    kind: &ResourceType,
) -> Result<Resource, Failure> {
    resource.refuse_conditional_references()?;
    resource.refuse_unclear_references(&context.local)?;
    if resource.resource_type() == kind {
        return Ok(resource);
    }
    Err(Failure::new(
        Category::Invalid,
        IssueCode::Invalid,
        format!("the body is not a {kind}, as the URL says; post it to its own type"),
    )
    .at("resourceType"))
}
