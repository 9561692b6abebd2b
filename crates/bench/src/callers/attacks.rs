//! What hostile callers send: the requests by which earlier versions were stopped or
//! filled (docs/security-audit.md), as a patient's token can send them, a clinician's, an
//! auditor's, and none.

use crate::callers::connection::FHIR_JSON;
use hyper::{Method, body::Bytes};
use serde_json::json;

/// By whose token. Who is denied is somebody else than who asks for much: a user whose
/// denials are used up is refused everything, and would trouble nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A patient, about the own records.
    Patient,
    /// A clinician of the house.
    Clinician,
    /// Another patient.
    DeniedPatient,
    /// Another clinician.
    DeniedClinician,
    /// An auditor.
    Auditor,
    /// Nobody: no issuer made the token.
    Nobody,
}

/// How it is sent.
#[derive(Debug, Clone)]
pub enum Manner {
    /// As any request, the next when the answer to the last has come.
    Whole { content_type: &'static str },
    /// A byte a second.
    Slowly,
    /// Half of it, and the connection ends.
    Cut,
    /// All of it, and the connection ends before the answer can have come.
    Leaving,
}

/// One request that is sent again and again.
#[derive(Debug, Clone)]
pub struct Attack {
    pub name: &'static str,
    pub by: By,
    pub method: Method,
    pub path: String,
    pub body: Bytes,
    pub manner: Manner,
}

/// An identifier system that many records have.
const WIDE: &str = "https%3A%2F%2Fbluebutton.cms.gov%2Fresources%2Fvariables%2Fclm_id%7C";
const FORM: &str = "application/x-www-form-urlencoded";
/// As many as fit into the longest query of a URL.
const IDS: usize = 190;
/// As many values as one search may name.
const VALUES: usize = 500;
/// A posted query has 64 kB at most.
const FORM_BYTES: usize = 64 * 1_024;
/// A body has 32 MB at most.
const BODY_BYTES: usize = 32 * 1_024 * 1_024;

/// All of them, about these records, `Type/id`; the first patient is the patient's own.
pub fn all(records: &[String]) -> Option<Vec<Attack>> {
    let mut patients = records
        .iter()
        .filter(|record| record.starts_with("Patient/"));
    let (own, other) = (patients.next()?, patients.next()?);
    let mut attacks = Vec::new();
    for by in [By::Patient, By::Clinician] {
        attacks.extend(searches(by, own, records));
        attacks.extend(bodies(by));
        attacks.push(get("proof", by, format!("{own}/$proof")));
    }
    // Patients may send none as shipped.
    attacks.extend(bundles(By::Clinician, own));
    attacks.extend(bundles(By::DeniedPatient, own));
    for by in [By::DeniedPatient, By::DeniedClinician] {
        attacks.push(get(
            "audit of others",
            by,
            "AuditEvent?_count=1000".to_owned(),
        ));
    }
    attacks.push(get("denied read", By::DeniedPatient, other.clone()));
    let absent = "Patient/nobody-here".to_owned();
    attacks.push(get("denied read", By::DeniedClinician, absent));
    for query in [
        "_count=1000",
        "_summary=count",
        &format!("patient={own}&_count=3"),
    ] {
        attacks.push(get("audit", By::Auditor, format!("AuditEvent?{query}")));
    }
    attacks.push(get("unknown token", By::Nobody, own.clone()));
    Some(attacks)
}

fn get(name: &'static str, by: By, path: String) -> Attack {
    Attack {
        name,
        by,
        method: Method::GET,
        path,
        body: Bytes::new(),
        manner: Manner::Whole {
            content_type: FHIR_JSON,
        },
    }
}

fn post(name: &'static str, by: By, path: &str, body: impl Into<Bytes>) -> Attack {
    Attack {
        method: Method::POST,
        body: body.into(),
        ..get(name, by, path.to_owned())
    }
}

fn searches(by: By, own: &str, records: &[String]) -> Vec<Attack> {
    let ids = records
        .iter()
        .filter_map(|record| record.strip_prefix("Observation/"));
    let ids: Vec<&str> = ids.take(IDS).collect();
    let kind = "ExplanationOfBenefit";
    let sorted = "_sort=-_lastUpdated&_count=1000";
    let mut posted = "identifier=".to_owned();
    let padding = "x".repeat(FORM_BYTES / VALUES - 8);
    for number in 0..VALUES - 1 {
        posted.push_str(&format!("{padding}{number},"));
    }
    posted.push_str("last");
    let posted = Attack {
        manner: Manner::Whole { content_type: FORM },
        ..post("posted query", by, "Observation/_search", posted)
    };
    let leaving = Attack {
        manner: Manner::Leaving,
        ..get("leaving", by, format!("{kind}?identifier={WIDE}&{sorted}"))
    };
    vec![
        get(
            "many values",
            by,
            format!("Observation?_id={}", ids.join(",")),
        ),
        get("system", by, format!("{kind}?identifier={WIDE}")),
        get("sorted", by, format!("{kind}?identifier={WIDE}&{sorted}")),
        get(
            "two criteria",
            by,
            format!("{kind}?patient={own}&identifier={WIDE}"),
        ),
        get("count", by, "Observation?_summary=count".to_owned()),
        posted,
        leaving,
    ]
}

fn bundles(by: By, own: &str) -> Vec<Attack> {
    let batch = |name, url: &str, entries| {
        let entry = json!({"request": {"method": "GET", "url": url}});
        let bundle = json!({
            "resourceType": "Bundle", "type": "batch", "entry": vec![entry; entries],
        });
        post(name, by, "", bundle.to_string())
    };
    vec![
        batch("Bundle of searches", "Observation?_count=1000", 200),
        batch("Bundle of counts", "Observation?_summary=count", 100),
        batch("Bundle of reads", own, 10_000),
    ]
}

/// Bodies that cost much to read. None is stored: the disk is not what they are about.
fn bodies(by: By) -> Vec<Attack> {
    let values = format!(
        r#"{{"resourceType":"Basic","x":[{}0]}}"#,
        "0,".repeat(BODY_BYTES / 2 - 100)
    );
    // Of another type than the path says.
    let large = json!({"resourceType": "Patient", "x": "x".repeat(BODY_BYTES - 100)});
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let small = Bytes::from(
        values
            .clone()
            .into_bytes()
            .split_off(BODY_BYTES - 1_000_000),
    );
    let in_manner = |name, manner: &Manner| Attack {
        manner: manner.clone(),
        ..post(name, by, "Basic", small.clone())
    };
    vec![
        post("many values in a body", by, "Basic", values),
        post("large body", by, "Basic", large.to_string()),
        post("over the limit", by, "Basic", vec![b' '; BODY_BYTES + 1]),
        post("deep body", by, "Basic", deep),
        in_manner("slow body", &Manner::Slowly),
        in_manner("cut body", &Manner::Cut),
    ]
}
