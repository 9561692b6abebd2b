//! Who did what to which records, as an AuditEvent says it that the proof has shown to
//! be genuine (<https://hl7.org/fhir/R4/auditevent.html>).

use serde_json::Value;

/// The most characters of a text that are shown.
const MAX_CHARS: usize = 300;
/// The most records that are named; beyond them the number is told.
const MAX_RECORDS: usize = 20;

/// What the event tells, as lines of a name and a text; none for another resource.
pub fn lines(event: &Value) -> Vec<(&'static str, String)> {
    if event.get("resourceType").and_then(Value::as_str) != Some("AuditEvent") {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let agents = all(event, "agent");
    let requestor = agents
        .iter()
        .find(|agent| agent.get("requestor") == Some(&Value::Bool(true)));
    if let Some(requestor) = requestor {
        lines.push(("who", agent(requestor)));
        let roles: Vec<String> = all(requestor, "role")
            .iter()
            .filter_map(|role| concept(role))
            .collect();
        if !roles.is_empty() {
            lines.push(("as", roles.join(", ")));
        }
    }
    let others = agents
        .iter()
        .filter(|agent| agent.get("requestor") != Some(&Value::Bool(true)));
    lines.extend(others.map(|other| ("through", agent(other))));
    lines.push(("did", action(event)));
    lines.extend(records(event).map(|records| ("to", records)));
    let purposes: Vec<String> = all(event, "purposeOfEvent")
        .iter()
        .filter_map(|purpose| concept(purpose))
        .collect();
    if !purposes.is_empty() {
        lines.push(("for", purposes.join(", ")));
    }
    lines.extend(text(event, "/recorded").map(|time| ("at", time)));
    lines.push(("outcome", outcome(event)));
    lines
}

fn all<'v>(value: &'v Value, member: &str) -> Vec<&'v Value> {
    let array = value.get(member).and_then(Value::as_array);
    array.into_iter().flatten().collect()
}

/// A text as it may stand on a terminal and in a page.
fn text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer)?.as_str()?;
    Some(model::shown(text).chars().take(MAX_CHARS).collect())
}

/// Name and identifier of a person, a client or a server.
fn agent(agent: &Value) -> String {
    let id = match (
        text(agent, "/who/identifier/system"),
        text(agent, "/who/identifier/value"),
    ) {
        (Some(system), Some(value)) => Some(format!("{value} at {system}")),
        (None, value) => value,
        (system, None) => system,
    };
    let name = text(agent, "/name").or_else(|| text(agent, "/who/display"));
    match (name, id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (name, id) => name.or(id).unwrap_or_else(|| "not named".to_owned()),
    }
}

/// The words of a CodeableConcept, else its code.
fn concept(concept: &Value) -> Option<String> {
    ["/text", "/coding/0/display", "/coding/0/code"]
        .into_iter()
        .find_map(|pointer| text(concept, pointer))
}

fn action(event: &Value) -> String {
    let subtypes = all(event, "subtype").into_iter();
    let subtypes: Vec<String> = subtypes
        .filter_map(|subtype| text(subtype, "/display").or_else(|| text(subtype, "/code")))
        .collect();
    let action = match text(event, "/action").as_deref() {
        Some("C") => "create",
        Some("R") => "read",
        Some("U") => "update",
        Some("D") => "delete",
        Some("E") => "execute",
        _ => "an action that is not named",
    };
    if subtypes.is_empty() {
        action.to_owned()
    } else {
        format!("{action} ({})", subtypes.join(", "))
    }
}

fn records(event: &Value) -> Option<String> {
    let mut records: Vec<String> = all(event, "entity")
        .into_iter()
        .filter_map(|entity| text(entity, "/what/reference"))
        .collect();
    let more = records.len().saturating_sub(MAX_RECORDS);
    records.truncate(MAX_RECORDS);
    if more > 0 {
        records.push(format!("and {more} more"));
    }
    (!records.is_empty()).then(|| records.join(", "))
}

fn outcome(event: &Value) -> String {
    let word = match text(event, "/outcome").as_deref() {
        Some("0") => "success",
        Some("4") => "refused or failed",
        Some("8") => "serious failure",
        Some("12") => "major failure",
        _ => "not told",
    };
    match text(event, "/outcomeDesc") {
        Some(why) => format!("{word}: {why}"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_tells_who_did_what_to_which_records() {
        let event = json!({
            "resourceType": "AuditEvent",
            "action": "R",
            "subtype": [{"code": "vread", "display": "vread"}],
            "agent": [
                {"requestor": false, "who": {"identifier": {"value": "ehr"}}},
                {"requestor": true, "name": "Dr. \u{7}Ada", "role": [{"text": "clinician"}],
                 "who": {"identifier": {"system": "https://i.example", "value": "ada"}}},
            ],
            "entity": [{"what": {"reference": "Patient/p"}}, {"query": "eA=="}],
            "purposeOfEvent": [{"coding": [{"code": "TREAT"}]}],
            "recorded": "2026-11-22T10:00:00.123Z",
            "outcome": "0",
        });
        let told: Vec<String> = lines(&event)
            .into_iter()
            .map(|(name, text)| format!("{name} {text}"))
            .collect();
        let expected = [
            "who Dr.  Ada (ada at https://i.example)",
            "as clinician",
            "through ehr",
            "did read (vread)",
            "to Patient/p",
            "for TREAT",
            "at 2026-11-22T10:00:00.123Z",
            "outcome success",
        ];
        assert_eq!(told, expected);
        assert_eq!(lines(&json!({"resourceType": "Patient"})), []);
    }
}
