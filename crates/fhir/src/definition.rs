//! R4's definitions (<https://hl7.org/fhir/R4/>): types with their elements, search
//! parameters, the patient compartment, required codes, invariants.
//!
//! They are data: `definition/r4.txt`, which `cargo xtask fhir-tables` makes and
//! `definition/file.rs` reads once.

mod content;
mod file;
mod node;
mod parameter;
mod path;
mod patients;
mod shapes;
mod type_id;
mod types;

pub use content::Content;
pub use node::Node;
pub use parameter::{Component, ParameterKind, SearchParameter, Targets};
pub use path::{Filter, Path, Step};
pub use patients::{PatientElement, Tie, patient_elements};
pub use shapes::{Definition, Parameter};
pub(crate) use shapes::{RESOURCES, element};
pub use type_id::TypeId;
pub use types::{Element, Kind, Primitive, Type, Variant};

use std::{collections::HashMap, sync::LazyLock};
use types::Member;

/// All of R4.
#[derive(Debug, Default)]
pub struct Definitions {
    types: Vec<Type>,
    numbers: HashMap<&'static str, TypeId>,
    codes: Vec<Codes>,
    pub(crate) rules: Vec<Rule>,
    /// Types that code asks for by name.
    known: Known,
}

#[derive(Debug)]
struct Known {
    element: TypeId,
    extension: TypeId,
    reference: TypeId,
    resource: TypeId,
}

impl Default for Known {
    fn default() -> Self {
        let none = TypeId(u16::MAX);
        Self {
            element: none,
            extension: none,
            reference: none,
            resource: none,
        }
    }
}

/// The codes that a required binding allows, each with its system.
#[derive(Debug)]
pub(crate) struct Codes {
    pub(crate) name: &'static str,
    pub(crate) codes: Vec<(&'static str, &'static str)>,
}

/// An invariant.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its key, such as `obs-6`; `inv-1~2` is the second rule that R4 calls `inv-1`.
    pub(crate) key: &'static str,
    /// Its FHIRPath; `None` when it is checked by code or left out (docs/fhir.md).
    pub(crate) expression: Option<&'static str>,
    /// R4's sentence, of those that are evaluated.
    pub(crate) human: &'static str,
}

static R4: &str = include_str!("definition/r4.txt");

/// Without definitions no type is known, so that everything is refused. A test reads the
/// file.
static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| file::read(R4).unwrap_or_default());

/// R4's definitions.
#[must_use]
pub fn r4() -> &'static Definitions {
    &DEFINITIONS
}

impl Definitions {
    /// The type of this number.
    ///
    /// # Panics
    /// Never: numbers come from these definitions alone.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &Type {
        static NONE: Type = Type {
            name: "",
            kind: Kind::Abstract,
            base: None,
            elements: Vec::new(),
            names: Vec::new(),
            members: Vec::new(),
            rules: Vec::new(),
            parameters: Vec::new(),
            compartment: Vec::new(),
        };
        self.types.get(usize::from(id.0)).unwrap_or(&NONE)
    }

    /// The type of this name, nested elements by their path.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<TypeId> {
        self.numbers.get(name).copied()
    }

    /// The resource type of this name, the abstract ones left out.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<TypeId> {
        self.find(name)
            .filter(|id| self.get(*id).kind == Kind::Resource)
    }

    /// Every type, sorted by name.
    pub fn types(&self) -> impl Iterator<Item = (TypeId, &Type)> {
        (0..).map(TypeId).zip(&self.types)
    }

    /// The search parameters of a resource type: its own, then those of all types.
    pub fn parameters(&self, id: TypeId) -> impl Iterator<Item = &SearchParameter> {
        let next = |id: &TypeId| self.get(*id).base;
        std::iter::successors(Some(id), next).flat_map(|id| &self.get(id).parameters)
    }

    /// The search parameter of this code.
    #[must_use]
    pub fn parameter(&self, id: TypeId, code: &str) -> Option<&SearchParameter> {
        self.parameters(id).find(|parameter| parameter.code == code)
    }

    /// `Element`, of which every element is one.
    #[must_use]
    pub const fn element_type(&self) -> TypeId {
        self.known.element
    }

    /// `Extension`
    #[must_use]
    pub const fn extension(&self) -> TypeId {
        self.known.extension
    }

    /// `Reference`
    #[must_use]
    pub const fn reference(&self) -> TypeId {
        self.known.reference
    }

    /// `Resource`, where one of any type stands.
    #[must_use]
    pub const fn any_resource(&self) -> TypeId {
        self.known.resource
    }

    /// The codes of this number.
    pub(crate) fn codes(&self, number: u16) -> &[(&'static str, &'static str)] {
        let codes = self.codes.get(usize::from(number));
        codes.map(|one| one.codes.as_slice()).unwrap_or_default()
    }

    /// Adds what is inherited, and the members by which JSON is read.
    fn finish(mut self) -> Result<Self, String> {
        for (number, own) in (0..).zip(&self.types) {
            self.numbers.insert(own.name, TypeId(number));
        }
        let known = |name: &str| {
            self.find(name)
                .ok_or_else(|| format!("there is no `{name}`"))
        };
        self.known = Known {
            element: known("Element")?,
            extension: known("Extension")?,
            reference: known("Reference")?,
            resource: known("Resource")?,
        };
        let all: Vec<Vec<Element>> = (0..)
            .zip(&self.types)
            .map(|(number, _)| self.with_inherited(TypeId(number)))
            .collect();
        for (number, elements) in (0..).zip(all) {
            let members = self.members(TypeId(number), &elements);
            if let Some(own) = self.types.get_mut(usize::from(number)) {
                let names = elements.iter().map(|element| element.name);
                own.names = names.zip(0..).collect();
                own.names.sort_unstable();
                own.elements = elements;
                own.members = members;
            }
        }
        Ok(self)
    }

    fn with_inherited(&self, id: TypeId) -> Vec<Element> {
        let own = self.get(id);
        let mut elements = own
            .base
            .map(|base| self.with_inherited(base))
            .unwrap_or_default();
        for element in &own.elements {
            match elements
                .iter_mut()
                .find(|inherited| inherited.name == element.name)
            {
                Some(inherited) => *inherited = element.clone(),
                None => elements.push(element.clone()),
            }
        }
        elements
    }

    fn members(&self, of: TypeId, elements: &[Element]) -> Vec<Member> {
        let mut members = Vec::new();
        for (number, element) in (0..).zip(elements) {
            for (variant_number, variant) in (0..).zip(&element.variants) {
                members.push(Member {
                    name: variant.json_name.clone(),
                    element: number,
                    variant: variant_number,
                    content: shapes::content(self, of, element, variant),
                });
            }
        }
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }
}

/// `value[x]` of type Quantity is `valueQuantity` in JSON.
fn json_name(stem: &str, type_name: &str) -> String {
    let (first, rest) = type_name.split_at(type_name.len().min(1));
    format!("{stem}{}{rest}", first.to_ascii_uppercase())
}

#[cfg(test)]
mod tests;
