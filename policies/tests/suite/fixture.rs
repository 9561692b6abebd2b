//! Callers and targets of `scenarios/`, and rules for two facilities.

use model::{FacilityName, LogicalId, Tag};
use policies::{
    Action, Authorizer, Caller, Compiled, Decision, DecisionLog, Outcome, PolicySource, Purpose,
    Role, Target, parse_scopes,
};
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct CallerRow {
    issuer: String,
    subject: String,
    client: String,
    facility: FacilityName,
    roles: Vec<Role>,
    purpose: Option<Purpose>,
    patient: Option<Tag>,
    scope: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetRow {
    facility: FacilityName,
    #[serde(rename = "type")]
    resource_type: Option<model::ResourceType>,
    record: Option<Tag>,
    patients: Vec<Tag>,
    labels: Vec<String>,
}

/// A caller with the tag of the token's patient.
#[derive(Clone)]
pub struct Someone {
    pub caller: Caller,
    pub own_patient: Option<Tag>,
}

pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub fn json<T: DeserializeOwned>(path: &str) -> T {
    let text = std::fs::read_to_string(folder(path)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn callers() -> BTreeMap<String, Someone> {
    let rows: BTreeMap<String, CallerRow> = json("scenarios/callers.json");
    let someone = |row: CallerRow| Someone {
        own_patient: row.patient,
        caller: Caller {
            issuer: row.issuer,
            subject: row.subject,
            client: row.client,
            facility: row.facility,
            roles: row.roles,
            purpose: row.purpose,
            patient: row.patient.map(|_| "p1".parse::<LogicalId>().unwrap()),
            scopes: parse_scopes(&row.scope).0,
            name: None,
            fhir_user: None,
            email: None,
        },
    };
    rows.into_iter()
        .map(|(name, row)| (name, someone(row)))
        .collect()
}

pub fn caller(name: &str) -> Someone {
    callers()[name].clone()
}

pub fn targets() -> BTreeMap<String, Target> {
    let rows: BTreeMap<String, TargetRow> = json("scenarios/targets.json");
    let target = |row: TargetRow| Target {
        facility: row.facility,
        resource_type: row.resource_type,
        record: row.record,
        patients: row.patients,
        labels: row.labels,
    };
    rows.into_iter()
        .map(|(name, row)| (name, target(row)))
        .collect()
}

pub fn target(name: &str) -> Target {
    targets()[name].clone()
}

pub fn facility(name: &str) -> FacilityName {
    name.parse().unwrap()
}

/// The shipped set with policies added or replaced.
pub fn shipped_with(changes: &[(&str, &str)]) -> PolicySource {
    let mut source = PolicySource::shipped();
    for (id, text) in changes {
        source
            .policies
            .insert((*id).to_owned(), format!("@id(\"{id}\")\n{text}"));
    }
    source
}

pub fn rules(a: &PolicySource, b: &PolicySource) -> Authorizer {
    let compiled = |source| Arc::new(Compiled::new(7, source).unwrap());
    let rules = [(facility("a"), compiled(a)), (facility("b"), compiled(b))];
    Authorizer::new(rules).sharing(["a", "b"].map(|one| {
        let other = if one == "a" { "b" } else { "a" };
        (facility(one), [facility(other)].into())
    }))
}

pub fn shipped() -> Authorizer {
    rules(&PolicySource::shipped(), &PolicySource::shipped())
}

pub fn decide(rules: &Authorizer, who: &Someone, action: Action, target: &Target) -> Decision {
    let mut log = DecisionLog::new(who.caller.clone(), who.own_patient);
    log.decide(rules, action, target, &[])
}

/// `permit` or the code of the reason.
pub fn word(decision: &Decision) -> &'static str {
    match decision.record().outcome {
        Outcome::Permit => "permit",
        Outcome::Denied(reason) => reason.code(),
    }
}
