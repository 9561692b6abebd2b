//! The 48 points of R4 that servers commonly get wrong, each a test by its number: what is
//! asserted is what the point demands, or what is done instead and why. The table of them
//! stands in docs/fhir.md.

mod bundles;
mod conformance;
mod delete;
mod history;
mod negotiation;
mod origins;
mod outcomes;
mod search;
mod values;
mod versions;

use crate::{
    caller::{Caller, Reply},
    database::Kind,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use gateway::work::{index, jobs::Turn};
use serde_json::Value;

/// A house whose records have index cards from the first, and its clinical system.
async fn start(kind: Kind) -> (House, Caller) {
    let house = House::start_on(kind).await;
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    let mut worker = index::worker(&house.app, &facility).unwrap();
    while worker.turn().await.unwrap() == Turn::Worked {}
    worker.release().await;
    let system = house.caller(&DemoUser::System);
    (house, system)
}

/// The path of a new patient with this identifier.
async fn patient(caller: &Caller, identifier: &str) -> String {
    let id = caller.create("Patient", records::patient(identifier)).await;
    format!("Patient/{id}")
}

/// The id of a path.
fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// An update of a record by its path.
async fn put(caller: &Caller, path: &str, record: Value, headers: &[(&str, &str)]) -> Reply {
    let body = records::with_id(record, id_of(path)).to_string();
    caller.send("PUT", path, headers, Some(body)).await
}

/// A PATCH that says of a patient whether it is active.
async fn patch(caller: &Caller, path: &str, headers: &[(&str, &str)]) -> Reply {
    let form = ("content-type", "application/json-patch+json");
    let headers = [&[form], headers].concat();
    let body = r#"[{"op":"add","path":"/active","value":true}]"#.to_owned();
    caller.send("PATCH", path, &headers, Some(body)).await
}

/// The ids of a search's matches, sorted.
async fn found(caller: &Caller, search: &str) -> Vec<String> {
    let mut ids = ids(&caller.get(search).await.expect(200));
    ids.sort();
    ids
}

/// The ids of the resources of a Bundle, in its order.
fn ids(reply: &Reply) -> Vec<String> {
    let id = |resource: &Value| resource["id"].as_str().unwrap().to_owned();
    reply.resources().iter().map(id).collect()
}

/// The entries of a Bundle.
fn entries(bundle: &Value) -> Vec<Value> {
    bundle["entry"].as_array().cloned().unwrap_or_default()
}

/// A member of each entry as text, with `-` where it is none.
fn each(entries: &[Value], pointer: &str) -> Vec<String> {
    let text = |entry: &Value| {
        let value = entry.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or("-").to_owned()
    };
    entries.iter().map(text).collect()
}
