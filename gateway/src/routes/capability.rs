//! capabilities: `GET [base]/metadata`
//! (<https://hl7.org/fhir/R4/http.html#capabilities>). Made from the same tables
//! that the handlers use, so that it says what is true; needs no token.

use crate::{
    app::App,
    failure::Failure,
    http::{
        head,
        outcome::FHIR_JSON,
        precondition::{Freshness, Preconditions},
    },
    interaction::{
        bundle, history,
        kinds::{Place, Row, TypeClass, Verb},
        operations_of, rows_of,
    },
    routes::smart,
    search::{parameter, query::include},
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use fhir::patch::JSON_PATCH;
use policies::Action;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The software date of this statement; changes when it does.
const DATE: &str = "2026-11-28";
/// The operation `$proof`. It is no URL: what it does stands in a document.
const PROOF: &str = "urn:chartseal:OperationDefinition:proof";
/// The operation `$everything` of R4, of Patient.
const EVERYTHING: &str = "http://hl7.org/fhir/OperationDefinition/Patient-everything";
/// The operation `$validate` of R4.
const VALIDATE: &str = "http://hl7.org/fhir/OperationDefinition/Resource-validate";
/// Where older clients look for the endpoints of the issuer.
const OAUTH_URIS: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";
/// How matches can be sorted.
const SORT: &str = "`_lastUpdated` or `-_lastUpdated`; on AuditEvent the latter alone";
/// The same where cards answer.
const SORT_BY_CARDS: &str = "`_lastUpdated` or `-_lastUpdated`, on AuditEvent the latter alone; \
     also any parameters of the type but composites, as these are answered";
/// How a parameter is answered by cards.
const BY_CARDS: &str = "by comparing the records one by one: those of one patient, or those that \
     `_id`, `_lastUpdated`, `identifier`, `patient` and `subject` leave; `too-costly` where they \
     are too many";
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
    let has_cards = match &facility {
        None => app
            .facilities()
            .iter()
            .all(|one| one.index_status.read().complete),
        Some(facility) => facility.index_status.read().complete,
    };
    let mut statement = statement(&base, issuer.as_ref(), has_cards);
    if !app.allowed_origins().is_empty() {
        let security = statement.pointer_mut("/rest/0/security");
        let security = security.and_then(Value::as_object_mut);
        security.map(|security| security.insert("cors".to_owned(), true.into()));
    }
    let statement = statement.to_string();
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

/// What cards answer stands in it when every record has one.
fn statement(base: &str, issuer: Option<&Value>, has_cards: bool) -> Value {
    let resources: Vec<Value> = fhir::tables::RESOURCES
        .iter()
        .map(|definition| resource(definition.name, has_cards))
        .collect();
    let interactions = codes(&bundle::ROW).chain(codes(&history::ALL));
    let interactions: Vec<Value> = interactions.collect();
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Chartseal", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Chartseal gateway", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "patchFormat": ["application/fhir+json", JSON_PATCH],
        "rest": [{
            "mode": "server",
            "security": security(issuer),
            "resource": resources,
            "interaction": interactions,
            "searchParam": result_params(has_cards),
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
fn result_params(has_cards: bool) -> [Value; 7] {
    let sort = if has_cards { SORT_BY_CARDS } else { SORT };
    let described = |name: &str, kind: &str, text: &str| json!({"name": name, "type": kind, "documentation": text});
    [
        described(
            "_count",
            "number",
            "matches on a page; with 0 they are only counted",
        ),
        described(
            "_include",
            "string",
            "`Type:parameter`, `Type:parameter:Target`, `Type:*` or `*`; with `:iterate`",
        ),
        described(
            "_revinclude",
            "string",
            "`Type:parameter`, `Type:parameter:Target` or `Type:*`, by parameters that lead to any \
             type too; outside one patient, but by `patient` and `subject`, `too-costly` where the \
             type has too many records; with `:iterate`",
        ),
        described("_sort", "string", sort),
        described(
            "_elements",
            "string",
            "names of elements of the type; on reads too. Required ones and modifiers are left in",
        ),
        described(
            "_summary",
            "token",
            "`true`, `text`, `data` or `false`, on reads too; `count` is the same as `_count=0`",
        ),
        described(
            "_total",
            "token",
            "`none`, `estimate` or `accurate`; on the first page",
        ),
    ]
}

fn resource(kind: &'static str, has_cards: bool) -> Value {
    let class = TypeClass::of(kind);
    let rows: Vec<&'static Row> = rows_of(class).collect();
    let mut interactions: Vec<Value> = rows.iter().copied().flat_map(codes).collect();
    // One code stands for a change by id and by criteria.
    interactions.dedup();
    let by_criteria = |verb| {
        let mut rows = rows.iter();
        rows.any(|row| row.place == Place::Type && row.verb == verb)
    };
    let (creates, updates) = (by_criteria(Verb::Post), by_criteria(Verb::Put));
    let deletes = by_criteria(Verb::Delete);
    let read_history = rows.iter().any(|row| row.place == Place::History);
    let update_create = rows
        .iter()
        .any(|row| row.sent_for.contains(&Action::CreateWithId));
    let everything = (kind == "Patient" && has_cards).then_some("everything");
    let operations = operations_of(class).into_iter().chain(everything);
    let operations = operations.map(operation);
    let mut resource = json!({
        "type": kind,
        "interaction": interactions,
        "versioning": "versioned-update",
        "readHistory": read_history,
        "updateCreate": update_create,
        "conditionalCreate": creates,
        "conditionalRead": "full-support",
        "conditionalUpdate": updates,
        "conditionalDelete": if deletes { "single" } else { "not-supported" },
        "searchParam": searched_by(kind, class, has_cards),
        "operation": operations.collect::<Vec<_>>(),
    });
    if let Some(resource) = resource.as_object_mut() {
        if let Some(reserve) = reserve(kind) {
            resource.insert("documentation".to_owned(), reserve.into());
        }
        let lists = [
            ("searchInclude", include::offered(kind)),
            (
                "searchRevInclude",
                include::offered_reverse(kind, has_cards),
            ),
        ];
        // An empty array is not allowed in FHIR's JSON.
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            resource.insert(name.to_owned(), list.into());
        }
    }
    resource
}

fn operation(name: &str) -> Value {
    let (definition, documentation) = match name {
        "proof" => (PROOF, "see docs/proof-format.md"),
        "everything" => (
            EVERYTHING,
            "with `start`, `end`, `_since`, `_type` and `_count`, in pages; see docs/search.md",
        ),
        _ => (
            VALIDATE,
            "by R4 itself, without profiles; `mode` is `create`, `update` or `delete`; see \
             docs/fhir.md",
        ),
    };
    json!({"name": name, "definition": definition, "documentation": documentation})
}

/// What the standard would have of a type, and is not done.
fn reserve(kind: &str) -> Option<&'static str> {
    match kind {
        "Consent" => Some("stored, not enforced"),
        "Subscription" => Some("stored, never activated: nothing is sent"),
        "Parameters" => Some("what was stored can be read and deleted; no more is taken"),
        _ => None,
    }
}

/// The interactions of a line of the table.
fn codes(row: &'static Row) -> impl Iterator<Item = Value> {
    let interactions = row.interactions.iter();
    interactions.map(|interaction| json!({"code": interaction.as_str()}))
}

fn searched_by(kind: &str, class: TypeClass, has_cards: bool) -> Vec<Value> {
    let parameters: Vec<_> = if class == TypeClass::Audit {
        parameter::of_audit().collect()
    } else {
        parameter::of_type(kind).collect()
    };
    let names: Vec<&str> = parameters
        .iter()
        .map(|parameter| parameter.name())
        .collect();
    let described = parameters.iter();
    let mut all: Vec<Value> = described
        .map(|parameter| json!({"name": parameter.name(), "type": parameter.search_type()}))
        .collect();
    if has_cards && class != TypeClass::Audit {
        let by_cards = cards::known(kind).iter().map(|known| known.parameter);
        let more = by_cards.filter(|parameter| !names.contains(&parameter.code));
        all.extend(more.map(|parameter| {
            let (name, kind) = (parameter.code, parameter.kind.as_str());
            json!({"name": name, "type": kind, "documentation": BY_CARDS})
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients keep the statement by its ETag, a digest of its bytes.
    #[test]
    fn the_statement_has_the_bytes_that_it_had() {
        let text = statement("https://gateway.example/fhir", None, false).to_string();
        let version = format!(r#""version":"{}""#, env!("CARGO_PKG_VERSION"));
        let text = text.replace(&version, r#""version":"""#);
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        let pinned = "670cb0c02145534fb792400f88b729688561c458e9a7afd55dd23ad9f6c06987";
        assert_eq!(
            digest, pinned,
            "if it is meant to change, change `DATE` too: {text}"
        );
    }
}
