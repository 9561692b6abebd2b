//! capabilities: `GET [base]/metadata`
//! (<https://hl7.org/fhir/R4/http.html#capabilities>). Made from the same tables
//! that the handlers use, so that it says what is true; needs no token.

use crate::{
    app::App, criteria::has_param, failure::Failure, outcome::FHIR_JSON, sealed_audit::AUDIT_EVENT,
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde_json::{Value, json};

/// The software date of this statement; changes when it does.
const DATE: &str = "2026-11-22";

/// The CapabilityStatement of the base that it is asked at.
///
/// # Errors
/// Not found for a facility that is not here.
pub async fn metadata(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Failure> {
    let base = match request.match_info().get("facility") {
        None => format!("{}/fhir", app.public_url()),
        Some(name) => {
            let name = name.parse().map_err(|_| Failure::not_found())?;
            let facility = app.facility(&name).ok_or_else(Failure::not_found)?;
            app.base_of(&facility.name, true)
        }
    };
    let statement = statement(&base);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, FHIR_JSON))
        .json(statement))
}

fn statement(base: &str) -> Value {
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
            "security": {
                "service": [{"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                    "code": "SMART-on-FHIR"
                }]}],
                "description": "bearer tokens (JWT) of the configured OpenID issuers"
            },
            "resource": resources,
            "interaction": interactions,
            "searchParam": result_params(),
        }]
    })
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
        described("_sort", "string", "`_lastUpdated` or `-_lastUpdated`"),
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
        vec![param("patient", "reference"), param("_lastUpdated", "date")]
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
    json!({
        "type": kind,
        "interaction": interactions,
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": kind != AUDIT_EVENT,
        "conditionalCreate": false,
        "conditionalRead": "not-supported",
        "conditionalUpdate": false,
        "conditionalDelete": "not-supported",
        "searchParam": params,
        "operation": [{"name": "proof", "definition": "docs/proof-format.md"}],
    })
}

fn param(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind})
}
