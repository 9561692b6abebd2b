//! Transactions, batches, and the Bundles that answer.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test code")]

use fhir::{
    IssueCode, Refusal, Severity,
    bundle::{
        Bundle, Entry, HistoryEntry, HistoryGap, Method, NamedRecord, Names, Page, ResponseEntry,
        SearchEntry, SearchMode, Versions, batch_response, history, processing_order,
        rewrite_links, searchset, transaction_response,
    },
    json::{self, Value},
    outcome,
};
use model::{Timestamp, VersionInteraction, VersionNumber};
use std::collections::HashMap;

fn parse(bundle_type: &str, entries: &str) -> Result<Bundle, Refusal> {
    let json = format!(r#"{{"resourceType":"Bundle","type":"{bundle_type}","entry":[{entries}]}}"#);
    Bundle::parse(json::parse(json.as_bytes()).unwrap(), 4)
}

fn transaction(entries: &str) -> Result<Vec<Entry>, Refusal> {
    match parse("transaction", entries)? {
        Bundle::Transaction(entries) => Ok(entries),
        Bundle::Batch(_) => panic!("a transaction is no batch"),
    }
}

fn refused(entries: &str) -> (IssueCode, String) {
    let refusal = transaction(entries).unwrap_err();
    (refusal.code, refusal.expression.unwrap())
}

const POST: &str =
    r#"{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}"#;
const DELETE: &str = r#"{"request":{"method":"DELETE","url":"Patient/1"}}"#;
const PUT: &str = r#"{"resource":{"resourceType":"Patient","id":"1"},"request":{"method":"PUT","url":"Patient/1"}}"#;
const GET: &str = r#"{"request":{"method":"GET","url":"/Patient/1"}}"#;

#[test]
fn only_transactions_and_batches_within_the_limit_are_taken() {
    let read = |json: &str| Bundle::parse(json::parse(json.as_bytes()).unwrap(), 4);
    for (json, expression) in [
        (r#"{"resourceType":"Patient"}"#, "Bundle.resourceType"),
        (
            r#"{"resourceType":"Bundle","type":"document"}"#,
            "Bundle.type",
        ),
        (
            r#"{"resourceType":"Bundle","type":"batch","entry":{}}"#,
            "Bundle.entry",
        ),
    ] {
        assert_eq!(
            read(json).unwrap_err().expression.as_deref(),
            Some(expression)
        );
    }
    // An empty transaction is no error.
    assert!(matches!(
        read(r#"{"resourceType":"Bundle","type":"transaction"}"#),
        Ok(Bundle::Transaction(entries)) if entries.is_empty()
    ));
    assert!(parse("batch", &[GET; 4].join(",")).is_ok());
    let refusal = parse("batch", &[GET; 5].join(",")).unwrap_err();
    assert_eq!(refusal.code, IssueCode::TooCostly);
    assert!(refusal.text.contains("at most 4 entries"));
}

const BAD_ENTRIES: &[(&str, IssueCode, &str)] = &[
    ("{}", IssueCode::Required, "request"),
    ("1", IssueCode::Required, "request"),
    (
        r#"{"request":{"method":"post","url":"Patient"}}"#,
        IssueCode::Value,
        "request.method",
    ),
    (
        r#"{"request":{"method":"GET"}}"#,
        IssueCode::Required,
        "request.url",
    ),
    (
        r#"{"request":{"method":"GET","url":"Dog/1"}}"#,
        IssueCode::Value,
        "request.url",
    ),
    (
        r#"{"request":{"method":"POST","url":"Patient"}}"#,
        IssueCode::Required,
        "resource",
    ),
    (
        r#"{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient/1"}}"#,
        IssueCode::Invalid,
        "request.url",
    ),
    (
        r#"{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Observation"}}"#,
        IssueCode::Invalid,
        "resource.resourceType",
    ),
    (
        r#"{"resource":{"resourceType":"Patient","id":"2"},"request":{"method":"PUT","url":"Patient/1"}}"#,
        IssueCode::Invalid,
        "resource.id",
    ),
    (
        r#"{"resource":{"resourceType":"Patient"},"request":{"method":"PUT","url":"Patient/1"}}"#,
        IssueCode::Invalid,
        "resource.id",
    ),
    (
        r#"{"resource":{"resourceType":"Patient","id":"1"},"request":{"method":"PUT","url":"Patient"}}"#,
        IssueCode::Invalid,
        "request.url",
    ),
    (
        r#"{"resource":{"resourceType":"Patient"},"request":{"method":"DELETE","url":"Patient/1"}}"#,
        IssueCode::Invalid,
        "resource",
    ),
    (
        r#"{"resource":{"resourceType":"Patient","id":"_"},"request":{"method":"PUT","url":"Patient/1"}}"#,
        IssueCode::Value,
        "resource.id",
    ),
    (
        r#"{"fullUrl":1,"request":{"method":"GET","url":"Patient/1"}}"#,
        IssueCode::Structure,
        "fullUrl",
    ),
    (
        r#"{"request":{"method":"DELETE","url":"Patient/1","ifMatch":3}}"#,
        IssueCode::Structure,
        "request.ifMatch",
    ),
    (
        r#"{"request":{"method":"GET","url":"Patient/1","ifModifiedSince":null}}"#,
        IssueCode::Structure,
        "request.ifModifiedSince",
    ),
];

#[test]
fn a_bad_entry_is_refused_at_its_element() {
    for &(entry, code, element) in BAD_ENTRIES {
        let expected = (code, format!("Bundle.entry[1].{element}"));
        assert_eq!(refused(&format!("{POST},{entry}")), expected, "{entry}");
    }
}

#[test]
fn a_batch_keeps_its_good_entries() {
    let Bundle::Batch(entries) = parse("batch", &format!("{GET},{{}},{POST}")).unwrap() else {
        panic!("a batch is no transaction");
    };
    let good: Vec<bool> = entries.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, true]);
    let refusal = entries.into_iter().find_map(Result::err).unwrap();
    assert_eq!(
        refusal.expression.as_deref(),
        Some("Bundle.entry[1].request")
    );
}

#[test]
fn the_same_record_or_full_url_twice_is_refused() {
    let at_url = |index| {
        (
            IssueCode::Invalid,
            format!("Bundle.entry[{index}].request.url"),
        )
    };
    assert_eq!(refused(&format!("{PUT},{DELETE}")), at_url(1));
    assert_eq!(refused(&format!("{POST},{PUT},{PUT}")), at_url(2));
    assert!(transaction(&format!("{PUT},{GET},{GET}")).is_ok());
    let named = r#"{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}"#;
    let expected = (IssueCode::Invalid, "Bundle.entry[1].fullUrl".to_owned());
    assert_eq!(refused(&format!("{named},{named}")), expected);
    let capitals = named.replace("urn:uuid:1", "URN:UUID:1");
    assert_eq!(refused(&format!("{named},{capitals}")), expected);
    assert!(parse("batch", &format!("{PUT},{DELETE}")).is_ok());
}

#[test]
fn the_order_of_processing_does_not_depend_on_the_order_of_entries() {
    let put = PUT
        .replace("/1", "/2")
        .replace(r#""id":"1""#, r#""id":"2""#);
    let entries = transaction(&format!("{GET},{put},{POST},{DELETE}")).unwrap();
    assert_eq!(processing_order(&entries), [3, 2, 1, 0]);
    let methods: Vec<Method> = entries.iter().map(|entry| entry.method).collect();
    assert_eq!(
        methods,
        [Method::Get, Method::Put, Method::Post, Method::Delete]
    );
}

#[test]
fn references_by_criteria_are_listed_and_resolved() {
    let entry = r#"{"resource":{"resourceType":"Observation","subject":{"reference":"Patient?identifier=1"},"performer":[{"reference":"Practitioner/1"}]},"request":{"method":"POST","url":"Observation"}}"#;
    let mut entries = transaction(entry).unwrap();
    let element = "Bundle.entry[0].resource.subject.reference";
    let listed = entries[0].criteria_references().unwrap();
    let [reference] = &listed[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(reference.text, "Patient?identifier=1");
    assert_eq!(reference.resource_type, "Patient");
    assert_eq!(reference.element, element);
    let refusal = entries[0].resolve(&HashMap::new()).unwrap_err();
    assert_eq!(refusal.code, IssueCode::NotSupported);
    assert_eq!(refusal.expression.as_deref(), Some(element));
    let found = HashMap::from([(reference.text.clone(), "Patient/2".to_owned())]);
    entries[0].resolve(&found).unwrap();
    let resource = entries[0].resource.as_ref().unwrap().value();
    let subject = resource
        .get("subject")
        .and_then(|subject| subject.get("reference"));
    assert_eq!(subject.and_then(Value::as_str), Some("Patient/2"));
    for entry in [
        GET.replace("/1", "?identifier=1"),
        DELETE.replace("/1", "?identifier=1"),
        PUT.replace(r#""url":"Patient/1""#, r#""url":"Patient?identifier=1""#),
        POST.replace(r#""url""#, r#""ifNoneExist":"identifier=1","url""#),
    ] {
        let mut entries = transaction(&entry).unwrap();
        assert!(
            entries[0].refuse_conditional_references().is_ok(),
            "{entry}"
        );
    }
}

fn names() -> Names {
    let mut names = Names::default();
    for (full_url, record) in [
        ("urn:uuid:p", "Patient/new"),
        ("urn:oid:1.2.3", "Device/d"),
        ("urn:hl7ii:1.2:x", "Group/g"),
        ("http://other.example/fhir/Patient/23", "Patient/new"),
        ("http://other.example/fhir/Binary/b", "Binary/c"),
    ] {
        let named = NamedRecord {
            record: record.to_owned(),
            versions: Versions::Source(Some(("4".to_owned(), VersionNumber::FIRST))),
        };
        names.insert(full_url, named);
    }
    names
}

fn rewritten(full_url: &str, resource: &str) -> Result<Value, Refusal> {
    let entry = format!(
        r#"{{"fullUrl":"{full_url}","resource":{resource},"request":{{"method":"POST","url":"Observation"}}}}"#
    );
    let mut entry = transaction(&entry)?.remove(0);
    rewrite_links(&mut entry, &names())?;
    Ok(entry.resource.unwrap().into_value())
}

/// Of a JSON Patch the types of elements are not known, nor of a string in Parameters.
#[test]
fn links_of_a_patch_are_rewritten_or_refused() {
    let parameters = |value: &str| {
        format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"operation","part":[{{"name":"value",{value}}}]}}]}}"#
        )
    };
    let binary = |patch: &str| {
        let carrier = fhir::patch::carried(patch.as_bytes()).unwrap();
        String::from_utf8(carrier.canonical()).unwrap()
    };
    let reference = parameters(r#""valueReference":{"reference":"urn:uuid:p"}"#);
    let elsewhere = parameters(r#""valueString":"urn:uuid:another""#);
    for (patch, expected) in [
        (reference, Some("Patient/new")),
        (elsewhere, Some("urn:uuid:another")),
        (parameters(r#""valueString":"urn:uuid:p""#), None),
        (
            binary(r#"[{"value":{"reference":"urn:uuid:another"}}]"#),
            Some("Binary"),
        ),
        (binary(r#"[{"value":{"reference":"urn:uuid:p"}}]"#), None),
        (binary(r#"[{"value":"URN:UUID:P"}]"#), None),
    ] {
        let entry = format!(
            r#"{{"resource":{patch},"request":{{"method":"PATCH","url":"Observation/1"}}}}"#
        );
        let mut entry = transaction(&entry).unwrap().remove(0);
        let told = rewrite_links(&mut entry, &names());
        match expected {
            Some(expected) => {
                told.unwrap();
                let after = entry.resource.unwrap().canonical();
                assert!(
                    String::from_utf8(after).unwrap().contains(expected),
                    "{patch}"
                );
            }
            None => {
                let refusal = told.unwrap_err();
                assert_eq!(refusal.code, IssueCode::NotSupported, "{patch}");
                assert_eq!(refusal.expression.unwrap(), "Bundle.entry[0].resource");
            }
        }
    }
}

#[track_caller]
fn assert_rewritten(full_url: &str, given: &str, expected: &str) {
    let canonical = |value: &Value| String::from_utf8(value.to_canonical()).unwrap();
    let expected = json::parse(expected.as_bytes()).unwrap();
    assert_eq!(
        canonical(&rewritten(full_url, given).unwrap()),
        canonical(&expected)
    );
}

#[test]
fn every_form_of_reference_is_rewritten_and_nothing_else() {
    let given = r##"{"resourceType":"Observation",
        "text":{"status":"generated","div":"<div><a href=\"urn:uuid:p\">urn:uuid:p</a><img src='urn:oid:1.2.3'/></div>"},
        "contained":[{"resourceType":"Provenance","target":[{"reference":"urn:uuid:p"}]},
                     {"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:other"}}}]}],
        "instantiatesCanonical":"urn:uuid:p",
        "subject":{"reference":"urn:uuid:p","display":"urn:uuid:p"},
        "performer":[{"reference":"Patient/23"},{"reference":"#x"},{"reference":"http://other.example/fhir/Patient/23/_history/4"},
                     {"reference":"http://other.example/fhir/Patient/23/_history/2"}],
        "device":{"reference":"urn:oid:1.2.3"},
        "code":{"coding":[{"system":"urn:oid:1.2.3","code":"urn:uuid:p"}],
                "_text":{"extension":[{"url":"urn:uuid:p","valueUri":"urn:uuid:p"},{"url":"x","valueReference":{"reference":"urn:uuid:p"}},{"url":"x","valueCanonical":"urn:uuid:p"}]}},
        "valueString":"urn:uuid:p"}"##;
    let expected = r##"{"resourceType":"Observation",
        "text":{"status":"generated","div":"<div><a href=\"Patient/new\">urn:uuid:p</a><img src='Device/d'/></div>"},
        "contained":[{"resourceType":"Provenance","target":[{"reference":"Patient/new"}]},
                     {"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:other"}}}]}],
        "instantiatesCanonical":"urn:uuid:p",
        "subject":{"reference":"Patient/new","display":"urn:uuid:p"},
        "performer":[{"reference":"Patient/23"},{"reference":"#x"},{"reference":"Patient/new/_history/1"},
                     {"reference":"http://other.example/fhir/Patient/23/_history/2"}],
        "device":{"reference":"Device/d"},
        "code":{"coding":[{"system":"Device/d","code":"urn:uuid:p"}],
                "_text":{"extension":[{"url":"urn:uuid:p","valueUri":"Patient/new"},{"url":"x","valueReference":{"reference":"Patient/new"}},{"url":"x","valueCanonical":"urn:uuid:p"}]}},
        "valueString":"urn:uuid:p"}"##;
    assert_rewritten("urn:uuid:o", given, expected);
}

