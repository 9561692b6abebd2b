//! What R4's search parameters find in HL7's examples.

#![expect(clippy::unwrap_used, reason = "test code")]

mod real;

use fhir::{
    Node,
    definition::{ParameterKind, r4},
    json::{self, Value},
    search::{Found, evaluate, find},
};
use std::{collections::BTreeMap, env, fs, path::PathBuf};

fn examples() -> Option<Vec<(String, Value)>> {
    let folder = real::data("hl7-r4-examples")?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, json::parse(&fs::read(path).unwrap()).unwrap())
    };
    Some(files.into_iter().map(read).collect())
}

/// The golden file: for each parameter that occurs the resources that have it and what is
/// found in them. The counts of all that is neither a composite nor decided by `resolve()`
/// are those of the npm package `fhirpath` 5.2 over R4's own expressions, `as` read as
/// `ofType`. `CHARTSEAL_GOLDEN=write` writes it anew.
#[test]
fn each_parameter_finds_in_the_examples_what_it_found() {
    let Some(examples) = examples() else { return };
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (_, value) in &examples {
        let resource = Node::resource(value).unwrap();
        for parameter in r4().parameters(resource.type_id) {
            let found = find(resource, parameter).len();
            if found > 0 {
                let name = format!("{}.{}", resource.type_name(), parameter.code);
                let count = counts.entry(name).or_default();
                *count = (count.0 + 1, count.1 + found);
            }
        }
    }
    let lines = counts
        .iter()
        .map(|(name, (resources, found))| format!("{name} {resources} {found}\n"));
    let made: String = lines.collect();
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/parameters.txt");
    if env::var_os("CHARTSEAL_GOLDEN").is_some_and(|what| what == "write") {
        fs::write(&golden, &made).unwrap();
    }
    let kept = fs::read_to_string(&golden).unwrap();
    for (made, kept) in made.lines().zip(kept.lines()) {
        assert_eq!(made, kept);
    }
    assert_eq!(made.lines().count(), kept.lines().count());
}

fn texts(value: &Value, code: &str) -> Vec<String> {
    let resource = Node::resource(value).unwrap();
    let parameter = r4().parameter(resource.type_id, code).unwrap();
    let show = |node: &Node| {
        let mut out = Vec::new();
        node.value.write_canonical(&mut out);
        format!("{} {}", node.type_name(), String::from_utf8(out).unwrap())
    };
    find(resource, parameter)
        .iter()
        .map(|found| match found {
            Found::Element(node) => show(node),
            Found::Composite(parts) => {
                let parts: Vec<String> = parts
                    .iter()
                    .map(|part| part.iter().map(show).collect())
                    .collect();
                parts.join(" + ")
            }
        })
        .collect()
}

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

/// `(Observation.component.value as Quantity)` is an error in FHIRPath when there are two
/// components; read so, every blood pressure would be lost.
#[test]
fn both_components_of_a_blood_pressure_are_found() {
    let pressure = parse(
        r#"{"resourceType":"Observation","status":"final","code":{"text":"panel"},"component":[
        {"code":{"text":"systolic"},"valueQuantity":{"value":107}},
        {"code":{"text":"diastolic"},"valueQuantity":{"value":60.0}}]}"#,
    );
    let quantities = [r#"Quantity {"value":107}"#, r#"Quantity {"value":60.0}"#];
    assert_eq!(texts(&pressure, "component-value-quantity"), quantities);
    assert_eq!(texts(&pressure, "combo-value-quantity"), quantities);
    assert_eq!(texts(&pressure, "value-quantity"), [""; 0]);
    assert_eq!(texts(&pressure, "code").len(), 1);
    assert_eq!(texts(&pressure, "component-code").len(), 2);
    assert_eq!(texts(&pressure, "combo-code").len(), 3);
    let pairs = [
        r#"CodeableConcept {"text":"systolic"} + Quantity {"value":107}"#,
        r#"CodeableConcept {"text":"diastolic"} + Quantity {"value":60.0}"#,
    ];
    assert_eq!(texts(&pressure, "component-code-value-quantity"), pairs);
    // The panel itself has no value, so it is no pair.
    assert_eq!(texts(&pressure, "combo-code-value-quantity"), pairs);
}

