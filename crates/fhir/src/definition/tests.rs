use super::*;
use crate::json::{Object, Value};
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

/// The tables before, as they were generated.
mod old {
    #[derive(Debug)]

    pub struct Definition {
        pub name: &'static str,
        pub shape: u16,
        pub compartment: &'static [Parameter],
        pub patient: &'static [&'static str],
        pub subject: &'static [&'static str],
        pub identifier: &'static [&'static str],
    }
    #[derive(Debug)]
    pub struct Parameter {
        pub name: &'static str,
        pub paths: &'static [&'static str],
    }
    #[derive(Debug)]
    pub struct Element(pub &'static str, pub Content);
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Content {
        Shape(u16),
        Reference,
        Uri,
        Xhtml,
        Resource,
    }
}
mod old_tables;

/// Differences of the shapes, as paths with what each side says.
fn compare(
    old: u16,
    new: TypeId,
    path: &str,
    seen: &mut BTreeSet<(u16, TypeId)>,
    out: &mut Vec<String>,
) {
    if !seen.insert((old, new)) {
        return;
    }
    let olds = old_tables::SHAPES[usize::from(old)];
    let members = &r4().get(new).members;
    let skip = |name: &str| name == "extension" || name == "modifierExtension";
    for old::Element(name, content) in olds {
        let own = element(new, name).map(|(_, content)| content);
        match (content, own) {
            (old::Content::Shape(old), Some(Content::Shape(new))) => {
                compare(*old, new, &format!("{path}.{name}"), seen, out);
            }
            (old::Content::Reference, Some(Content::Reference))
            | (old::Content::Uri, Some(Content::Uri))
            | (old::Content::Xhtml, Some(Content::Xhtml))
            | (old::Content::Resource, Some(Content::Resource)) => {}
            other => out.push(format!("{path}.{name}: {other:?}")),
        }
    }
    for member in members
        .iter()
        .filter(|one| one.content.is_some() && !skip(&one.name))
    {
        if !olds
            .iter()
            .any(|old::Element(name, _)| *name == member.name)
        {
            out.push(format!("{path}.{}: only new", member.name));
        }
    }
}

#[test]
fn the_data_say_what_the_tables_said() {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    assert_eq!(old_tables::RESOURCES.len(), RESOURCES.len());
    compare(
        old_tables::EXTENSION,
        r4().extension(),
        "Extension",
        &mut seen,
        &mut out,
    );
    assert_eq!(old_tables::REFERENCE, 3);
    for (old, new) in old_tables::RESOURCES.iter().zip(RESOURCES.iter()) {
        assert_eq!(old.name, new.name);
        let name = old.name;
        compare(old.shape, new.shape, new.name, &mut seen, &mut out);
        for (what, old, new) in [
            ("patient", old.patient, &new.patient),
            ("subject", old.subject, &new.subject),
            ("identifier", old.identifier, &new.identifier),
        ] {
            if old != new.as_slice() {
                out.push(format!("{} {what}: {old:?} {new:?}", name));
            }
        }
        let o: Vec<_> = old
            .compartment
            .iter()
            .map(|one| format!("{} {:?}", one.name, one.paths))
            .collect();
        let n: Vec<_> = new
            .compartment
            .iter()
            .map(|one| format!("{} {:?}", one.name, one.paths))
            .collect();
        if o != n {
            out.push(format!("{} compartment: {o:?} {n:?}", old.name));
        }
    }
    // The package before was not R4 in these; paths of patients are the same.
    out.retain(|line| !NOT_OF_R4.iter().any(|start| line.starts_with(start)));
    assert_eq!(out, Vec::<String>::new());
}

const NOT_OF_R4: [&str; 9] = [
    "Extension.valueMeta.",
    "Binary.url",
    "DeviceDefinition.bodySite",
    "DeviceDefinition.classification",
    "Encounter compartment: [\"subject [\\\"subject\\\"]\"] [\"patient [\\\"subject\\\"]\"]",
    "EvidenceVariable.characteristic.",
    "HealthcareService.offeredIn",
    "ObservationDefinition.publisher",
    "ResearchStudy.",
];

type Seen = Vec<(String, &'static str)>;

fn walk_old(value: &Value, shape: u16, path: &str, seen: &mut Seen) {
    for (name, value) in value.as_object().into_iter().flat_map(Object::iter) {
        let of = old_tables::SHAPES[usize::from(shape)];
        let content = match name {
            "extension" | "modifierExtension" => Some(old::Content::Shape(old_tables::EXTENSION)),
            name if name.starts_with('_') => Some(old::Content::Shape(0)),
            name => of.iter().find(|one| one.0 == name).map(|one| one.1),
        };
        let path = format!("{path}.{name}");
        let items = value.as_array().unwrap_or(std::slice::from_ref(value));
        for item in items {
            match content {
                Some(old::Content::Shape(shape)) => walk_old(item, shape, &path, seen),
                Some(old::Content::Resource) => {
                    let name = item.get("resourceType").and_then(Value::as_str).unwrap();
                    let own = old_tables::RESOURCES
                        .iter()
                        .find(|one| one.name == name)
                        .unwrap();
                    walk_old(item, own.shape, &path, seen);
                }
                Some(old::Content::Reference) => seen.push((path.clone(), "reference")),
                Some(old::Content::Uri) => seen.push((path.clone(), "uri")),
                Some(old::Content::Xhtml) => seen.push((path.clone(), "xhtml")),
                None => {}
            }
        }
    }
}

fn walk_new(value: &Value, shape: TypeId, path: &str, seen: &mut Seen) {
    for (name, value) in value.as_object().into_iter().flat_map(Object::iter) {
        let content = match name {
            name if name.starts_with('_') => Some(Content::Shape(r4().element_type())),
            name => element(shape, name).map(|one| one.1),
        };
        let path = format!("{path}.{name}");
        let items = value.as_array().unwrap_or(std::slice::from_ref(value));
        for item in items {
            match content {
                Some(Content::Shape(shape)) => walk_new(item, shape, &path, seen),
                Some(Content::Resource) => {
                    let name = item.get("resourceType").and_then(Value::as_str).unwrap();
                    walk_new(item, Definition::of(name).unwrap().shape, &path, seen);
                }
                Some(Content::Reference) => seen.push((path.clone(), "reference")),
                Some(Content::Uri) => seen.push((path.clone(), "uri")),
                Some(Content::Xhtml) => seen.push((path.clone(), "xhtml")),
                None => {}
            }
        }
    }
}

#[test]
fn every_example_is_walked_as_the_tables_walked_it() {
    let Some(folder) = std::env::var_os("CHARTSEAL_DATA") else {
        return;
    };
    let folder = std::path::Path::new(&folder).join("hl7-r4-examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let value = crate::json::parse(&bytes).unwrap();
        let name = value.get("resourceType").and_then(Value::as_str).unwrap();
        let old = old_tables::RESOURCES
            .iter()
            .find(|one| one.name == name)
            .unwrap();
        let (mut before, mut now) = (Vec::new(), Vec::new());
        walk_old(&value, old.shape, name, &mut before);
        walk_new(&value, Definition::of(name).unwrap().shape, name, &mut now);
        assert_eq!(before, now);
        count += before.len();
    }
    assert!(count > 10_000, "{count}");
}
