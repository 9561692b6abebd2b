//! What a resource is taken for: identity, labels, references, patients.

#![expect(clippy::unwrap_used, reason = "test code")]

use fhir::{IssueCode, LocalBase, ReferenceParameter, Refusal, Resource};
use model::{Timestamp, VersionNumber};

fn resource(json: &str) -> Resource {
    Resource::parse(json.as_bytes()).unwrap()
}

fn refusal(json: &str) -> Refusal {
    Resource::parse(json.as_bytes()).unwrap_err()
}

fn base() -> LocalBase {
    LocalBase::new(["https://example.org/f/a/fhir"])
}

fn patients(json: &str) -> Vec<String> {
    let found = resource(json).compartment_patients(&base());
    found.iter().map(ToString::to_string).collect()
}

const NO_RESOURCES: &[(&str, IssueCode, Option<&str>)] = &[
    ("[]", IssueCode::Structure, None),
    ("{}", IssueCode::Required, Some("Resource.resourceType")),
    (
        r#"{"resourceType":1}"#,
        IssueCode::Required,
        Some("Resource.resourceType"),
    ),
    (
        r#"{"resourceType":"patient"}"#,
        IssueCode::Value,
        Some("Resource.resourceType"),
    ),
    (
        r#"{"resourceType":"DomainResource"}"#,
        IssueCode::Value,
        Some("Resource.resourceType"),
    ),
    (
        r#"{"resourceType":"Patient","id":1}"#,
        IssueCode::Value,
        Some("Patient.id"),
    ),
    (
        r#"{"resourceType":"Patient","id":"a_b"}"#,
        IssueCode::Value,
        Some("Patient.id"),
    ),
    (
        r#"{"resourceType":"Patient","meta":[]}"#,
        IssueCode::Structure,
        Some("Patient.meta"),
    ),
    (
        r#"{"resourceType":"Observation","subject":{"reference":5}}"#,
        IssueCode::Structure,
        Some("Observation.subject.reference"),
    ),
    (
        r#"{"resourceType":"Observation","subject":"Patient/1"}"#,
        IssueCode::Structure,
        Some("Observation.subject"),
    ),
    (
        r#"{"resourceType":"Patient","link":[{},{"other":{"reference":{}}}]}"#,
        IssueCode::Structure,
        Some("Patient.link[1].other.reference"),
    ),
    (
        r#"{"resourceType":"Patient","_birthDate":{"extension":[{"url":"x","valueReference":{"reference":null}}]}}"#,
        IssueCode::Structure,
        Some("Patient.extension[0].valueReference.reference"),
    ),
    (
        r#"{"resourceType":"Patient","contained":[{"resourceType":"Dog"}]}"#,
        IssueCode::Value,
        Some("Patient.contained[0].resourceType"),
    ),
    (
        r#"{"resourceType":"Patient","contained":["Peter"]}"#,
        IssueCode::Structure,
        Some("Patient.contained[0]"),
    ),
];

#[test]
fn what_is_no_resource_is_refused_at_its_element() {
    for &(json, code, expression) in NO_RESOURCES {
        let refusal = refusal(json);
        assert_eq!(
            (refusal.code, refusal.expression.as_deref()),
            (code, expression),
            "{json}"
        );
        assert!(
            !refusal.text.contains("Peter") && !refusal.text.contains("a_b"),
            "{json}"
        );
    }
}

#[test]
fn a_binary_is_a_resource_like_any_other() {
    let binary = resource(
        r#"{"resourceType":"Binary","contentType":"text/plain","data":"eA==","securityContext":{"reference":"Patient/7"}}"#,
    );
    assert_eq!(binary.resource_type().as_str(), "Binary");
    assert_eq!(binary.security_context(&base()).unwrap().id.as_str(), "7");
    assert_eq!(binary.compartment_patients(&base()).len(), 1);
    let other = resource(
        r#"{"resourceType":"Binary","contentType":"text/plain","securityContext":{"reference":"DocumentReference/3"}}"#,
    );
    let context = other.security_context(&base()).unwrap();
    assert_eq!(context.resource_type.as_str(), "DocumentReference");
    assert!(other.compartment_patients(&base()).is_empty());
}