#[test]
fn every_blood_pressure_of_the_examples_has_its_components() {
    let Some(examples) = examples() else { return };
    let mut seen = 0;
    for (name, value) in &examples {
        let components = value
            .get("component")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let has_value = |one: &&Value| {
            one.get("valueQuantity")
                .or_else(|| one.get("valueSampledData"))
                .is_some()
        };
        let with_quantity = components.iter().filter(has_value).count();
        if value.get("resourceType").and_then(Value::as_str) == Some("Observation") {
            let found = texts(value, "component-value-quantity").len();
            assert_eq!(found, with_quantity, "{name}");
            seen += usize::from(found > 1);
        }
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn each_operator_finds_what_r4_means() {
    let patient = parse(
        r#"{"resourceType":"Patient","id":"a","telecom":[{"system":"phone","value":"1"},
        {"system":"email","value":"2"}],"meta":{"tag":[{"code":"t"}]}}"#,
    );
    assert_eq!(
        texts(&patient, "phone"),
        [r#"ContactPoint {"system":"phone","value":"1"}"#]
    );
    assert_eq!(texts(&patient, "telecom").len(), 2);
    assert_eq!(texts(&patient, "deceased"), ["boolean false"]);
    assert_eq!(texts(&patient, "_id"), [r#"id "a""#]);
    assert_eq!(texts(&patient, "_tag"), [r#"Coding {"code":"t"}"#]);
    for (deceased, is) in [
        (r#""deceasedBoolean":false"#, "boolean false"),
        (r#""deceasedBoolean":true"#, "boolean true"),
        (r#""deceasedDateTime":"2020""#, "boolean true"),
    ] {
        let patient = parse(&format!(r#"{{"resourceType":"Patient",{deceased}}}"#));
        assert_eq!(texts(&patient, "deceased"), [is]);
    }
    for (reference, count) in [
        ("Patient/1", 1),
        ("Group/1", 0),
        ("http://a.b/fhir/Patient/1/_history/2", 1),
        ("#p", 1),
        ("#g", 0),
        ("urn:uuid:0", 0),
    ] {
        let observation = parse(&format!(
            r#"{{"resourceType":"Observation","subject":{{"reference":"{reference}"}},
            "contained":[{{"resourceType":"Patient","id":"p"}},{{"resourceType":"Group","id":"g"}}]}}"#
        ));
        assert_eq!(texts(&observation, "patient").len(), count, "{reference}");
        assert_eq!(texts(&observation, "subject").len(), 1);
    }
    let bundle = parse(
        r#"{"resourceType":"Bundle","type":"document","entry":[
        {"resource":{"resourceType":"Composition","id":"c"}},{"resource":{"resourceType":"Patient"}}]}"#,
    );
    assert_eq!(texts(&bundle, "composition").len(), 1);
    let sequence = parse(
        r#"{"resourceType":"MolecularSequence","referenceSeq":{"chromosome":{"text":"1"}},
        "variant":[{"start":1,"end":2},{"start":3,"end":4}]}"#,
    );
    assert_eq!(
        texts(&sequence, "chromosome-variant-coordinate"),
        [
            r#"CodeableConcept {"text":"1"} + integer 1 + integer 2"#,
            r#"CodeableConcept {"text":"1"} + integer 3 + integer 4"#
        ]
    );
}

/// A value that R4's definitions give no type to is not found.
#[test]
fn a_path_finds_only_what_has_the_type() {
    let observation =
        parse(r#"{"resourceType":"Observation","valueSecret":"x","valueString":"y"}"#);
    assert_eq!(texts(&observation, "value-string"), [r#"string "y""#]);
    let resource = Node::resource(&observation).unwrap();
    let parameter = r4().parameter(resource.type_id, "value-string").unwrap();
    assert_eq!(parameter.kind, ParameterKind::String);
    let paths = parameter.paths.as_ref().unwrap();
    assert_eq!(evaluate(resource, resource, &paths[0]).len(), 1);
    assert!(Node::resource(&parse(r#"{"resourceType":"Nothing"}"#)).is_none());
}
