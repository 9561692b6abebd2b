//! What sealing and rewriting ask of the definitions: where references, URIs,
//! narratives and nested resources stand, and which elements name a patient.

use super::{
    Content, Definitions, Element, Kind, Primitive, SearchParameter, TypeId, Variant, json_name,
    path::Path, r4,
};
use std::sync::LazyLock;

/// A resource type of R4.
#[derive(Debug)]
pub struct Definition {
    /// Its name, such as `Observation`.
    pub name: &'static str,
    /// Its type.
    pub shape: TypeId,
    /// The parameters by which it belongs to the patient compartment
    /// (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>).
    pub compartment: Vec<Parameter>,
    /// Element paths of the search parameter `patient`; empty when it has none.
    pub patient: Vec<String>,
    /// Element paths of the search parameter `subject`.
    pub subject: Vec<String>,
    /// Element paths of the search parameter `identifier`.
    pub identifier: Vec<String>,
}

/// A search parameter of one type.
#[derive(Debug)]
pub struct Parameter {
    /// Its code, such as `performer`.
    pub name: &'static str,
    /// Its element paths in JSON names, such as `performer.actor`.
    pub paths: Vec<String>,
}

impl Definition {
    /// The definition of a resource type; `None` when R4 has no such type.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        let resources = RESOURCES.as_slice();
        let at = resources.binary_search_by(|one| one.name.cmp(name)).ok()?;
        resources.get(at)
    }
}

/// The concrete resource types of R4, sorted by name.
pub(crate) static RESOURCES: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    let all = r4().types().filter(|(_, own)| own.kind == Kind::Resource);
    all.map(|(id, _)| definition(r4(), id)).collect()
});

fn definition(definitions: &Definitions, id: TypeId) -> Definition {
    let own = definitions.get(id);
    let paths = |code: &str, of_type: &str| {
        let parameter = own
            .parameters
            .iter()
            .find(|parameter| parameter.code == code);
        parameter
            .map(|one| json_paths(definitions, id, one, of_type))
            .unwrap_or_default()
    };
    let compartment = own.compartment.iter().map(|name| Parameter {
        name,
        paths: paths(name, "Reference"),
    });
    Definition {
        name: own.name,
        shape: id,
        compartment: compartment.collect(),
        patient: paths("patient", "Reference"),
        subject: paths("subject", "Reference"),
        identifier: paths("identifier", "Identifier"),
    }
}

fn json_paths(
    definitions: &Definitions,
    of: TypeId,
    parameter: &SearchParameter,
    of_type: &str,
) -> Vec<String> {
    let paths = parameter.paths.as_deref().unwrap_or_default();
    let mut paths: Vec<String> = paths
        .iter()
        .map(|path| json_path(definitions, of, path, of_type))
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// The path in JSON names; a choice at its end is taken as `of_type`.
fn json_path(definitions: &Definitions, of: TypeId, path: &Path, of_type: &str) -> String {
    let names = path.json_names();
    let own = definitions.get(of);
    match own.element(&names) {
        Some(element) if element.is_choice => json_name(&names, of_type),
        _ => names,
    }
}

/// What a member leads to, if it leads to anything of interest.
pub(super) fn content(
    definitions: &Definitions,
    of: TypeId,
    element: &Element,
    variant: &Variant,
) -> Option<Content> {
    if of == definitions.reference() && element.name == "reference" {
        return Some(Content::Reference);
    }
    // Names a definition, as a canonical does, and is no link to a record.
    if of == definitions.extension() && element.name == "url" {
        return None;
    }
    let own = definitions.get(variant.type_id);
    match own.kind {
        Kind::Primitive(Primitive::Uri | Primitive::Url | Primitive::Oid | Primitive::Uuid) => {
            Some(Content::Uri)
        }
        Kind::Primitive(Primitive::Xhtml) => Some(Content::Xhtml),
        Kind::Primitive(_) => None,
        Kind::Complex | Kind::Nested => Some(Content::Shape(variant.type_id)),
        Kind::Resource | Kind::Abstract => Some(Content::Resource),
    }
}

/// The element that goes by this JSON name, when it leads anywhere.
pub(crate) fn element(of: TypeId, name: &str) -> Option<(&'static str, Content)> {
    // Every element may be extended, a primitive one through `_name`.
    match name {
        "extension" => return Some(("extension", Content::Shape(r4().extension()))),
        "modifierExtension" => {
            return Some(("modifierExtension", Content::Shape(r4().extension())));
        }
        _ => {}
    }
    let member = r4().get(of).member(name)?;
    Some((member.name.as_ref(), member.content?))
}
