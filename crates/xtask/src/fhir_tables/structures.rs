//! Types and elements: from StructureDefinitions to lines.
//!
//! An element that a type inherits unchanged has no line of its own; a nested
//! element is a type of its own, named by its path.

use super::{
    bindings,
    definitions::{ElementDefinition, ElementType, Structure, last_part},
    rules::Rules,
};
use std::{collections::BTreeMap, fmt::Write as _};

const FHIR_VERSION: &str = "4.0.1";

/// A data type, nested element or resource type.
pub struct Type {
    pub name: String,
    pub kind: &'static str,
    pub base: String,
    /// Rules on the type as a whole.
    rules: Vec<String>,
    /// Its own elements, in order, by name.
    pub elements: Vec<(String, ElementDefinition)>,
}

/// All types by name.
pub struct Types(pub BTreeMap<String, Type>);

impl Types {
    /// Takes the definitions of types among what the package has.
    pub fn new(structures: Vec<Structure>, rules: &mut Rules) -> Result<Self, String> {
        let mut types = BTreeMap::new();
        for structure in structures {
            let kind = match structure.kind.as_deref() {
                Some("resource") if structure.is_abstract == Some(true) => "abstract",
                Some("resource") => "resource",
                Some("complex-type") => "complex",
                Some("primitive-type") => "primitive",
                _ => continue,
            };
            let defines_type = structure.resource_type == "StructureDefinition"
                && structure.derivation.as_deref() != Some("constraint");
            let name = structure.name.as_ref().and_then(|name| name.as_str());
            let (true, Some(name), Some(snapshot)) = (defines_type, name, structure.snapshot)
            else {
                continue;
            };
            if structure.version.as_deref() != Some(FHIR_VERSION) {
                return Err(format!("`{name}` is not of FHIR {FHIR_VERSION}"));
            }
            let base = structure.base_definition.as_deref().map_or("-", last_part);
            add(&mut types, name, kind, base, snapshot.element, rules)?;
        }
        let mut types = Self(types);
        types.drop_inherited();
        Ok(types)
    }

    /// Names of the concrete resource types, sorted.
    pub fn resources(&self) -> impl Iterator<Item = &Type> {
        self.0.values().filter(|one| one.kind == "resource")
    }

    /// The element of a type by its name, own or inherited; `value` finds `value[x]`.
    pub fn element(&self, name: &str, element: &str) -> Option<&ElementDefinition> {
        let own = self.0.get(name)?;
        let found = own
            .elements
            .iter()
            .find(|(name, _)| name.strip_suffix("[x]").unwrap_or(name) == element);
        match found {
            Some((_, found)) => Some(found),
            None => self.element(&own.base, element),
        }
    }

    fn drop_inherited(&mut self) {
        let same = |own: &ElementDefinition, base: &ElementDefinition| {
            let codes = |one: &ElementDefinition| -> Vec<String> {
                one.types.iter().map(|one| one.code.clone()).collect()
            };
            (
                own.min,
                &own.max,
                own.is_summary,
                own.is_modifier,
                codes(own),
            ) == (
                base.min,
                &base.max,
                base.is_summary,
                base.is_modifier,
                codes(base),
            )
        };
        let inherited: Vec<(String, String)> = self
            .0
            .values()
            .flat_map(|own| {
                let keep = |(name, element): &&(String, ElementDefinition)| {
                    self.element(&own.base, name)
                        .is_some_and(|base| same(element, base))
                };
                let dropped = own.elements.iter().filter(keep);
                dropped.map(|(name, _)| (own.name.clone(), name.clone()))
            })
            .collect();
        for (of, name) in inherited {
            if let Some(own) = self.0.get_mut(&of) {
                own.elements.retain(|(element, _)| *element != name);
            }
        }
    }

    /// Writes the lines of one type.
    pub fn write(&self, own: &Type, rules: &Rules, text: &mut String) {
        let _ = write!(text, "type {} {} {}", own.name, own.kind, own.base);
        for key in &own.rules {
            let _ = write!(text, " {key}");
        }
        text.push('\n');
        for (name, element) in &own.elements {
            let max = element.max.as_deref().unwrap_or("*");
            let flags = match (element.is_modifier, element.is_summary) {
                (true, true) => "ms",
                (true, false) => "m",
                (false, true) => "s",
                (false, false) => "-",
            };
            let types = self.types(own, name, element);
            let _ = write!(text, " {name} {}..{max} {flags} {types}", element.min);
            if let Some(codes) = bindings::name_of(element) {
                let _ = write!(text, " ={codes}");
            }
            // A nested element carries its rules as the type that it is.
            if element.content_reference.is_none() && types != format!("{}.{name}", own.name) {
                for key in rules.of(element) {
                    let _ = write!(text, " {key}");
                }
            }
            text.push('\n');
        }
    }

    fn types(&self, of: &Type, name: &str, element: &ElementDefinition) -> String {
        if let Some(target) = &element.content_reference {
            return target.trim_start_matches('#').to_owned();
        }
        let nested = format!("{}.{name}", of.name);
        if self.0.contains_key(&nested) {
            return nested;
        }
        let types: Vec<String> = element
            .types
            .iter()
            .map(|one| self.element_type(of, name, one))
            .collect();
        types.join("|")
    }

    fn element_type(&self, of: &Type, name: &str, one: &ElementType) -> String {
        // Where the snapshot names a type of FHIRPath instead of one of FHIR.
        if one.code.starts_with("http://hl7.org/fhirpath/") {
            return match (of.name.as_str(), name) {
                ("Resource", "id") => "id",
                ("Extension", "url") => "uri",
                _ => "string",
            }
            .to_owned();
        }
        let is_resource = |name: &&str| {
            let kind = self.0.get(*name).map(|one| one.kind);
            matches!(kind, Some("resource"))
        };
        let targets: Vec<&str> = one
            .target_profile
            .iter()
            .map(|url| last_part(url))
            .collect();
        if !targets.is_empty() && targets.iter().all(is_resource) {
            format!("{}({})", one.code, targets.join(","))
        } else {
            one.code.clone()
        }
    }
}

fn add(
    types: &mut BTreeMap<String, Type>,
    name: &str,
    kind: &'static str,
    base: &str,
    elements: Vec<ElementDefinition>,
    rules: &mut Rules,
) -> Result<(), String> {
    for element in elements {
        rules.add(&element)?;
        let own_rules = rules.of(&element);
        let Some((parent, own)) = element.path.rsplit_once('.') else {
            let (name, base) = (name.to_owned(), base.to_owned());
            let own = Type {
                name: name.clone(),
                kind,
                base,
                rules: own_rules,
                elements: vec![],
            };
            types.insert(name, own);
            continue;
        };
        // The value of a primitive is the JSON value itself.
        if kind == "primitive" {
            continue;
        }
        let nested = match element.types.as_slice() {
            [one] => matches!(one.code.as_str(), "BackboneElement" | "Element"),
            _ => false,
        };
        if nested {
            let nested = Type {
                name: element.path.clone(),
                kind: "nested",
                base: element.types.iter().map(|one| one.code.clone()).collect(),
                rules: own_rules,
                elements: vec![],
            };
            types.insert(element.path.clone(), nested);
        }
        let parent = types
            .get_mut(parent)
            .ok_or_else(|| format!("`{}` stands before its parent", element.path))?;
        parent.elements.push((own.to_owned(), element.clone()));
    }
    Ok(())
}