#[test]
fn each_type_of_link_is_rewritten_and_keeps_its_fragment() {
    let given = r##"{"resourceType":"Observation",
        "subject":{"reference":"URN:UUID:P#x","type":"Patient"},
        "performer":[{"reference":"urn:hl7ii:1.2:x"}],
        "extension":[{"url":"x","valueUrl":"urn:uuid:P#a/b"},{"url":"x","valueOid":"URN:OID:1.2.3"},
                     {"url":"x","valueUuid":"urn:uuid:p"},{"url":"x","valueMarkdown":"[a](urn:uuid:p)"},
                     {"url":"x","valueAttachment":{"url":"urn:uuid:p#page=2","title":"urn:uuid:p"}}],
        "text":{"status":"generated","div":"<div><a href=\"urn:uuid:P#a&amp;b\">a</a><img src=\"urn:uuid:p\" alt=\"urn:uuid:p\"/></div>"},
        "note":[{"text":"urn:uuid:p"}]}"##;
    let expected = r##"{"resourceType":"Observation",
        "subject":{"reference":"Patient/new#x","type":"Patient"},
        "performer":[{"reference":"Group/g"}],
        "extension":[{"url":"x","valueUrl":"Patient/new#a/b"},{"url":"x","valueOid":"Device/d"},
                     {"url":"x","valueUuid":"Patient/new"},{"url":"x","valueMarkdown":"[a](urn:uuid:p)"},
                     {"url":"x","valueAttachment":{"url":"Patient/new#page=2","title":"urn:uuid:p"}}],
        "text":{"status":"generated","div":"<div><a href=\"Patient/new#a&amp;b\">a</a><img src=\"Patient/new\" alt=\"urn:uuid:p\"/></div>"},
        "note":[{"text":"urn:uuid:p"}]}"##;
    assert_rewritten("urn:uuid:o", given, expected);
}

