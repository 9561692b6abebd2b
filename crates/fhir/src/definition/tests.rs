use super::*;
use std::collections::BTreeSet;

#[test]
fn the_data_file_is_read_to_its_end() {
    let definitions = file::read(R4).unwrap();
    let count = |kind| {
        definitions
            .types()
            .filter(|(_, own)| own.kind == kind)
            .count()
    };
    assert_eq!((count(Kind::Resource), count(Kind::Abstract)), (146, 2));
    let parameters = definitions
        .types()
        .flat_map(|(_, own)| &own.parameters)
        .count();
    assert_eq!(parameters, 1706);
    assert!(RESOURCES.is_sorted_by(|a, b| a.name < b.name));
}

#[test]
fn every_expression_of_r4_but_three_is_compiled_and_leads_to_elements() {
    let mut without_path = Vec::new();
    for (id, own) in r4().types() {
        for parameter in &own.parameters {
            let Ok(paths) = &parameter.paths else {
                without_path.push(format!("{}.{}", own.name, parameter.code));
                continue;
            };
            for path in paths {
                let roots = ends(path, &BTreeSet::from([id]), own.name);
                for component in &parameter.components {
                    for path in &component.paths {
                        let root = BTreeSet::from([id]);
                        ends(
                            path,
                            if path.is_absolute { &root } else { &roots },
                            component.code,
                        );
                    }
                }
            }
        }
    }
    assert_eq!(
        without_path,
        [
            "DomainResource._text",
            "Resource._content",
            "Resource._query"
        ]
    );
}

/// The types a path ends at; a step that no type has fails.
fn ends(path: &Path, roots: &BTreeSet<TypeId>, name: &str) -> BTreeSet<TypeId> {
    let mut at = roots.clone();
    for step in &path.steps {
        let elements = at.iter().filter_map(|id| r4().get(*id).element(step.name));
        let variants = elements.flat_map(|element| &element.variants);
        let mut next: BTreeSet<TypeId> = variants.map(|variant| variant.type_id).collect();
        if let Filter::OfType(name) = step.filter {
            let only = r4().find(name).unwrap();
            next.retain(|id| *id == only);
        }
        if let Filter::Where(name, _) = step.filter {
            assert!(
                next.iter().all(|id| r4().get(*id).element(name).is_some()),
                "{name}"
            );
        }
        assert!(!next.is_empty(), "{name}: {path:?}");
        at = next;
    }
    at
}

#[test]
fn every_parameter_has_a_number_of_its_own() {
    let all = r4().types().flat_map(|(_, own)| &own.parameters);
    let numbers: BTreeSet<u32> = all.map(|parameter| parameter.number).collect();
    assert_eq!(numbers.len(), 1706);
    let observation = r4().resource("Observation").unwrap();
    // The first four bytes of the SHA-256 of `Observation.code` and `Resource._id`.
    assert_eq!(
        r4().parameter(observation, "code").unwrap().number,
        0xa698_e1b0
    );
    assert_eq!(
        r4().parameter(observation, "_id").unwrap().number,
        0x6d0f_a0c9
    );
}

#[test]
fn every_component_names_a_parameter_of_its_type() {
    for (id, own) in r4().types() {
        for component in own
            .parameters
            .iter()
            .flat_map(|parameter| &parameter.components)
        {
            assert!(
                r4().parameter(id, component.code).is_some(),
                "{}",
                component.code
            );
        }
    }
}

#[test]
fn known_elements_are_found() {
    let observation = Definition::of("Observation").expect("an R4 type");
    let paths: Vec<_> = observation
        .compartment
        .iter()
        .map(|one| (one.name, one.paths.concat()))
        .collect();
    assert_eq!(
        paths,
        [
            ("subject", "subject".to_owned()),
            ("performer", "performer".to_owned())
        ]
    );
    let reference = Some(("subject", Content::Shape(r4().reference())));
    assert_eq!(element(observation.shape, "subject"), reference);
    assert_eq!(element(observation.shape, "instantiatesCanonical"), None);
    let extension = r4().extension();
    assert_eq!(
        element(extension, "valueUri"),
        Some(("valueUri", Content::Uri))
    );
    assert_eq!(element(extension, "valueCanonical"), None);
    assert!(Definition::of("Resource").is_none());
    assert!(Definition::of("SubscriptionStatus").is_none());
}

