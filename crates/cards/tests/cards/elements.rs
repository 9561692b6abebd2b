//! Each kind of parameter over each data type that it is found in.

use crate::{tag, values};
use index::{
    Code, DateRange, DecimalText, Identifier, Number, Quantity, Reference, Text, Uri, Value,
};

fn code(system: &str, code: &str) -> Value {
    Value::Code(Code::new(system, code))
}

fn text(text: &str) -> Value {
    Value::Text(Text::new(text))
}

fn date(text: &str) -> Value {
    Value::Date(DateRange::of_date(text).unwrap())
}

fn reference(kind: &str, id: &str) -> Value {
    Value::Reference(Reference {
        target: tag(&kind.parse().unwrap(), &id.parse().unwrap()),
        resource_type: kind.to_owned(),
    })
}

fn kilograms(number: Number) -> Value {
    Value::Quantity(Quantity {
        number,
        system: Some("http://unitsofmeasure.org".to_owned()),
        code: Some("kg".to_owned()),
        unit: Some("kilo".to_owned()),
    })
}

fn point(text: &str) -> Number {
    Number::Point(DecimalText::parse(text).unwrap())
}

#[test]
fn names_and_addresses_are_found_by_each_of_their_parts() {
    let patient = r#"{"resourceType":"Patient","name":[{"family":"Müller","given":["Anna","M."]}],
        "address":[{"line":["Main St 1"],"city":"Basel"}],
        "telecom":[{"system":"phone","value":"555"},{"system":"email","value":"a@b"}]}"#;
    assert_eq!(
        values(patient, "name"),
        [text("Müller"), text("Anna"), text("M.")]
    );
    assert_eq!(values(patient, "family"), [text("Müller")]);
    assert_eq!(
        values(patient, "address"),
        [text("Main St 1"), text("Basel")]
    );
    assert_eq!(values(patient, "phone"), [code("", "555")]);
    assert_eq!(
        values(patient, "telecom"),
        [code("", "555"), code("", "a@b")]
    );
    assert_eq!(values(patient, "deceased"), [code("", "false")]);
}

#[test]
fn a_code_has_the_system_of_its_binding() {
    let observation = r#"{"resourceType":"Observation","status":"final","code":{"coding":[
        {"system":"http://loinc.org","code":"1-8"},{"code":"local"},{"display":"none"}]},
        "meta":{"tag":[{"system":"s","code":"t"}],"profile":["http://p|1"],"source":"urn:x"}}"#;
    assert_eq!(
        values(observation, "status"),
        [code("http://hl7.org/fhir/observation-status", "final")]
    );
    assert_eq!(
        values(observation, "code"),
        [code("http://loinc.org", "1-8"), code("", "local")]
    );
    let bare = r#"{"resourceType":"Observation","code":{"text":"none"}}"#;
    assert_eq!(values(bare, "code"), [text("")]);
    assert_eq!(values(observation, "_tag"), [code("s", "t")]);
    assert_eq!(
        values(observation, "_profile"),
        [Value::Uri(Uri::canonical("http://p|1"))]
    );
    assert_eq!(
        values(observation, "_source"),
        [Value::Uri(Uri::new("urn:x"))]
    );
    assert_eq!(
        values(observation, "_lastUpdated"),
        [date("2026-11-28T10:00:00.123Z")]
    );
    let patient = r#"{"resourceType":"Patient","active":true,"gender":"female"}"#;
    assert_eq!(values(patient, "active"), [code("", "true")]);
    assert_eq!(
        values(patient, "gender"),
        [code("http://hl7.org/fhir/administrative-gender", "female")]
    );
}

#[test]
fn a_reference_is_what_it_names() {
    let observation = r##"{"resourceType":"Observation",
        "subject":{"reference":"https://example.org/fhir/Patient/1/_history/2"},
        "performer":[{"reference":"Practitioner/p"},{"reference":"#c"},
            {"reference":"https://other.example/fhir/Practitioner/q"},
            {"identifier":{"system":"s","value":"v","type":{"coding":[{"code":"NPI"}]}}}],
        "contained":[{"resourceType":"Practitioner","id":"c"}]}"##;
    assert_eq!(values(observation, "patient"), [reference("Patient", "1")]);
    assert_eq!(values(observation, "subject"), [reference("Patient", "1")]);
    let contained = text("");
    let elsewhere = Value::Uri(Uri::new("https://other.example/fhir/Practitioner/q"));
    let identifier = Value::Identifier(Identifier {
        value: Code::new("s", "v"),
        types: vec![Code::new("", "NPI")],
    });
    assert_eq!(
        values(observation, "performer"),
        [
            reference("Practitioner", "p"),
            contained,
            elsewhere,
            identifier
        ]
    );
}