#[test]
fn a_relative_link_starts_at_the_base_of_its_entrys_full_url() {
    let given = r##"{"resourceType":"Observation","subject":{"reference":"Patient/23"},"encounter":{"reference":"Encounter/1"},
        "extension":[{"url":"Patient/23","valueAttachment":{"url":"Binary/b"}},{"url":"x","valueUri":"Patient/23/_history/4#a"},{"url":"x","valueUri":"Patient/23/_history/3#a"}],
        "text":{"status":"generated","div":"<div><a href='Patient/23'>Patient/23</a><img src=\"Binary/b\"/><a href='#top'/></div>"}}"##;
    let expected = r##"{"resourceType":"Observation","subject":{"reference":"Patient/new"},"encounter":{"reference":"Encounter/1"},
        "extension":[{"url":"Patient/23","valueAttachment":{"url":"Binary/c"}},{"url":"x","valueUri":"Patient/new/_history/1#a"},
                     {"url":"x","valueUri":"http://other.example/fhir/Patient/23/_history/3#a"}],
        "text":{"status":"generated","div":"<div><a href='Patient/new'>Patient/23</a><img src=\"Binary/c\"/><a href='#top'/></div>"}}"##;
    for full_url in [
        "http://other.example/fhir/Observation/9",
        "http://other.example/fhir/Observation/9/_history/1",
    ] {
        assert_rewritten(full_url, given, expected);
    }
    for full_url in ["http://third.example/fhir/Observation/9", "urn:uuid:o"] {
        assert_rewritten(full_url, given, given);
    }
}

