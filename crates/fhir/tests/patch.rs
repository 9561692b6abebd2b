//! PATCH of a resource (<https://hl7.org/fhir/R4/http.html#patch>), by both of its forms.

#![expect(clippy::unwrap_used, reason = "test code")]

use fhir::{
    IssueCode, Resource,
    patch::{self, Patch, Room},
};
use proptest::prelude::*;

const ROOM: Room = Room {
    bytes: 100_000,
    values: 10_000,
};

const PATIENT: &str = r#"{
    "resourceType": "Patient", "id": "p1", "active": true, "birthDate": "1920-01-01",
    "name": [
        {"use": "official", "family": "Adams", "given": ["Ann", "Beth"], "_given": [null, {"id": "g2"}]},
        {"use": "usual", "given": ["Annie"]}
    ],
    "identifier": [{"system": "http://a.example", "value": "1"}, {"system": "http://b.example", "value": "2"}],
    "multipleBirthInteger": 2,
    "contact": [{"name": {"family": "Bell"}}],
    "extension": [{"url": "http://a.example/e", "valueDecimal": 1.50}]
}"#;

fn patient() -> Resource {
    Resource::parse(PATIENT.as_bytes()).unwrap()
}

/// `PATIENT` with parts of its canonical text replaced.
fn patient_with(changes: &[(&str, &str)]) -> String {
    let mut text = String::from_utf8(patient().canonical()).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    text
}

fn outcome(patch: Result<Patch, fhir::Refusal>) -> Result<String, IssueCode> {
    let patched = patch.and_then(|patch| patch.apply(&patient(), ROOM));
    let canonical = patched.map(|resource| resource.canonical());
    canonical
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .map_err(|refusal| refusal.code)
}

fn by_json(patch: &str) -> Result<String, IssueCode> {
    let carrier = patch::carried(patch.as_bytes()).unwrap();
    outcome(Patch::of(&carrier, 10_000))
}

