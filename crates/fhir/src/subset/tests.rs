use super::*;
use crate::json;

fn observation() -> Value {
    json::parse(
        br##"{
            "resourceType": "Observation", "id": "a", "language": "en",
            "meta": {"versionId": "3", "tag": [{"code": "x"}]},
            "implicitRules": "urn:rules",
            "text": {"status": "generated", "div": "<div>t</div>"},
            "contained": [{"resourceType": "Device", "id": "d"}],
            "extension": [{"url": "urn:e", "valueString": "e"}],
            "modifierExtension": [{"url": "urn:m", "valueString": "m"}],
            "status": "final", "_status": {"id": "s"},
            "code": {"text": "c", "extension": [{"url": "urn:e", "valueString": "e"}]},
            "device": {"reference": "#d"},
            "note": [{"text": "n"}],
            "valueQuantity": {"value": 1.50, "unit": "kg"},
            "component": [{"code": {"text": "p"}, "interpretation": [{"text": "i"}],
                "valueString": "v"}]
        }"##,
    )
    .unwrap()
}

fn names(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    object.iter().map(|(name, _)| name).collect()
}

fn of(subset: &Subset) -> Value {
    let part = subset.of(observation());
    assert!(is_subset(&part) && !is_subset(&observation()));
    let tags = part.get("meta").and_then(|meta| meta.get("tag")).unwrap();
    assert_eq!(
        tags.as_array().unwrap().len(),
        2,
        "the tag stands beside others"
    );
    // It can be made a part again, and has the tag once.
    assert_eq!(subset.of(part.clone()), part);
    part
}

#[test]
fn a_summary_is_what_r4_marks_at_every_depth() {
    let part = of(&Subset::Summary);
    assert_eq!(
        names(&part),
        [
            "_status",
            "code",
            "component",
            "id",
            "implicitRules",
            "meta",
            "modifierExtension",
            "resourceType",
            "status",
            "valueQuantity"
        ]
    );
    assert_eq!(names(part.get("code").unwrap()), ["text"]);
    let component = &part.get("component").and_then(Value::as_array).unwrap()[0];
    assert_eq!(names(component), ["code", "valueString"]);
    let extension = &part
        .get("modifierExtension")
        .and_then(Value::as_array)
        .unwrap()[0];
    assert_eq!(names(extension), ["url", "valueString"]);
    let quantity = part.get("valueQuantity").unwrap().to_canonical();
    assert_eq!(quantity, br#"{"unit":"kg","value":1.50}"#);
}

#[test]
fn text_is_the_narrative_with_what_is_required() {
    let part = of(&Subset::Text);
    let kept = [
        "_status",
        "code",
        "id",
        "meta",
        "resourceType",
        "status",
        "text",
    ];
    assert_eq!(names(&part), kept);
}

#[test]
fn data_is_all_but_the_narrative() {
    let part = of(&Subset::Data);
    let whole = observation();
    let mut rest = names(&whole);
    rest.retain(|name| *name != "text");
    assert_eq!(names(&part), rest);
}

#[test]
fn elements_are_those_that_are_named_with_what_is_required_or_modifies() {
    let required = [
        "_status",
        "code",
        "id",
        "implicitRules",
        "meta",
        "modifierExtension",
        "resourceType",
        "status",
    ];
    for (list, more) in [
        ("value", &["valueQuantity"][..]),
        ("note, code", &["note"]),
        // What is referred to comes along.
        ("device", &["device", "contained"]),
        ("contained", &["contained"]),
        ("focus", &[]),
    ] {
        let part = of(&Subset::elements("Observation", list).unwrap());
        let mut expected = [&required[..], more].concat();
        expected.sort_unstable();
        assert_eq!(names(&part), expected, "{list}");
    }
    for none in [
        "",
        "code,",
        "Observation.code",
        "valueQuantity",
        "notes",
        "code.text",
    ] {
        assert_eq!(Subset::elements("Observation", none), None, "{none}");
    }
}

#[test]
fn a_summary_of_a_patient_is_valid() {
    let patient = br#"{"resourceType":"Patient","contact":[{"name":{"text":"n"}}],
        "photo":[{"contentType":"image/png","data":"AAAA"}],"_birthDate":{"id":"b"},
        "link":[{"other":{"reference":"Patient/b"},"type":"seealso"}]}"#;
    let patient = json::parse(patient).unwrap();
    let part = Subset::Summary.of(patient);
    assert_eq!(names(&part), ["_birthDate", "link", "meta", "resourceType"]);
    assert!(crate::validate::require(&crate::Resource::from_value(part).unwrap()).is_ok());
}