#[test]
fn an_unresolved_reference_is_refused_where_it_stands() {
    for reference in [
        "urn:uuid:none",
        "urn:oid:9",
        "urn:hl7ii:1.2:y",
        "URN:x:y",
        "urn:uuid:none#x",
    ] {
        let given = format!(
            r#"{{"resourceType":"Observation","performer":[{{}},{{"reference":"{reference}"}}]}}"#
        );
        let refusal = rewritten("urn:uuid:o", &given).unwrap_err();
        assert_eq!(
            refusal.expression.as_deref(),
            Some("Bundle.entry[0].resource.performer[1].reference")
        );
        assert!(!refusal.text.contains(reference));
    }
}

#[test]
fn a_narrative_whose_links_cannot_be_told_is_refused() {
    let given = r#"{"resourceType":"Observation","text":{"status":"generated","div":"<div><a href='urn:uuid:p</div>"}}"#;
    let refusal = rewritten("urn:uuid:o", given).unwrap_err();
    assert_eq!(refusal.code, IssueCode::Structure);
    assert_eq!(
        refusal.expression.as_deref(),
        Some("Bundle.entry[0].resource.text.div")
    );
}

fn is_canonical(bytes: &[u8]) -> Value {
    let value = json::parse(bytes).unwrap();
    assert_eq!(value.to_canonical(), bytes);
    value
}

