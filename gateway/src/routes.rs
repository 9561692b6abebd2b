//! The one table of routes: both facility bases and every interaction; each
//! handler parses, runs and renders (<https://hl7.org/fhir/R4/http.html#summary>).

use crate::{
    admin,
    body::{self, Body},
    capability,
    context::Context,
    done::{self, Done},
    exchange,
    failure::{Category, Failure},
    front_page, head, health,
    idempotency::{self, Answered, Key},
    interaction::{
        bundle::{self, Prepared},
        change::Change,
        create,
        history::Asked,
        look::Look,
    },
    log_tiles,
    offered::Offered,
    operation::proof,
    outcome,
    prefer::Preferences,
    query_text,
    reply::{Reply, Return},
    sealed_audit::AUDIT_EVENT,
    sent::Sent,
    smart,
};
use actix_web::{HttpRequest, HttpResponse, Scope, web};
use fhir::{IssueCode, Resource, definition::Definition};
use model::{AuditInteraction, LogicalId, ResourceType, VersionNumber};

type Answer = Result<HttpResponse, Failure>;

/// Mounts everything that the gateway serves.
pub fn mount(config: &mut web::ServiceConfig) {
    config
        .service(Offered::at("/", Into::into).get(front_page::show))
        .service(Offered::at("/healthz", Into::into).get(health::live))
        .service(Offered::at("/readyz", Into::into).get(health::ready))
        .service(
            Offered::at("/log/{facility}/{path:.*}", Into::into)
                .get(log_tiles::read)
                .options(log_tiles::options),
        )
        .service(fhir_base("/f/{facility}/fhir"))
        .service(fhir_base("/fhir"))
        .service(admin::scope())
        .default_service(web::to(nowhere));
}

/// Every path below a FHIR base. What is not in the table is answered by
/// [`Offered`] or `nowhere`, never by an empty page.
fn fhir_base(path: &str) -> Scope {
    let on = |path| Offered::at(path, Into::into).with_head_read();
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
                .get(get_record)
                .put(put_record)
                .delete(delete_record),
        )
        .service(on("/{type}").get(get_search).post(post_record))
        .default_service(web::to(nowhere))
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

async fn post_record(request: HttpRequest, payload: web::Payload) -> Answer {
    let context = Context::enter(&request).await?;
    let kind = kind(&request)?;
    storable(&kind)?;
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
}

async fn put_record(request: HttpRequest, payload: web::Payload) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id) = (kind(&request)?, id(&request)?);
    storable(&kind)?;
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
}

async fn delete_record(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id) = (kind(&request)?, id(&request)?);
    writable(&kind)?;
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
        AuditInteraction::restful(change.interaction_code()),
        once.as_ref(),
        async |exchange| {
            let (reply, done) = change.make(exchange).await?;
            Ok((reply, vec![done]))
        },
        async |exchange, done| change.answer_again(exchange, done::only_write(done)?).await,
    )
    .await
}

async fn get_record(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
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
}

async fn get_version(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
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
}

async fn get_history(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
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
}

async fn get_search(request: HttpRequest) -> Answer {
    let query = request.query_string().to_owned();
    let context = Context::enter(&request).await?;
    run_search(&request, context, query).await
}

async fn post_search(request: HttpRequest, payload: web::Payload) -> Answer {
    // Authenticated first: nobody sends us a body without a token.
    let context = Context::enter(&request).await?;
    let form = body::read_form(&request, payload).await?;
    let query = match request.query_string() {
        "" => form,
        query => format!("{query}&{form}"),
    };
    run_search(&request, context, query).await
}

async fn run_search(request: &HttpRequest, context: Context, query: String) -> Answer {
    query_text::check(request.method(), &query)?;
    let kind = kind(request)?;
    head::of_query(request, &query)?;
    let app = &context.app;
    app.throttle
        .searches(&context.caller)
        .inspect_err(|_| app.counters.throttled())?;
    let lenient = Preferences::of(request).lenient;
    // An audit record can have thousands of events.
    let long = query_text::is_long(&query) || kind.as_str() == AUDIT_EVENT;
    let search = async move |context: &Context| {
        let look = Look::Search {
            kind: &kind,
            query: &query,
            lenient,
        };
        show(context, &look).await
    };
    Ok(context.carry_out(long, search).await?.into_response())
}

