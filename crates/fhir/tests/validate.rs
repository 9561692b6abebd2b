//! What validation refuses, and by which name.

#![expect(clippy::unwrap_used, reason = "test code")]

use fhir::{
    Resource,
    json::{self, Value},
    validate::{Fault, MAX_FAULTS, outcome, validate, validate_value},
};

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

/// `code expression rule` of each fault.
fn faults(text: &str) -> Vec<String> {
    let show = |fault: &Fault| {
        let rule = fault.rule.map_or(String::new(), |rule| format!(" {rule}"));
        format!("{} {}{rule}", fault.code, fault.expression)
    };
    validate_value(&parse(text)).iter().map(show).collect()
}

/// An Observation with these members beside its required ones.
fn observation(members: &str) -> Vec<String> {
    faults(&format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"a"}}{members}}}"#
    ))
}

fn patient(members: &str) -> Vec<String> {
    faults(&format!(r#"{{"resourceType":"Patient"{members}}}"#))
}

const NONE: [&str; 0] = [];

#[test]
fn a_valid_resource_has_no_fault() {
    assert_eq!(observation(""), NONE);
    assert_eq!(patient(""), NONE);
    let resource = Resource::parse(br#"{"resourceType":"Basic","code":{"text":"a"}}"#).unwrap();
    assert_eq!(validate(&resource), []);
}

#[test]
fn an_element_that_r4_does_not_have_is_named() {
    assert_eq!(
        observation(r#","colour":"red""#),
        ["structure Observation.colour"]
    );
    assert_eq!(
        observation(r#","component":[{"code":{"text":"a","txt":"b"}}]"#),
        ["structure Observation.component[0].code.txt"]
    );
    assert_eq!(
        observation(r#","fhir_comments":["a"]"#),
        ["structure Observation.fhir_comments"]
    );
    assert_eq!(
        observation(r#","resourceTyp":"a""#),
        ["structure Observation.resourceTyp"]
    );
    assert_eq!(
        observation(r#","valueMoney":{"value":1}"#),
        ["structure Observation.valueMoney"]
    );
    assert_eq!(
        observation(r#","subject":{"resourceType":"Patient"}"#),
        ["structure Observation.subject.resourceType"]
    );
    // Elements that others add to R4.
    assert_eq!(
        patient(r#","meta":{"project":"a","account":{"reference":"Patient/1"}}"#).len(),
        2
    );
    // A name that may be a value is not repeated.
    assert_eq!(
        patient(r#","Jane Doe, born 1980":1"#),
        ["structure Patient"]
    );
}

#[test]
fn what_is_required_is_asked_for_all_at_once() {
    assert_eq!(
        faults(r#"{"resourceType":"Observation"}"#),
        ["required Observation.status", "required Observation.code"]
    );
    assert_eq!(
        observation(r#","component":[{}]"#),
        ["invariant Observation.component[0] ele-1"]
    );
    assert_eq!(
        observation(r#","component":[{"id":"a"}]"#),
        ["required Observation.component[0].code"]
    );
    assert_eq!(
        faults(r#"{"resourceType":"AllergyIntolerance","clinicalStatus":{"text":"a"}}"#),
        [
            "code-invalid AllergyIntolerance.clinicalStatus",
            "required AllergyIntolerance.patient"
        ]
    );
}

#[test]
fn arrays_stand_where_r4_has_arrays() {
    assert_eq!(
        patient(r#","name":{"family":"a"}"#),
        ["structure Patient.name"]
    );
    assert_eq!(
        patient(r#","gender":["male"]"#),
        ["structure Patient.gender"]
    );
    assert_eq!(patient(r#","name":[]"#), ["structure Patient.name"]);
    assert_eq!(patient(r#","name":[null]"#), ["structure Patient.name[0]"]);
    assert_eq!(patient(r#","name":["a"]"#), ["structure Patient.name[0]"]);
    assert_eq!(patient(r#","gender":null"#), ["structure Patient.gender"]);
    assert_eq!(
        patient(r#","maritalStatus":"M""#),
        ["structure Patient.maritalStatus"]
    );
}

#[test]
fn a_choice_has_one_type() {
    assert_eq!(observation(r#","valueString":"a""#), NONE);
    assert_eq!(
        observation(r#","valueString":"a","valueInteger":1"#),
        ["structure Observation.value.ofType(string)"]
    );
    assert_eq!(
        observation(r#","valueString":"a","_valueInteger":{"id":"a"}"#).len(),
        1
    );
    assert_eq!(
        observation(r#","valueInteger":"1""#),
        ["value Observation.value.ofType(integer)"]
    );
    assert_eq!(
        observation(r#","value":"1""#),
        ["structure Observation.value"]
    );
}

#[test]
fn primitives_have_the_format_of_their_type() {
    for (member, expression) in [
        (r#""birthDate":"2021-02-29""#, "Patient.birthDate"),
        (r#""birthDate":"1980-1-1""#, "Patient.birthDate"),
        (r#""birthDate":19800101"#, "Patient.birthDate"),
        (r#""active":"true""#, "Patient.active"),
        (r#""id":"a_b""#, "Patient.id"),
        (
            r#""deceasedDateTime":"2020-01-01T10:00:00""#,
            "Patient.deceased.ofType(dateTime)",
        ),
        (
            r#""multipleBirthInteger":1.0"#,
            "Patient.multipleBirth.ofType(integer)",
        ),
        (r#""implicitRules":"a b""#, "Patient.implicitRules"),
        (r#""language":"""#, "Patient.language"),
        (
            r#""photo":[{"contentType":"image/png","data":"YQ"}]"#,
            "Patient.photo[0].data",
        ),
        (
            r#""meta":{"lastUpdated":"2020-01-01"}"#,
            "Patient.meta.lastUpdated",
        ),
        (
            r#""telecom":[{"system":"phone","value":"1","rank":0}]"#,
            "Patient.telecom[0].rank",
        ),
    ] {
        assert_eq!(
            patient(&format!(",{member}")),
            [format!("value {expression}")],
            "{member}"
        );
    }
}

#[test]
fn a_primitive_has_extensions_beside_it() {
    let extension = r#"{"extension":[{"url":"http://a.b","valueString":"c"}]}"#;
    for good in [
        format!(r#","birthDate":"2020","_birthDate":{extension}"#),
        format!(r#","_birthDate":{extension}"#),
        r#","_birthDate":{"id":"a"}"#.to_owned(),
        format!(r#","name":[{{"given":["a",null],"_given":[null,{extension}]}}]"#),
        format!(r#","name":[{{"_given":[{extension}]}}]"#),
    ] {
        assert_eq!(patient(&good), NONE, "{good}");
    }
    for (bad, expected) in [
        (r#","_birthDate":{}"#, "invariant Patient.birthDate ele-1"),
        (r#","_birthDate":"a""#, "structure Patient.birthDate"),
        (
            r#","_birthDate":[{"id":"a"}]"#,
            "structure Patient.birthDate",
        ),
        (
            r#","_birthDate":{"value":"a"}"#,
            "structure Patient.birthDate.value",
        ),
        (r#","_name":[{"id":"a"}]"#, "structure Patient._name"),
        (r#","_other":{"id":"a"}"#, "structure Patient._other"),
        (
            r#","name":[{"given":["a",null]}]"#,
            "structure Patient.name[0].given[1]",
        ),
        (
            r#","name":[{"given":["a","b"],"_given":[{"id":"a"}]}]"#,
            "structure Patient.name[0].given",
        ),
        (
            r#","name":[{"given":["a",null],"_given":[null,null]}]"#,
            "structure Patient.name[0].given[1]",
        ),
        (
            r#","extension":[{"url":"http://a.b"}]"#,
            "invariant Patient.extension[0] ext-1",
        ),
        (
            r#","extension":[{"valueString":"a"}]"#,
            "required Patient.extension[0].url",
        ),
        (
            r#","extension":[{"url":"a:b","valueString":"a","extension":[{"url":"a:b","valueCode":"a"}]}]"#,
            "invariant Patient.extension[0] ext-1",
        ),
    ] {
        assert_eq!(patient(bad), [expected], "{bad}");
    }
}

#[test]
fn required_codes_are_checked() {
    assert_eq!(patient(r#","gender":"m""#), ["code-invalid Patient.gender"]);
    let status = |coding: &str| {
        faults(&format!(
            r#"{{"resourceType":"AllergyIntolerance","patient":{{"reference":"Patient/1"}},
            "clinicalStatus":{{"coding":[{coding}]}}}}"#
        ))
    };
    let system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
    assert_eq!(
        status(&format!(
            r#"{{"code":"x"}},{{"system":"{system}","code":"active"}}"#
        )),
        NONE
    );
    for bad in [
        format!(r#"{{"system":"{system}","code":"none"}}"#),
        r#"{"system":"http://other","code":"active"}"#.to_owned(),
        r#"{"code":"active"}"#.to_owned(),
    ] {
        assert_eq!(
            status(&bad),
            ["code-invalid AllergyIntolerance.clinicalStatus"],
            "{bad}"
        );
    }
    // No list of these is complete.
    assert_eq!(
        faults(r#"{"resourceType":"Binary","contentType":"application/x-own; a=b"}"#),
        NONE
    );
}

#[test]
fn references_lead_to_the_types_that_r4_allows() {
    for good in [
        r#"{"reference":"Patient/1"}"#,
        r#"{"reference":"http://a.b/fhir/Group/1/_history/2"}"#,
        r#"{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}"#,
        r#"{"reference":"Patient?identifier=a|b"}"#,
        r#"{"reference":"http://a.b/other"}"#,
        r##"{"reference":"http://a.b/docs/Practitioner/1#2"}"##,
        r#"{"identifier":{"value":"a"},"type":"Patient"}"#,
        r#"{"display":"a"}"#,
        r#"{"type":"http://a.b/own","display":"a"}"#,
    ] {
        assert_eq!(
            observation(&format!(r#","subject":{good}"#)),
            NONE,
            "{good}"
        );
    }
    for bad in [
        r#"{"reference":"Practitioner/1"}"#,
        r#"{"reference":"http://a.b/fhir/Practitioner/1"}"#,
        r#"{"reference":"Practitioner?identifier=a"}"#,
        r#"{"identifier":{"value":"a"},"type":"Practitioner"}"#,
    ] {
        let found = observation(&format!(r#","subject":{bad}"#));
        assert_eq!(found, ["value Observation.subject"], "{bad}");
    }
    // `focus` may lead anywhere.
    assert_eq!(
        observation(r#","focus":[{"reference":"Practitioner/1"}]"#),
        NONE
    );
}

#[test]
fn contained_resources_are_referred_to_and_hold_none() {
    let with = |subject: &str, contained: &str| {
        observation(&format!(
            r#","subject":{{"reference":"{subject}"}},"contained":[{contained}]"#
        ))
    };
    let patient = r#"{"resourceType":"Patient","id":"p"}"#;
    assert_eq!(with("#p", patient), NONE);
    assert_eq!(
        with("Patient/1", patient),
        ["invariant Observation.contained[0] dom-3"]
    );
    assert_eq!(
        with("#q", patient),
        [
            "invariant Observation.subject ref-1",
            "invariant Observation.contained[0] dom-3"
        ]
    );
    assert_eq!(
        with("#p", r#"{"resourceType":"Practitioner","id":"p"}"#),
        ["value Observation.subject"]
    );
    assert_eq!(
        with(
            "#p",
            r#"{"resourceType":"Patient","id":"p","meta":{"versionId":"1"}}"#
        ),
        ["invariant Observation.contained[0] dom-4"]
    );
    assert_eq!(
        with(
            "#p",
            r#"{"resourceType":"Patient","id":"p","meta":{"security":[{"code":"R"}]}}"#
        ),
        ["invariant Observation.contained[0] dom-5"]
    );
    assert_eq!(
        with(
            "#p",
            &format!(r#"{{"resourceType":"Patient","id":"p","contained":[{patient}]}}"#)
        ),
        ["invariant Observation.contained[0].contained[0] dom-2"]
    );
    assert_eq!(
        with("Patient/1", r#"{"resourceType":"Patient"}"#),
        ["invariant Observation.contained[0] dom-3"]
    );
    assert_eq!(
        with("#p", r#"{"resourceType":"Patient","id":"p","gender":"x"}"#),
        ["code-invalid Observation.contained[0].gender"]
    );
    // One contained resource refers to another, and one to the whole.
    let group = r##"{"resourceType":"Group","id":"g","type":"person","actual":true,
        "member":[{"entity":{"reference":"#p"}}]}"##;
    assert_eq!(with("#g", &format!("{patient},{group}")), NONE);
    let back = r##"{"resourceType":"Provenance","id":"v","target":[{"reference":"#"}],
        "recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"a"}}]}"##;
    assert_eq!(with("Patient/1", back), NONE);
}

#[test]
fn an_entry_of_a_bundle_is_a_resource_of_its_own() {
    let bundle = |resource: &str| {
        faults(&format!(
            r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"fullUrl":"http://a.b/1",
            "resource":{resource}}}]}}"#
        ))
    };
    let whole = r##"{"resourceType":"Observation","status":"final","code":{"text":"a"},
        "subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]}"##;
    assert_eq!(bundle(whole), NONE);
    assert_eq!(
        bundle(&whole.replace("#p", "#q")),
        [
            "invariant Bundle.entry[0].resource.subject ref-1",
            "invariant Bundle.entry[0].resource.contained[0] dom-3"
        ]
    );
    assert_eq!(
        bundle(r#"{"resourceType":"Nothing"}"#),
        ["structure Bundle.entry[0].resource"]
    );
    assert_eq!(bundle("{}"), ["structure Bundle.entry[0].resource"]);
    assert_eq!(bundle("1"), ["structure Bundle.entry[0].resource"]);
}

/// Resources, each with the one rule that it breaks.
const BROKEN: &[(&str, &str)] = &[
    (
        r#"{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueInteger":1,
            "dataAbsentReason":{"text":"a"}}"#,
        "invariant Observation obs-6",
    ),
    (
        r#"{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"a"}]},
            "valueInteger":1,"component":[{"code":{"coding":[{"code":"a"}]}}]}"#,
        "invariant Observation obs-7",
    ),
    (
        r#"{"resourceType":"Patient","contact":[{"gender":"male"}]}"#,
        "invariant Patient.contact[0] pat-1",
    ),
    (
        r#"{"resourceType":"Patient","telecom":[{"value":"1"}]}"#,
        "invariant Patient.telecom[0] cpt-2",
    ),
    (
        r#"{"resourceType":"Patient","name":[{"period":{"start":"2020-02","end":"2020-01"}}]}"#,
        "invariant Patient.name[0].period per-1",
    ),
    (
        r#"{"resourceType":"Observation","status":"final","code":{"text":"a"},
            "valueQuantity":{"value":1,"code":"mg"}}"#,
        "invariant Observation.value.ofType(Quantity) qty-3",
    ),
    (
        r#"{"resourceType":"Observation","status":"final","code":{"text":"a"},
            "valueRange":{"low":{"value":2},"high":{"value":1}}}"#,
        "invariant Observation.value.ofType(Range) rng-2",
    ),
    (
        r#"{"resourceType":"Organization"}"#,
        "invariant Organization org-1",
    ),
    (
        r#"{"resourceType":"Organization","name":"a","telecom":[{"use":"home","system":"phone"}]}"#,
        "invariant Organization.telecom[0] org-3",
    ),
    (
        r#"{"resourceType":"Bundle","type":"batch","total":1}"#,
        "invariant Bundle bdl-1",
    ),
    (
        r#"{"resourceType":"Bundle","type":"collection","entry":[
            {"fullUrl":"a:b","resource":{"resourceType":"Patient"}},
            {"fullUrl":"a:b","resource":{"resourceType":"Patient"}}]}"#,
        "invariant Bundle bdl-7",
    ),
    (
        r#"{"resourceType":"Task","status":"draft","intent":"order",
            "authoredOn":"2020-01-02","lastModified":"2020-01-01"}"#,
        "invariant Task inv-1",
    ),
    (
        r#"{"resourceType":"Appointment","status":"booked","participant":[{"status":"accepted","type":[{"text":"a"}]}]}"#,
        "invariant Appointment app-3",
    ),
];

#[test]
fn invariants_are_evaluated() {
    for (resource, expected) in BROKEN {
        assert_eq!(faults(resource), [*expected], "{resource}");
    }
}

#[test]
fn what_cannot_be_compared_breaks_no_invariant() {
    for good in [
        r#"{"resourceType":"Patient","name":[{"period":{"start":"2020","end":"2020-01"}}]}"#,
        r#"{"resourceType":"Patient","name":[{"period":{"_start":{"id":"a"},"end":"2020-01"}}]}"#,
        r#"{"resourceType":"Organization","_name":{"id":"a"}}"#,
        r#"{"resourceType":"Bundle","type":"history","entry":[]}"#,
    ] {
        let found = faults(good);
        assert!(
            !found.iter().any(|fault| fault.starts_with("invariant")),
            "{good} {found:?}"
        );
    }
}

#[test]
fn a_narrative_is_plain_xhtml_with_something_to_read() {
    let narrative = |div: &str| {
        let div = div.replace('"', "\\\"");
        patient(&format!(
            r#","text":{{"status":"generated","div":"{div}"}}"#
        ))
    };
    let xmlns = r#"xmlns="http://www.w3.org/1999/xhtml""#;
    for good in [
        format!("<div {xmlns}>a</div>"),
        format!(r##"<div {xmlns}><p style="color: red">a<br/></p><a href="#a">b</a></div>"##),
        format!(r#"<div {xmlns}><img src="a.png" alt="a"/></div>"#),
        format!("<!-- a --><div {xmlns}>&lt;&#160;</div>"),
    ] {
        assert_eq!(narrative(&good), NONE, "{good}");
    }
    for (bad, rule) in [
        ("<div>a</div>".to_owned(), "txt-1"),
        (format!("<p {xmlns}>a</p>"), "txt-1"),
        (format!("<div {xmlns}>a"), "txt-1"),
        (format!("<div {xmlns}><p>a</div>"), "txt-1"),
        (format!("<div {xmlns}>a</div>b"), "txt-1"),
        (format!("<div {xmlns}>a</div><div {xmlns}>a</div>"), "txt-1"),
        (format!("<div {xmlns}><script>a</script></div>"), "txt-1"),
        (format!("<div {xmlns}><p onclick='a'>a</p></div>"), "txt-1"),
        (
            format!("<div {xmlns}><a href=' JavaScript:a'>a</a></div>"),
            "txt-1",
        ),
        (format!("<div {xmlns}><form>a</form></div>"), "txt-1"),
        (format!("<!DOCTYPE a><div {xmlns}>a</div>"), "txt-1"),
        ("a".to_owned(), "txt-1"),
        (format!("<div {xmlns}> <p> </p></div>"), "txt-2"),
    ] {
        assert_eq!(
            narrative(&bad),
            [format!("invariant Patient.text.div {rule}")],
            "{bad}"
        );
    }
}

#[test]
fn all_faults_are_told_at_once_and_not_without_end() {
    let found = patient(r#","gender":"m","birthDate":"x","colour":"red","active":1"#);
    assert_eq!(
        found,
        [
            "value Patient.active",
            "value Patient.birthDate",
            "structure Patient.colour",
            "code-invalid Patient.gender"
        ]
    );
    let names = vec![r#"{"colour":1}"#; 500].join(",");
    let value = parse(&format!(r#"{{"resourceType":"Patient","name":[{names}]}}"#));
    let told = validate_value(&value);
    let (last, told) = told.split_last().unwrap();
    assert_eq!(told.len(), MAX_FAULTS);
    assert_eq!(last.text, "further faults, not told here: 400");
    assert_eq!(
        (last.code.as_str(), &*last.expression),
        ("informational", "Patient")
    );
    let issues = outcome(&validate_value(&value));
    let mut severities = Vec::new();
    issues.each("issue.severity", &mut |one| severities.extend(one.as_str()));
    assert_eq!(severities.pop(), Some("information"));
    assert_eq!(severities, ["error"; MAX_FAULTS]);
}

#[test]
fn a_text_holds_no_value_of_the_resource() {
    let secret = "Wxyzzy";
    let resource = parse(&format!(
        r##"{{"resourceType":"Patient","gender":"{secret}","birthDate":"{secret}","id":"{secret}!",
        "name":["{secret}"],"managingOrganization":{{"reference":"Patient/{secret}"}},
        "generalPractitioner":[{{"reference":"#{secret}"}}],"contact":[{{"gender":"{secret}"}}],
        "text":{{"status":"{secret}","div":"{secret}"}},"{secret} {secret}":1}}"##
    ));
    let faults = validate_value(&resource);
    assert!(faults.len() > 8, "{faults:?}");
    assert!(!format!("{faults:?}").contains(secret), "{faults:?}");
}

#[test]
fn an_outcome_has_an_issue_for_each_fault() {
    let outcome_of = |text: &str| outcome(&validate_value(&parse(text)));
    let refused = outcome_of(r#"{"resourceType":"Observation"}"#);
    assert_eq!(refused.get("issue").unwrap().as_array().unwrap().len(), 2);
    let mut expressions = Vec::new();
    refused.each("issue.expression", &mut |one| {
        expressions.extend(one.as_str())
    });
    assert_eq!(expressions, ["Observation.status", "Observation.code"]);
    for value in [refused, outcome(&[])] {
        assert_eq!(validate_value(&value), []);
    }
}

/// Work that grows with the square of the input ends.
#[test]
fn a_rule_that_would_run_long_is_given_up() {
    let coding = vec![r#"{"code":"a"}"#; 3_000].join(",");
    let component = vec![format!(r#"{{"code":{{"coding":[{coding}]}}}}"#); 20].join(",");
    let found = faults(&format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"coding":[{coding}]}},
        "valueInteger":1,"component":[{component}]}}"#
    ));
    assert_eq!(found, ["too-costly Observation"]);
}