#[test]
fn elements_are_as_r4_defines_them() {
    let observation = r4().get(r4().resource("Observation").unwrap());
    let names: Vec<&str> = observation
        .elements
        .iter()
        .map(|element| element.name)
        .collect();
    assert_eq!(
        names[..6],
        [
            "id",
            "meta",
            "implicitRules",
            "language",
            "text",
            "contained"
        ]
    );
    let status = observation.element("status").unwrap();
    assert!((status.min, status.max) == (1, Some(1)) && status.is_summary && status.is_modifier);
    let codes: Vec<&str> = r4()
        .codes(status.codes.unwrap())
        .iter()
        .map(|one| one.1)
        .collect();
    assert_eq!(
        codes.join(" "),
        "registered preliminary final amended corrected cancelled entered-in-error unknown"
    );
    let subject = observation.element("subject").unwrap();
    let targets: Vec<&str> = subject.variants[0]
        .targets
        .iter()
        .map(|id| r4().get(*id).name)
        .collect();
    assert_eq!(targets, ["Patient", "Group", "Device", "Location"]);
    assert_eq!(observation.element("value").unwrap().variants.len(), 11);
    // Elements that the package's later versions add to R4.
    let meta = r4().get(r4().find("Meta").unwrap());
    assert!(meta.element("project").is_none());
}

#[test]
fn every_element_that_can_name_a_patient_is_in_the_compartment_or_listed() {
    let patient = r4().resource("Patient").unwrap();
    let mut expected = Vec::new();
    for definition in RESOURCES.iter() {
        let in_compartment: BTreeSet<&str> = definition
            .compartment
            .iter()
            .flat_map(|parameter| &parameter.paths)
            .map(String::as_str)
            .collect();
        for element in &r4().get(definition.shape).elements {
            let can_name = |variant: &Variant| {
                variant.type_id == r4().reference()
                    && (variant.targets.is_empty() || variant.targets.contains(&patient))
                    && !in_compartment.contains(variant.json_name.as_ref())
            };
            if element.variants.iter().any(can_name) {
                expected.push(format!("{}.{}", definition.name, element.name));
            }
        }
    }
    let listed: Vec<String> = patient_elements()
        .iter()
        .map(|one| format!("{}.{}", one.resource, one.element))
        .collect();
    assert!(patient_elements().iter().all(|one| !one.reason.is_empty()));
    expected.sort();
    assert_eq!(listed, expected);
    for about in [
        "Device.patient",
        "Contract.subject",
        "GuidanceResponse.subject",
    ] {
        let (resource, element) = about.split_once('.').unwrap();
        let is_it = |one: &&PatientElement| one.resource == resource && one.element == element;
        assert_eq!(
            patient_elements().iter().find(is_it).unwrap().tie,
            Tie::About
        );
    }
}

/// Printed, not asserted: `cargo test --release -p fhir --lib -- reading_takes --ignored
/// --nocapture`.
#[test]
#[ignore = "measures"]
fn reading_takes_milliseconds() {
    let once = |_| {
        let start = std::time::Instant::now();
        std::hint::black_box(file::read(R4).unwrap());
        start.elapsed()
    };
    println!(
        "{} bytes, read in {:?}",
        R4.len(),
        (0..40).map(once).min().unwrap()
    );
}

#[test]
fn the_resource_types_are_listed_by_name() {
    let names: Vec<&str> = crate::tables::RESOURCES
        .iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(
        (names.len(), names[0], names[145]),
        (146, "Account", "VisionPrescription")
    );
    let found = Some("Task").and_then(Definition::of);
    assert!(found.is_some_and(|one| !one.compartment.is_empty() && !one.identifier.is_empty()));
}