async fn show(context: &Context, look: &Look<'_>) -> Result<Reply, Failure> {
    let interaction = AuditInteraction::restful(look.interaction_code());
    exchange::run(context, interaction, async |exchange| {
        look.make(exchange).await
    })
    .await
}

async fn post_bundle(request: HttpRequest, payload: web::Payload) -> Answer {
    let context = Context::enter(&request).await?;
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
            AuditInteraction::restful(prepared.interaction_code()),
            once.as_ref(),
            async |exchange| bundle::run(exchange, &prepared, wanted, None).await,
            // Prepared anew, with the ids that were assigned the first time.
            async |exchange, done| {
                let (reply, _) = bundle::run(exchange, &prepare(done)?, wanted, Some(done)).await?;
                Ok(reply)
            },
        )
        .await
    };
    let answered = context.carry_out(long, perform).await?;
    Ok(answered.into_response(Return::Representation))
}

async fn get_proof(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id) = (kind(&request)?, id(&request)?);
    prove(&request, context, (kind, id, None)).await
}

async fn get_version_proof(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id, version) = (kind(&request)?, id(&request)?, version(&request)?);
    prove(&request, context, (kind, id, Some(version))).await
}

/// The proof of a version, the current one when none is named. An audit event has one.
async fn prove(
    request: &HttpRequest,
    context: Context,
    (kind, id, version): (ResourceType, LogicalId, Option<VersionNumber>),
) -> Answer {
    head::plain(request)?;
    let of_event =
        kind.as_str() == AUDIT_EVENT && version.is_none_or(|it| it == VersionNumber::FIRST);
    let prove = async move |context: &Context| {
        let interaction = AuditInteraction::operation("proof");
        exchange::run(context, interaction, async |exchange| match of_event {
            true => proof::of_audit_event(exchange, &id).await,
            false => proof::of_version(exchange, &kind, &id, version).await,
        })
        .await
    };
    let reply = context.carry_out(false, prove).await?;
    Ok(reply.into_json_response())
}

/// The type of the path, when R4 has it.
fn kind(request: &HttpRequest) -> Result<ResourceType, Failure> {
    let name = request.match_info().get("type").unwrap_or_default();
    refuse_reserved(name)?;
    if Definition::of(name).is_some() {
        return name.parse().map_err(Failure::fault);
    }
    Err(Failure::new(
        Category::NotFound,
        IssueCode::NotSupported,
        "FHIR R4 has no such resource type; names are case-sensitive",
    ))
}

fn id(request: &HttpRequest) -> Result<LogicalId, Failure> {
    let id = request.match_info().get("id").unwrap_or_default();
    refuse_reserved(id)?;
    id.parse().map_err(|_| {
        Failure::new(
            Category::Invalid,
            IssueCode::Value,
            "an id must be 1 to 64 of A-Z, a-z, 0-9, `-` and `.`",
        )
    })
}

/// The names of interactions and operations stand where types and ids do
/// (<https://hl7.org/fhir/R4/http.html#summary>).
fn refuse_reserved(name: &str) -> Result<(), Failure> {
    if !name.starts_with(['_', '$']) {
        return Ok(());
    }
    Err(Failure::new(
        Category::NotFound,
        IssueCode::NotSupported,
        "this interaction or operation is not supported here; `/metadata` says what is offered",
    ))
}

/// The version of the path; one that cannot exist is simply not found.
fn version(request: &HttpRequest) -> Result<VersionNumber, Failure> {
    let text = request.match_info().get("version").unwrap_or_default();
    text.parse().map_err(|_| Failure::not_found())
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
