//! How the generated tables describe R4: types, their search parameters, and
//! the shapes that lead to references, URIs, narratives and nested resources.
//!
//! Elements that lead to none of these are not in the tables. The tables do not
//! validate: cardinality, bindings and invariants are not here.

use crate::tables::{EXTENSION, RESOURCES, SHAPES};

/// A resource type of R4.
#[derive(Debug)]
pub struct Definition {
    /// Its name, such as `Observation`.
    pub name: &'static str,
    /// The number of its shape.
    pub shape: u16,
    /// The parameters by which it belongs to the patient compartment
    /// (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>).
    pub compartment: &'static [Parameter],
    /// Element paths of the search parameter `patient`; none when it has none.
    pub patient: &'static [&'static str],
    /// Element paths of the search parameter `subject`.
    pub subject: &'static [&'static str],
    /// Element paths of the search parameter `identifier`.
    pub identifier: &'static [&'static str],
}

/// A search parameter of one type.
#[derive(Debug)]
pub struct Parameter {
    /// Its code, such as `performer`.
    pub name: &'static str,
    /// Its element paths in JSON names, such as `performer.actor`.
    pub paths: &'static [&'static str],
}

/// An element of a shape: JSON name and content.
#[derive(Debug)]
pub struct Element(pub &'static str, pub Content);

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// An object of this shape.
    Shape(u16),
    /// The text of a literal reference (`Reference.reference`).
    Reference,
    /// A `uri`, `url`, `oid` or `uuid`; not a `canonical`.
    Uri,
    /// The XHTML of a narrative.
    Xhtml,
    /// A nested resource of any type.
    Resource,
}

impl Definition {
    /// The definition of a resource type; `None` when R4 has no such type.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        let at = RESOURCES.binary_search_by(|one| one.name.cmp(name)).ok()?;
        RESOURCES.get(at)
    }
}

/// The element of a shape that goes by this JSON name, when it leads anywhere.
pub(crate) fn element(shape: u16, name: &str) -> Option<(&'static str, Content)> {
    // Every element may be extended, a primitive one through `_name`.
    match name {
        "extension" => return Some(("extension", Content::Shape(EXTENSION))),
        "modifierExtension" => return Some(("modifierExtension", Content::Shape(EXTENSION))),
        _ => {}
    }
    let elements = SHAPES.get(usize::from(shape))?;
    let at = elements
        .binary_search_by(|element| element.0.cmp(name))
        .ok()?;
    elements.get(at).map(|element| (element.0, element.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_closed() {
        assert_eq!(RESOURCES.len(), 146);
        assert!(RESOURCES.is_sorted_by(|a, b| a.name < b.name));
        for shape in SHAPES {
            assert!(shape.is_sorted_by(|a, b| a.0 < b.0));
            for Element(name, content) in *shape {
                if let Content::Shape(number) = content {
                    assert!(usize::from(*number) < SHAPES.len(), "{name}");
                }
            }
        }
    }

    #[test]
    fn known_elements_are_found() {
        let observation = Definition::of("Observation").expect("an R4 type");
        let paths: Vec<_> = observation
            .compartment
            .iter()
            .map(|one| (one.name, one.paths))
            .collect();
        assert_eq!(
            paths,
            [("subject", &["subject"][..]), ("performer", &["performer"])]
        );
        let reference = Some(("subject", Content::Shape(crate::tables::REFERENCE)));
        assert_eq!(element(observation.shape, "subject"), reference);
        assert_eq!(element(observation.shape, "instantiatesCanonical"), None);
        assert_eq!(
            element(EXTENSION, "valueUri"),
            Some(("valueUri", Content::Uri))
        );
        assert_eq!(element(EXTENSION, "valueCanonical"), None);
        assert!(Definition::of("Resource").is_none());
        assert!(Definition::of("SubscriptionStatus").is_none());
    }
}