#[test]
fn responses_are_canonical_and_in_request_order() {
    let time = Timestamp::from_millis(0).unwrap();
    let created = ResponseEntry {
        status: "201 Created".to_owned(),
        location: Some("Patient/1/_history/1".to_owned()),
        version: Some(VersionNumber::FIRST),
        last_modified: Some(time),
        resource: Some(br#"{"resourceType":"Patient"}"#.to_vec()),
        outcome: None,
    };
    let failed = ResponseEntry {
        status: "404 Not Found".to_owned(),
        outcome: Some(outcome(
            Severity::Error,
            IssueCode::NotFound,
            "no such record",
            None,
        )),
        ..ResponseEntry::default()
    };
    let bytes = batch_response(vec![created, failed]);
    is_canonical(&bytes);
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        r#"{"entry":[{"resource":{"resourceType":"Patient"},"response":{"etag":"W/\"1\"","lastModified":"1970-01-01T00:00:00.000Z","location":"Patient/1/_history/1","status":"201 Created"}},{"response":{"outcome":{"issue":[{"code":"not-found","details":{"text":"no such record"},"diagnostics":"no such record","severity":"error"}],"resourceType":"OperationOutcome"},"status":"404 Not Found"}}],"resourceType":"Bundle","type":"batch-response"}"#
    );
    assert_eq!(
        transaction_response(Vec::new()),
        br#"{"resourceType":"Bundle","type":"transaction-response"}"#
    );
}

