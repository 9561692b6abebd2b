//! The frame of JSON-RPC 2.0: requests, notifications, batches, answers.

use super::fault::Fault;
use serde_json::{Value, json};

/// More requests in one batch are refused.
const MAXIMUM_BATCH: usize = 1_000;

/// Answers a body; `None` when it held notifications only.
pub(crate) fn answer(
    body: &[u8],
    mut run: impl FnMut(&str, &Value) -> Result<Value, Fault>,
) -> Option<Value> {
    match serde_json::from_slice(body) {
        Err(_) => Some(failure(&Value::Null, &Fault::unreadable())),
        Ok(Value::Array(batch)) if batch.is_empty() || batch.len() > MAXIMUM_BATCH => {
            let text = format!("a batch has 1 to {MAXIMUM_BATCH} requests");
            Some(failure(&Value::Null, &Fault::invalid_request(text)))
        }
        Ok(Value::Array(batch)) => {
            let answers: Vec<_> = batch
                .iter()
                .filter_map(|request| one(request, &mut run))
                .collect();
            (!answers.is_empty()).then_some(Value::Array(answers))
        }
        Ok(request) => one(&request, &mut run),
    }
}

fn one(
    request: &Value,
    run: &mut impl FnMut(&str, &Value) -> Result<Value, Fault>,
) -> Option<Value> {
    let id = request.get("id");
    if let Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) = id {
        let fault = Fault::invalid_request("`id` is a string, a number or null");
        return Some(failure(&Value::Null, &fault));
    }
    let method = match (request.get("jsonrpc"), request.get("method")) {
        (Some(Value::String(version)), Some(Value::String(method))) if version == "2.0" => method,
        _ => {
            let fault = Fault::invalid_request("a request has `jsonrpc` \"2.0\" and a `method`");
            return Some(failure(id.unwrap_or(&Value::Null), &fault));
        }
    };
    let result = run(method, request.get("params").unwrap_or(&Value::Null));
    let id = id?;
    Some(match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(fault) => failure(id, &fault),
    })
}

fn failure(id: &Value, fault: &Fault) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": fault })
}
