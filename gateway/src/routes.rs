//! The one table of routes: both facility bases and every interaction; each
//! handler parses, runs and renders (<https://hl7.org/fhir/R4/http.html#summary>).

use crate::{
    admin, body, capability,
    context::Context,
    done, exchange,
    failure::{Category, Failure},
    front_page, head, health,
    idempotency::{self, Once},
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
    reply::Return,
    sealed_audit::AUDIT_EVENT,
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

/// Reads a body of JSON, which counts as so many records of its caller.
async fn json_body(
    request: &HttpRequest,
    payload: web::Payload,
    context: &Context,
) -> Result<web::Bytes, Failure> {
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
    let bytes = json_body(&request, payload, &context).await?;
    let once = Once::of(&request, &context, &bytes)?;
    let value = body::parse(&context.app, &bytes).await?;
    let resource = of_kind(&context, Resource::from_new_value(value)?, &kind)?;
    let change = Change::Create {
        resource: &resource,
        id: &create::assigned_id(&*context.app.random)?,
    };
    run_change(&request, &context, once.as_ref(), &change).await
}

async fn put_record(request: HttpRequest, payload: web::Payload) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id) = (kind(&request)?, id(&request)?);
    storable(&kind)?;
    let preconditions = head::of_record(&request)?;
    let bytes = json_body(&request, payload, &context).await?;
    let once = Once::of(&request, &context, &bytes)?;
    let change = Change::Update {
        resource: &of_kind(
            &context,
            Resource::from_value(body::parse(&context.app, &bytes).await?)?,
            &kind,
        )?,
        id: &id,
        preconditions: &preconditions,
    };
    run_change(&request, &context, once.as_ref(), &change).await
}

async fn delete_record(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id) = (kind(&request)?, id(&request)?);
    writable(&kind)?;
    let preconditions = head::of_record(&request)?;
    let once = Once::of(&request, &context, &[])?;
    let change = Change::Delete {
        kind: &kind,
        id: &id,
        preconditions: &preconditions,
    };
    run_change(&request, &context, once.as_ref(), &change).await
}

async fn run_change(
    request: &HttpRequest,
    context: &Context,
    once: Option<&Once>,
    change: &Change<'_>,
) -> Answer {
    let answered = idempotency::run(
        context,
        AuditInteraction::restful(change.interaction_code()),
        once,
        async |exchange| {
            let (reply, done) = change.make(exchange).await?;
            Ok((reply, vec![done]))
        },
        async |exchange, done| change.answer_again(exchange, done::only_write(done)?).await,
    )
    .await?;
    Ok(answered.into_response(Preferences::of(request).body))
}

async fn get_record(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let look = Look::Read {
        kind: &kind(&request)?,
        id: &id(&request)?,
        preconditions: &head::of_record(&request)?,
    };
    show(&context, &look).await
}

async fn get_version(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let look = Look::Vread {
        kind: &kind(&request)?,
        id: &id(&request)?,
        version: version(&request)?,
        preconditions: &head::of_record(&request)?,
    };
    show(&context, &look).await
}

async fn get_history(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id) = (kind(&request)?, id(&request)?);
    head::of_query(&request, request.query_string())?;
    let look = Look::History {
        kind: &kind,
        id: &id,
        asked: Asked::parse(request.query_string())?,
    };
    show(&context, &look).await
}

async fn get_search(request: HttpRequest) -> Answer {
    let query = request.query_string().to_owned();
    let context = Context::enter(&request).await?;
    run_search(&request, &context, query).await
}

async fn post_search(request: HttpRequest, payload: web::Payload) -> Answer {
    // Authenticated first: nobody sends us a body without a token.
    let context = Context::enter(&request).await?;
    let form = body::read_form(&request, payload).await?;
    let query = match request.query_string() {
        "" => form,
        query => format!("{query}&{form}"),
    };
    run_search(&request, &context, query).await
}

async fn run_search(request: &HttpRequest, context: &Context, query: String) -> Answer {
    query_text::check(request.method(), &query)?;
    let kind = kind(request)?;
    head::of_query(request, &query)?;
    let app = &context.app;
    app.throttle
        .searches(&context.caller)
        .inspect_err(|_| app.counters.throttled())?;
    let look = Look::Search {
        kind: &kind,
        query: &query,
        lenient: Preferences::of(request).lenient,
    };
    show(context, &look).await
}

async fn show(context: &Context, look: &Look<'_>) -> Answer {
    let interaction = AuditInteraction::restful(look.interaction_code());
    let reply = exchange::run(context, interaction, async |exchange| {
        look.make(exchange).await
    })
    .await?;
    Ok(reply.into_response())
}

async fn post_bundle(request: HttpRequest, payload: web::Payload) -> Answer {
    let context = Context::enter(&request).await?;
    head::plain(&request)?;
    let bytes = json_body(&request, payload, &context).await?;
    let once = Once::of(&request, &context, &bytes)?;
    let prepared = Prepared::of(body::parse(&context.app, &bytes).await?, &[], &context)?;
    // A repetition is prepared anew, with the ids that were assigned the first time.
    let bytes = once.as_ref().map(|_| bytes);
    let interaction = AuditInteraction::restful(prepared.interaction_code());
    let wanted = Preferences::of(&request).body;
    let answered = idempotency::run(
        &context,
        interaction,
        once.as_ref(),
        async |exchange| bundle::run(exchange, &prepared, wanted, None).await,
        async |exchange, done| {
            let value = body::parse(&context.app, &bytes.clone().unwrap_or_default()).await?;
            let prepared = Prepared::of(value, done, &context)?;
            let (reply, _) = bundle::run(exchange, &prepared, wanted, Some(done)).await?;
            Ok(reply)
        },
    )
    .await?;
    Ok(answered.into_response(Return::Representation))
}

async fn get_proof(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id) = (kind(&request)?, id(&request)?);
    head::plain(&request)?;
    let reply = exchange::run(
        &context,
        AuditInteraction::operation("proof"),
        async |exchange| {
            if kind.as_str() == AUDIT_EVENT {
                proof::of_audit_event(exchange, &id).await
            } else {
                proof::of_version(exchange, &kind, &id, None).await
            }
        },
    )
    .await?;
    Ok(reply.into_json_response())
}

async fn get_version_proof(request: HttpRequest) -> Answer {
    let context = Context::enter(&request).await?;
    let (kind, id, version) = (kind(&request)?, id(&request)?, version(&request)?);
    head::plain(&request)?;
    let reply = exchange::run(
        &context,
        AuditInteraction::operation("proof"),
        async |exchange| {
            if kind.as_str() == AUDIT_EVENT && version == VersionNumber::FIRST {
                proof::of_audit_event(exchange, &id).await
            } else {
                proof::of_version(exchange, &kind, &id, Some(version)).await
            }
        },
    )
    .await?;
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