#[test]
fn our_identity_replaces_the_clients_and_keeps_the_rest() {
    let received = resource(
        r#"{"resourceType":"Patient","id":"mine","_id":{"extension":[]},"meta":{"versionId":"9","lastUpdated":"2001-01-01T00:00:00Z","_lastUpdated":{},"_versionId":{},"source":"urn:x","tag":[{"code":"t"}]},"multipleBirthInteger":1.0}"#,
    );
    let time = Timestamp::from_millis(1_795_300_000_123).unwrap();
    let stored = received.canonical_as(&"p-1".parse().unwrap(), VersionNumber::FIRST, time);
    assert_eq!(
        String::from_utf8(stored).unwrap(),
        format!(
            r#"{{"id":"p-1","meta":{{"lastUpdated":"{time}","source":"urn:x","tag":[{{"code":"t"}}],"versionId":"1"}},"multipleBirthInteger":1.0,"resourceType":"Patient"}}"#
        )
    );
    let plain = resource(r#"{"resourceType":"Patient","Z":1,"_active":{}}"#);
    let stored = plain.canonical_as(&"a".parse().unwrap(), VersionNumber::new(2).unwrap(), time);
    let read = Resource::parse(&stored).unwrap();
    assert_eq!(read.canonical(), stored, "what is written is canonical");
    assert_eq!(
        String::from_utf8(stored).unwrap(),
        format!(
            r#"{{"Z":1,"_active":{{}},"id":"a","meta":{{"lastUpdated":"{time}","versionId":"2"}},"resourceType":"Patient"}}"#
        )
    );
}

#[test]
fn labels_and_identifiers_are_read() {
    let it = resource(
        r#"{"resourceType":"DocumentReference","meta":{"security":[{"system":"s","code":"R"},{"code":"N"}]},"masterIdentifier":{"value":"m"},"identifier":[{"system":"u","value":"1"},{"system":"u"},{"use":"old"}]}"#,
    );
    let labels: Vec<_> = it
        .security_labels()
        .into_iter()
        .map(|coding| (coding.system, coding.code))
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(labels, [(some("s"), some("R")), (None, some("N"))]);
    let identifiers: Vec<_> = it
        .identifiers()
        .into_iter()
        .map(|identifier| (identifier.system, identifier.value))
        .collect();
    assert_eq!(
        identifiers,
        [(some("u"), some("1")), (some("u"), None), (None, some("m"))]
    );
}

const PATIENTS: &[(&str, &[&str])] = &[
    (
        r#"{"resourceType":"Patient","id":"1","link":[{"other":{"reference":"Patient/2"}}]}"#,
        &["1"],
    ),
    (r#"{"resourceType":"Patient"}"#, &[]),
    (
        r#"{"resourceType":"Observation","subject":{"reference":"Patient/1"}}"#,
        &["1"],
    ),
    (
        r#"{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"Patient/0"},{"reference":"Practitioner/3"}]}"#,
        &["0", "1"],
    ),
    (
        r#"{"resourceType":"Observation","subject":{"reference":"Patient/1/_history/4"},"performer":[{"reference":"https://example.org/f/a/fhir/Patient/1"}]}"#,
        &["1"],
    ),
    // The wrong cardinality hides no one.
    (
        r#"{"resourceType":"Observation","subject":[{"reference":"Patient/1"}]}"#,
        &["1"],
    ),
    (
        r##"{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}}"##,
        &[],
    ),
    (
        r#"{"resourceType":"Observation","subject":{"identifier":{"value":"1"},"type":"Patient"}}"#,
        &[],
    ),
    (
        r#"{"resourceType":"Observation","subject":{"reference":"https://example.org/f/b/fhir/Patient/1"}}"#,
        &[],
    ),
    (
        r#"{"resourceType":"Observation","subject":{"reference":"Group/1"}}"#,
        &[],
    ),
    (
        r#"{"resourceType":"Observation","focus":[{"reference":"Patient/1"}]}"#,
        &[],
    ),
    (
        r#"{"resourceType":"Group","member":[{"entity":{"reference":"Patient/2"}},{"entity":{"reference":"Patient/1"}}]}"#,
        &["1", "2"],
    ),
    (
        r#"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/5"}}]}"#,
        &["5"],
    ),
    (
        r#"{"resourceType":"Task","for":{"reference":"Patient/5"},"focus":{"reference":"Patient/6"}}"#,
        &["5", "6"],
    ),
    (
        r#"{"resourceType":"Organization","partOf":{"reference":"Organization/1"}}"#,
        &[],
    ),
];

#[test]
fn patients_are_named_by_the_parameters_of_the_compartment() {
    for (json, expected) in PATIENTS {
        assert_eq!(patients(json), *expected, "{json}");
    }
}

#[test]
fn search_references_are_those_of_the_parameter() {
    let it = resource(
        r#"{"resourceType":"Condition","subject":{"reference":"Group/1"},"asserter":{"reference":"Patient/2"}}"#,
    );
    assert!(
        it.references(ReferenceParameter::Patient, &base())
            .is_empty()
    );
    let subjects = it.references(ReferenceParameter::Subject, &base());
    let names: Vec<_> = subjects
        .iter()
        .map(|target| format!("{}/{}", target.resource_type, target.id))
        .collect();
    assert_eq!(names, ["Group/1"]);
    let it = resource(r#"{"resourceType":"Immunization","patient":{"reference":"Patient/2"}}"#);
    assert_eq!(it.references(ReferenceParameter::Patient, &base()).len(), 1);
    assert!(
        it.references(ReferenceParameter::Subject, &base())
            .is_empty()
    );
}

#[test]
fn a_reference_by_criteria_is_refused_where_it_stands() {
    let mut it = resource(
        r#"{"resourceType":"Observation","performer":[{"reference":"Practitioner/1"},{"reference":"Practitioner?identifier=http://x|1"}]}"#,
    );
    let refusal = it.refuse_conditional_references().unwrap_err();
    assert_eq!(refusal.code, IssueCode::NotSupported);
    assert_eq!(
        refusal.expression.as_deref(),
        Some("Observation.performer[1].reference")
    );
    let mut it = resource(
        r#"{"resourceType":"Observation","subject":{"reference":"https://example.org/x?a=b"}}"#,
    );
    assert!(it.refuse_conditional_references().is_ok());
}

#[test]
fn debug_and_errors_hold_nothing_of_the_record() {
    let it = resource(r#"{"resourceType":"Patient","id":"secret","name":[{"family":"Muster"}]}"#);
    assert_eq!(format!("{it:?}"), "a resource of type Patient");
    let error = refusal(r#"{"resourceType":"Patient","family":"Muster" 1}"#).to_string();
    assert!(
        !error.contains("Muster") && error.contains("line 1 column 45"),
        "{error}"
    );
}