/// Operations as their parts, `name=JSON` each, with the member of the value.
fn by_fhirpath(operations: &[&str]) -> Result<String, IssueCode> {
    let operations: Vec<String> = operations
        .iter()
        .map(|parts| format!(r#"{{"name":"operation","part":[{parts}]}}"#))
        .collect();
    let text = format!(
        r#"{{"resourceType":"Parameters","parameter":[{}]}}"#,
        operations.join(",")
    );
    let parameters = Resource::parse(text.as_bytes()).unwrap();
    outcome(Patch::of(&parameters, 10_000))
}

fn operation(kind: &str, path: &str, rest: &str) -> String {
    let start = format!(
        r#"{{"name":"type","valueCode":"{kind}"}},{{"name":"path","valueString":"{path}"}}"#
    );
    if rest.is_empty() {
        return start;
    }
    format!("{start},{rest}")
}

fn value(typed: &str) -> String {
    format!(r#"{{"name":"value",{typed}}}"#)
}

fn named(name: &str, typed: &str) -> String {
    format!(
        r#"{{"name":"name","valueString":"{name}"}},{}"#,
        value(typed)
    )
}

#[test]
fn a_json_patch_keeps_what_it_does_not_touch() {
    let patch = r#"[
        {"op": "test", "path": "/birthDate", "value": "1920-01-01"},
        {"op": "replace", "path": "/birthDate", "value": "1920-01-02"},
        {"op": "remove", "path": "/active"}
    ]"#;
    let expected = patient_with(&[("1920-01-01", "1920-01-02"), (r#""active":true,"#, "")]);
    assert_eq!(by_json(patch), Ok(expected));
}

#[test]
fn what_a_patch_leaves_empty_goes() {
    let patch = r#"[{"op": "remove", "path": "/contact/0/name/family"}]"#;
    let expected = patient_with(&[(r#""contact":[{"name":{"family":"Bell"}}],"#, "")]);
    assert_eq!(by_json(patch), Ok(expected.clone()));
    let delete = operation("delete", "Patient.contact[0].name.family", "");
    assert_eq!(by_fhirpath(&[&delete]), Ok(expected));
}

/// What goes through a resource recurses: nothing may nest without bound on the way.
#[test]
fn a_patch_cannot_nest_without_bound() {
    let nested = format!("{}1{}", r#"{"a":"#.repeat(60), "}".repeat(60));
    let add = format!(r#"{{"op":"add","path":"/x","value":{nested}}}"#);
    let inner = "/a".repeat(59);
    let copy = format!(r#"{{"op":"copy","from":"/x","path":"/x{inner}"}}"#);
    let patch = format!("[{add},{copy},{copy},{copy}]");
    assert_eq!(by_json(&patch), Err(IssueCode::Structure));
    let deep = format!(r#"[{{"op":"remove","path":"{}"}}]"#, "/a".repeat(65));
    assert_eq!(by_json(&deep), Err(IssueCode::Structure));

    let url = r#"{"name":"value","valueExtension":{"url":"http://a.example/n"}}"#;
    let name = r#"{"name":"name","valueString":"extension"}"#;
    let add = |depth: usize| {
        let path = format!("Patient{}", ".extension[0]".repeat(depth));
        operation("add", &path, &format!("{name},{url}"))
    };
    let operations: Vec<String> = (1..40).map(add).collect();
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    assert_eq!(by_fhirpath(&operations), Err(IssueCode::Structure));
}

#[test]
fn paths_that_go_through_too_much_are_refused() {
    let given = vec![r#""a""#; 60_000].join(",");
    let text = format!(r#"{{"resourceType":"Patient","id":"p1","name":[{{"given":[{given}]}}]}}"#);
    let patient = Resource::parse(text.as_bytes()).unwrap();
    let delete = operation("delete", "Patient.name.given.where($this = 'z')", "");
    let operations = vec![format!(r#"{{"name":"operation","part":[{delete}]}}"#); 400].join(",");
    let text = format!(r#"{{"resourceType":"Parameters","parameter":[{operations}]}}"#);
    let patch = Patch::of(&Resource::parse(text.as_bytes()).unwrap(), 100_000).unwrap();
    let room = Room {
        bytes: 1_000_000,
        values: 100_000,
    };
    let refused = patch.apply(&patient, room).unwrap_err();
    assert_eq!(refused.code, IssueCode::TooCostly);
}

#[test]
fn extensions_stay_with_their_primitive() {
    let patch = r#"[
        {"op": "add", "path": "/name/0/_given/0", "value": {"id": "g1"}},
        {"op": "remove", "path": "/name/0/_given/0/id"},
        {"op": "remove", "path": "/name/0/_given/1"}
    ]"#;
    assert_eq!(by_json(patch), Ok(patient_with(&[])));
    let patch = r#"[{"op": "remove", "path": "/name/0/_given/1/id"}]"#;
    let expected = patient_with(&[(r#""_given":[null,{"id":"g2"}],"#, "")]);
    assert_eq!(by_json(patch), Ok(expected));
}

#[test]
fn a_patch_leaves_type_and_id_as_they_are() {
    for patch in [
        r#"[{"op": "replace", "path": "/id", "value": "p2"}]"#,
        r#"[{"op": "remove", "path": "/id"}]"#,
        r#"[{"op": "replace", "path": "/resourceType", "value": "Person"}]"#,
        r#"[{"op": "replace", "path": "", "value": {"resourceType": "Person", "id": "p1"}}]"#,
    ] {
        assert_eq!(by_json(patch), Err(IssueCode::BusinessRule), "{patch}");
    }
    let replace = operation("replace", "Patient.id", &value(r#""valueId":"p2""#));
    assert_eq!(by_fhirpath(&[&replace]), Err(IssueCode::BusinessRule));
}

#[test]
fn what_is_no_patch_is_refused() {
    for patch in ["{}", "", "[", r#""a""#] {
        assert_eq!(by_json(patch), Err(IssueCode::Structure), "{patch}");
    }
    let many = r#"{"op":"remove","path":"/active"},"#.repeat(1_001);
    let many = format!("[{}]", many.trim_end_matches(','));
    assert_eq!(by_json(&many), Err(IssueCode::TooCostly));
    for (carrier, code) in [
        (PATIENT, IssueCode::Structure),
        (
            r#"{"resourceType":"Binary","contentType":"text/plain","data":"W10="}"#,
            IssueCode::Value,
        ),
        (
            r#"{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10"}"#,
            IssueCode::Value,
        ),
        (
            r#"{"resourceType":"Binary","contentType":"application/json-patch+json"}"#,
            IssueCode::Value,
        ),
    ] {
        let carrier = Resource::parse(carrier.as_bytes()).unwrap();
        assert_eq!(outcome(Patch::of(&carrier, 10_000)), Err(code));
    }
    let of_two_values = patch::carried(br#"[{"op":"remove"}]"#).unwrap();
    assert_eq!(
        outcome(Patch::of(&of_two_values, 2)),
        Err(IssueCode::TooCostly)
    );
}

#[test]
fn a_result_that_is_too_large_is_refused() {
    let patch = format!(
        r#"[{{"op": "add", "path": "/language", "value": "{}"}}]"#,
        "x".repeat(ROOM.bytes)
    );
    assert_eq!(by_json(&patch), Err(IssueCode::TooLong));
}

struct Case {
    kind: &'static str,
    path: &'static str,
    /// The other parts.
    parts: &'static str,
    /// What becomes of `PATIENT`.
    changes: &'static [(&'static str, &'static str)],
}

/// After <https://hl7.org/fhir/R4/fhirpatch.html>: each operation, of elements and of
/// lists, of primitives, choices and elements with parts.
const CASES: &[Case] = &[
    Case {
        kind: "replace",
        path: "Patient.birthDate",
        parts: r#"{"name":"value","valueDate":"1930-01-01"}"#,
        changes: &[("1920-01-01", "1930-01-01")],
    },
    Case {
        kind: "add",
        path: "Patient",
        parts: r#"{"name":"name","valueString":"gender"},{"name":"value","valueCode":"female"}"#,
        changes: &[(r#""id":"p1""#, r#""gender":"female","id":"p1""#)],
    },
    Case {
        kind: "add",
        path: "Patient",
        parts: r#"{"name":"name","valueString":"telecom"},{"name":"value","part":[
            {"name":"system","valueCode":"phone"},{"name":"value","valueString":"555"}]}"#,
        changes: &[(
            r#","resourceType":"Patient""#,
            r#","resourceType":"Patient","telecom":[{"system":"phone","value":"555"}]"#,
        )],
    },
    Case {
        kind: "add",
        path: "Patient",
        parts: r#"{"name":"name","valueString":"contact"},{"name":"value","part":[
            {"name":"name","part":[
                {"name":"text","valueString":"a name"},{"name":"given","valueString":"C"}]},
            {"name":"gender","valueCode":"female"}]}"#,
        changes: &[(
            r#"{"name":{"family":"Bell"}}"#,
            r#"{"name":{"family":"Bell"}},{"gender":"female","name":{"given":["C"],"text":"a name"}}"#,
        )],
    },
    Case {
        kind: "delete",
        path: "Patient.birthDate",
        parts: "",
        changes: &[(r#""birthDate":"1920-01-01","#, "")],
    },
    Case {
        kind: "delete",
        path: "Patient.gender",
        parts: "",
        changes: &[],
    },
    Case {
        kind: "delete",
        path: "Patient.identifier.where(system = 'http://a.example')",
        parts: "",
        changes: &[(r#"{"system":"http://a.example","value":"1"},"#, "")],
    },
    Case {
        kind: "insert",
        path: "Patient.identifier",
        parts: r#"{"name":"index","valueInteger":1},{"name":"value","valueIdentifier":{"value":"3"}}"#,
        changes: &[(
            r#"{"system":"http://b.example""#,
            r#"{"value":"3"},{"system":"http://b.example""#,
        )],
    },
    Case {
        kind: "move",
        path: "Patient.identifier",
        parts: r#"{"name":"source","valueInteger":1},{"name":"destination","valueInteger":0}"#,
        changes: &[(
            r#"[{"system":"http://a.example","value":"1"},{"system":"http://b.example","value":"2"}]"#,
            r#"[{"system":"http://b.example","value":"2"},{"system":"http://a.example","value":"1"}]"#,
        )],
    },
    Case {
        kind: "replace",
        path: "Patient.multipleBirth",
        parts: r#"{"name":"value","valueBoolean":true}"#,
        changes: &[(
            r#""multipleBirthInteger":2"#,
            r#""multipleBirthBoolean":true"#,
        )],
    },
    Case {
        kind: "replace",
        path: "Patient.extension('http://a.example/e').value",
        parts: r#"{"name":"value","valueDecimal":1.500}"#,
        changes: &[("1.50", "1.500")],
    },
    Case {
        kind: "replace",
        path: "Patient.name.first().given.last()",
        parts: r#"{"name":"value","valueString":"Cora"}"#,
        changes: &[
            (r#""_given":[null,{"id":"g2"}],"#, ""),
            (r#""Beth""#, r#""Cora""#),
        ],
    },
    Case {
        kind: "delete",
        path: "Patient.name[0].given[0]",
        parts: "",
        changes: &[
            (r#"[null,{"id":"g2"}]"#, r#"[{"id":"g2"}]"#),
            (r#""Ann","#, ""),
        ],
    },
    Case {
        kind: "insert",
        path: "Patient.name[0].given",
        parts: r#"{"name":"index","valueInteger":1},{"name":"value","valueString":"Aya"}"#,
        changes: &[
            (r#"[null,{"id":"g2"}]"#, r#"[null,null,{"id":"g2"}]"#),
            (r#""Ann","#, r#""Ann","Aya","#),
        ],
    },
];

#[test]
fn fhirpath_operations_change_what_their_paths_name() {
    for case in CASES {
        let operation = operation(case.kind, case.path, case.parts);
        let expected = patient_with(case.changes);
        assert_eq!(by_fhirpath(&[&operation]), Ok(expected), "{operation}");
    }
}

#[test]
fn operations_see_what_those_before_them_did() {
    let delete = operation("delete", "Patient.multipleBirth", "");
    let add = operation(
        "add",
        "Patient",
        &named("multipleBirth", r#""valueBoolean":false"#),
    );
    let expected = patient_with(&[(
        r#""multipleBirthInteger":2"#,
        r#""multipleBirthBoolean":false"#,
    )]);
    assert_eq!(by_fhirpath(&[&delete, &add]), Ok(expected));
}

const DATE: &str = r#"{"name":"value","valueDate":"1930-01-01"}"#;

/// Kind, path and other parts of operations, and why they are refused.
const REFUSED: &[(&str, &str, &str, IssueCode)] = &[
    ("replace", "Patient.deceased", DATE, IssueCode::NotFound),
    (
        "replace",
        "Patient.name.given",
        DATE,
        IssueCode::MultipleMatches,
    ),
    ("delete", "Patient.name", "", IssueCode::MultipleMatches),
    ("delete", "Patient", "", IssueCode::Value),
    ("delete", "Person.name[0]", "", IssueCode::Value),
    ("delete", "Patient.none", "", IssueCode::Value),
    ("replace", "Patient.multipleBirth", DATE, IssueCode::Value),
    (
        "add",
        "Patient",
        r#"{"name":"name","valueString":"birthDate"},{"name":"value","valueDate":"1930-01-01"}"#,
        IssueCode::Duplicate,
    ),
    (
        "add",
        "Patient",
        r#"{"name":"name","valueString":"none"},{"name":"value","valueString":"a"}"#,
        IssueCode::Value,
    ),
    (
        "add",
        "Patient.birthDate",
        r#"{"name":"name","valueString":"none"},{"name":"value","valueString":"a"}"#,
        IssueCode::Value,
    ),
    (
        "insert",
        "Patient.name",
        r#"{"name":"index","valueInteger":3},{"name":"value","valueHumanName":{"text":"a"}}"#,
        IssueCode::Value,
    ),
    (
        "insert",
        "Patient.name.given",
        r#"{"name":"index","valueInteger":0},{"name":"value","valueString":"a"}"#,
        IssueCode::Value,
    ),
    (
        "move",
        "Patient.name",
        r#"{"name":"source","valueInteger":0},{"name":"destination","valueInteger":2}"#,
        IssueCode::Value,
    ),
    ("replace", "Patient.name[0]", "", IssueCode::Structure),
    ("upsert", "Patient.name[0]", "", IssueCode::Structure),
    (
        "delete",
        "Patient.name.children()",
        "",
        IssueCode::Structure,
    ),
    (
        "delete",
        "Patient.name[0]",
        r#"{"name":"other","valueString":"a"}"#,
        IssueCode::Structure,
    ),
    (
        "delete",
        "Patient.name[0]",
        r#"{"name":"type","valueCode":"add"}"#,
        IssueCode::Structure,
    ),
];

#[test]
fn fhirpath_operations_that_cannot_be_carried_out_are_refused() {
    for (kind, path, parts, code) in REFUSED {
        let operation = operation(kind, path, parts);
        assert_eq!(by_fhirpath(&[&operation]), Err(*code), "{operation}");
    }
}

proptest! {
    /// Whatever is sent, the patch is refused or leaves the same record.
    #[test]
    fn a_json_patch_never_changes_which_record_it_is(
        operations in proptest::collection::vec(
            (
                prop_oneof![Just("add"), Just("remove"), Just("replace"), Just("move"), Just("copy"), Just("test")],
                "(/(name|given|_given|contact|id|meta|0|1|-|family|resourceType)){0,4}",
                "(/(name|given|contact|id|0|1)){0,3}",
                prop_oneof![Just("1.50"), Just("\"a\""), Just("{}"), Just("[]"), Just("null"), Just("[[{\"a\":1}]]")],
            ),
            0..12,
        )
    ) {
        let operations: Vec<String> = operations
            .iter()
            .map(|(op, path, from, value)| {
                format!(r#"{{"op":"{op}","path":"{path}","from":"{from}","value":{value}}}"#)
            })
            .collect();
        let carrier = patch::carried(format!("[{}]", operations.join(",")).as_bytes()).unwrap();
        let patch = Patch::of(&carrier, 1_000).unwrap();
        let patient = patient();
        if let Ok(patched) = patch.apply(&patient, ROOM) {
            prop_assert_eq!(patched.id(), patient.id());
            prop_assert_eq!(patched.resource_type(), patient.resource_type());
        }
    }
}