const GAP: HistoryGap<'_> = HistoryGap {
    url: "Patient/_history",
    outcome: br#"{"resourceType":"OperationOutcome"}"#,
};

#[test]
fn a_searchset_and_a_history_have_what_r4_asks_for() {
    let page = Page {
        self_link: "https://x/a?b=\"c\"",
        first_link: Some("https://x/f"),
        next_link: Some("https://x/n"),
        total: Some(2),
    };
    let resource = br#"{"id":"1","resourceType":"Patient"}"#;
    let entry = |mode, full_url: Option<&str>| SearchEntry {
        full_url: full_url.map(str::to_owned),
        resource,
        mode,
    };
    let bytes = searchset(
        &page,
        vec![
            entry(SearchMode::Match, Some("https://x/Patient/1")),
            entry(SearchMode::Outcome, None),
        ],
    );
    is_canonical(&bytes);
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        r#"{"entry":[{"fullUrl":"https://x/Patient/1","resource":{"id":"1","resourceType":"Patient"},"search":{"mode":"match"}},{"resource":{"id":"1","resourceType":"Patient"},"search":{"mode":"outcome"}}],"link":[{"relation":"first","url":"https://x/f"},{"relation":"next","url":"https://x/n"},{"relation":"self","url":"https://x/a?b=\"c\""}],"resourceType":"Bundle","total":2,"type":"searchset"}"#
    );
    let (patient, id) = ("Patient".parse().unwrap(), "1".parse().unwrap());
    let version = |number, interaction, resource| HistoryEntry {
        full_url: "https://x/Patient/1".to_owned(),
        resource_type: &patient,
        id: &id,
        version: VersionNumber::new(number).unwrap(),
        interaction,
        begun: number == 1,
        last_modified: Timestamp::from_millis(0).unwrap(),
        resource,
        outcome: None,
    };
    let own = Page {
        self_link: "https://x/s",
        ..Page::default()
    };
    let bytes = history(
        &own,
        &[
            version(3, VersionInteraction::Delete, None),
            HistoryEntry {
                outcome: Some(GAP.outcome),
                ..version(2, VersionInteraction::Update, None)
            },
            version(1, VersionInteraction::Create, Some(resource)),
        ],
        Some(GAP),
    );
    is_canonical(&bytes);
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        r#"{"entry":[{"fullUrl":"https://x/Patient/1","request":{"method":"DELETE","url":"Patient/1"},"response":{"etag":"W/\"3\"","lastModified":"1970-01-01T00:00:00.000Z","status":"204 No Content"}},{"fullUrl":"https://x/Patient/1","request":{"method":"PUT","url":"Patient/1"},"response":{"etag":"W/\"2\"","lastModified":"1970-01-01T00:00:00.000Z","outcome":{"resourceType":"OperationOutcome"},"status":"500 Internal Server Error"}},{"fullUrl":"https://x/Patient/1","request":{"method":"POST","url":"Patient"},"resource":{"id":"1","resourceType":"Patient"},"response":{"etag":"W/\"1\"","lastModified":"1970-01-01T00:00:00.000Z","status":"201 Created"}},{"request":{"method":"GET","url":"Patient/_history"},"response":{"outcome":{"resourceType":"OperationOutcome"},"status":"500 Internal Server Error"}}],"link":[{"relation":"self","url":"https://x/s"}],"resourceType":"Bundle","type":"history"}"#
    );
    let empty = searchset::<&[u8]>(&page, Vec::new());
    assert!(is_canonical(&empty).get("entry").is_none());
}
