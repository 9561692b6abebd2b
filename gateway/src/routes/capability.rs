//! capabilities: `GET [base]/metadata`
//! (<https://hl7.org/fhir/R4/http.html#capabilities>). Made from the same tables
//! that the handlers use, so that it says what is true; needs no token.

use crate::{
    app::App,
    audit::sealed::AUDIT_EVENT,
    failure::Failure,
    http::{
        head,
        outcome::FHIR_JSON,
        precondition::{Freshness, Preconditions},
    },
    routes::{PARAMETERS, smart},
    search::criteria::has_param,
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The software date of this statement; changes when it does.
const DATE: &str = "2026-11-28";
/// The name of the operation `$proof`. It is no URL: what it does stands in a document.
const PROOF: &str = "urn:chartseal:OperationDefinition:proof";
/// Where older clients look for the endpoints of the issuer.
const OAUTH_URIS: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";
/// How much of its digest is the tag of the statement.
const TAG_BYTES: usize = 16;

/// The CapabilityStatement of the base that it is asked at.
///
/// # Errors
/// Not found for a facility that is not here; not acceptable; invalid for what is not
/// read.
pub async fn metadata(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Failure> {
    head::of_capabilities(&request)?;
    let facility = smart::facility_of(&request, &app)?;
    let base = match &facility {
        None => format!("{}/fhir", app.public_url()),
        Some(facility) => app.base_of(&facility.name, true),
    };
    let issuer = smart::issuer_of(&app, facility.as_deref());
    let statement = statement(&base, issuer.as_ref()).to_string();
    let digest = Sha256::digest(statement.as_bytes());
    let tag = hex::encode(digest.get(..TAG_BYTES).unwrap_or_default());
    let etag = (header::ETAG, format!("W/\"{tag}\""));
    Ok(match Preconditions::of_document(&request, &tag)? {
        Freshness::NotModified => HttpResponse::NotModified().insert_header(etag).finish(),
        Freshness::Changed => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, FHIR_JSON))
            .insert_header(etag)
            .body(statement),
    })
}

fn statement(base: &str, issuer: Option<&Value>) -> Value {
    let resources: Vec<Value> = fhir::tables::RESOURCES
        .iter()
        .map(|it| resource(it.name))
        .collect();
    let interactions = [json!({"code": "transaction"}), json!({"code": "batch"})];
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Chartseal", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Chartseal gateway", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": security(issuer),
            "resource": resources,
            "interaction": interactions,
            "searchParam": result_params(),
        }]
    })
}

/// Whose tokens are taken. SMART is claimed when clients can find out where to get one.
fn security(issuer: Option<&Value>) -> Value {
    let mut security = json!({
        "description": "bearer tokens (JWT) of the configured OpenID issuers",
    });
    if let (Some(issuer), Some(security)) = (issuer, security.as_object_mut()) {
        let uris = json!([{"url": OAUTH_URIS, "extension": smart::oauth_uris(issuer)}]);
        security.insert("extension".to_owned(), uris);
        let code = json!({
            "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
            "code": "SMART-on-FHIR",
        });
        security.insert("service".to_owned(), json!([{"coding": [code]}]));
    }
    security
}

/// How an answer may be wanted, on every type.
fn result_params() -> [Value; 4] {
    let described = |name: &str, kind: &str, text: &str| json!({"name": name, "type": kind, "documentation": text});
    [
        described(
            "_count",
            "number",
            "matches on a page; with 0 they are only counted",
        ),
        described(
            "_sort",
            "string",
            "`_lastUpdated` or `-_lastUpdated`; on AuditEvent the latter alone",
        ),
        described(
            "_summary",
            "token",
            "`count`, the same as `_count=0`, or `false`",
        ),
        described(
            "_total",
            "token",
            "`none`, `estimate` or `accurate`; on the first page",
        ),
    ]
}

fn resource(kind: &'static str) -> Value {
    let codes: &[&str] = if kind == AUDIT_EVENT {
        &["read", "vread", "search-type"]
    } else if kind == PARAMETERS {
        &["read", "vread", "delete", "history-instance", "search-type"]
    } else {
        &[
            "create",
            "read",
            "vread",
            "update",
            "delete",
            "history-instance",
            "search-type",
        ]
    };
    let params = if kind == AUDIT_EVENT {
        vec![
            param("_id", "token"),
            param("_lastUpdated", "date"),
            param("patient", "reference"),
        ]
    } else {
        let found = ["identifier", "patient", "subject"]
            .into_iter()
            .filter(|name| kind.parse().is_ok_and(|kind| has_param(&kind, name)));
        let kind_of = |name: &str| {
            if name == "identifier" {
                "token"
            } else {
                "reference"
            }
        };
        [param("_id", "token"), param("_lastUpdated", "date")]
            .into_iter()
            .chain(found.map(|name| param(name, kind_of(name))))
            .collect()
    };
    let interactions: Vec<Value> = codes.iter().map(|code| json!({"code": code})).collect();
    let mut resource = json!({
        "type": kind,
        "interaction": interactions,
        "versioning": "versioned-update",
        "readHistory": kind != AUDIT_EVENT,
        "updateCreate": ![AUDIT_EVENT, PARAMETERS].contains(&kind),
        "conditionalCreate": false,
        "conditionalRead": "full-support",
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "searchParam": params,
        "operation": [{
            "name": "proof",
            "definition": PROOF,
            "documentation": "see docs/proof-format.md",
        }],
    });
    if let (Some(reserve), Some(resource)) = (reserve(kind), resource.as_object_mut()) {
        resource.insert("documentation".to_owned(), reserve.into());
    }
    resource
}

/// What the standard would have of a type, and is not done.
fn reserve(kind: &str) -> Option<&'static str> {
    match kind {
        "Binary" => Some(
            "as FHIR JSON alone, its content in `data`: raw content is neither taken nor given, \
             whatever `Content-Type` and `Accept` say",
        ),
        "Consent" => Some("stored, not enforced"),
        "Subscription" => Some("stored, never activated: nothing is sent"),
        "Parameters" => Some("what was stored can be read and deleted; no more is taken"),
        _ => None,
    }
}

fn param(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind})
}