#[test]
fn dates_periods_and_timings_are_ranges() {
    let of = |effective: &str| {
        let json = format!(r#"{{"resourceType":"Observation",{effective}}}"#);
        values(&json, "date")
    };
    assert_eq!(of(r#""effectiveDateTime":"2019-03""#), [date("2019-03")]);
    let period = |start, end| vec![Value::Date(DateRange::of_period(start, end).unwrap())];
    assert_eq!(
        of(r#""effectivePeriod":{"start":"2019-03-05"}"#),
        period(Some("2019-03-05"), None)
    );
    let timing = r#""effectiveTiming":{"event":["2019-05-01","2019-03-05"],
        "repeat":{"boundsPeriod":{"start":"2019-04","end":"2020"}}}"#;
    assert_eq!(of(timing), period(Some("2019-03-05"), Some("2020")));
    assert_eq!(of(r#""effectiveDateTime":"2019-13""#), [text("")]);
}

#[test]
fn quantities_keep_their_unit_and_the_text_of_the_number() {
    let of = |value: &str| {
        let json = format!(r#"{{"resourceType":"Observation",{value}}}"#);
        values(&json, "value-quantity")
    };
    let unit = r#""system":"http://unitsofmeasure.org","code":"kg","unit":"kilo""#;
    assert_eq!(
        of(&format!(r#""valueQuantity":{{"value":72.50,{unit}}}"#)),
        [kilograms(point("72.50"))]
    );
    let less = Number::compared("<", "5").unwrap();
    let json = format!(r#""valueQuantity":{{"comparator":"<","value":5,{unit}}}"#);
    assert_eq!(of(&json), [kilograms(less)]);
    let invoice = r#"{"resourceType":"Invoice","totalNet":{"value":1.5,"currency":"CHF"}}"#;
    assert_eq!(
        values(invoice, "totalnet"),
        [Value::Quantity(Quantity {
            number: point("1.5"),
            system: Some("urn:iso:std:iso:4217".to_owned()),
            code: Some("CHF".to_owned()),
            unit: None,
        })]
    );
    let risk = r#"{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.3},
        {"probabilityRange":{"low":{"value":1},"high":{"value":2}}}]}"#;
    let range = Number::range(Some("1"), Some("2")).unwrap();
    assert_eq!(
        values(risk, "probability"),
        [Value::Number(point("0.3")), Value::Number(range)]
    );
}

#[test]
fn a_composite_keeps_together_what_one_element_has() {
    let pressure = r#"{"resourceType":"Observation","component":[
        {"code":{"coding":[{"code":"sys"}]},"valueQuantity":{"value":120}},
        {"code":{"coding":[{"code":"dia"}]},"valueQuantity":{"value":80}},
        {"code":{"coding":[{"code":"none"}]}}]}"#;
    let one = |name: &str, number: &str| {
        let quantity = Quantity {
            number: point(number),
            system: None,
            code: None,
            unit: None,
        };
        Value::Composite(vec![vec![code("", name)], vec![Value::Quantity(quantity)]])
    };
    assert_eq!(
        values(pressure, "component-code-value-quantity"),
        [one("sys", "120"), one("dia", "80")]
    );
}

/// One less than a card has room for: none is left out, and each repeated one is looked up.
#[test]
fn many_repeated_codes_are_found_once_each_in_their_order() {
    let coding = |number: usize| format!(r#"{{"code":"{number}"}}"#);
    let repeated = (0..499).chain((0..100_000).map(|_| 498));
    let codings: Vec<_> = repeated.map(coding).collect();
    let found = values(
        &format!(
            r#"{{"resourceType":"Observation","code":{{"coding":[{}]}}}}"#,
            codings.join(",")
        ),
        "code",
    );
    let each: Vec<_> = (0..499)
        .map(|number: usize| code("", &number.to_string()))
        .collect();
    assert_eq!(found, each);
}
