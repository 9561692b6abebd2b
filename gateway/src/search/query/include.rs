//! `_include` and `_revinclude` as they are asked for
//! (<https://hl7.org/fhir/R4/search.html#include>).

use crate::{
    failure::{Category, Failure},
    search::value::bad_value,
};
use cards::Known;
use fhir::{
    IssueCode, LocalBase, LocalReference, Node, Resource,
    definition::{Definition, ParameterKind, Targets, r4},
    search::{Found, find},
    tables::RESOURCES,
};
use model::ResourceType;

/// How many of them one search may have.
const MAX_INCLUDES: usize = 20;
const FORM: &str = "`Type:parameter`, `Type:parameter:Target`, `Type:*` or, of `_include`, `*`, where \
     the parameter is a reference of the type";

/// What is to stand beside the matches.
#[derive(Default)]
pub(crate) struct Includes {
    /// What they refer to.
    pub(crate) forward: Vec<Include>,
    /// What refers to them.
    pub(crate) reverse: Vec<Include>,
    texts: Vec<(String, String)>,
}

/// Records that refer, and those that are referred to.
pub(crate) struct Include {
    /// The type that refers; `None` for any.
    source: Option<ResourceType>,
    /// By which parameter; `None` for all that are references.
    code: Option<&'static str>,
    /// The type that is referred to; `None` for any.
    target: Option<ResourceType>,
    /// Whether what was included counts as a match does.
    pub(crate) iterates: bool,
}

impl Includes {
    /// Takes a parameter if it is one of them.
    ///
    /// # Errors
    /// Invalid for a value that is not read; too costly for one that no bound would hold.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, Failure> {
        let (plain, modifier) = match name.split_once(':') {
            Some((plain, modifier)) => (plain, Some(modifier)),
            None => (name, None),
        };
        let reverses = match plain {
            "_include" => false,
            "_revinclude" => true,
            _ => return Ok(false),
        };
        let iterates = match modifier {
            None => false,
            // The name that it had before R4.
            Some("iterate" | "recurse") => true,
            Some(_) => return Err(bad_modifier(plain)),
        };
        if self.texts.len() >= MAX_INCLUDES {
            let text = format!("a search may have {MAX_INCLUDES} of `_include` and `_revinclude`");
            return Err(Failure::new(Category::Invalid, IssueCode::TooCostly, text));
        }
        let include = Include::read(value, iterates).ok_or_else(|| bad_value(plain, FORM))?;
        if !reverses {
            self.forward.push(include);
        } else if include.source.is_none() {
            return Err(any_type());
        } else {
            self.reverse.push(include);
        }
        self.texts.push((name.to_owned(), value.to_owned()));
        Ok(true)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Adds them to the query of the `self` link.
    pub(crate) fn describe(&self, query: &mut url::form_urlencoded::Serializer<'_, String>) {
        for (name, value) in &self.texts {
            query.append_pair(name, value);
        }
    }
}

impl Include {
    fn read(value: &str, iterates: bool) -> Option<Self> {
        let none = Self {
            source: None,
            code: None,
            target: None,
            iterates,
        };
        if value == "*" {
            return Some(none);
        }
        let mut parts = value.split(':');
        let source = read_type(parts.next()?)?;
        let code = parts.next()?;
        let target = match parts.next() {
            Some(target) => Some(read_type(target)?),
            None => None,
        };
        if parts.next().is_some() || source.as_str() == "AuditEvent" {
            return None;
        }
        let code = match code {
            "*" => None,
            code => Some(
                references(source.as_str(), None)
                    .find(|known| known.parameter.code == code)?
                    .parameter
                    .code,
            ),
        };
        Some(Self {
            source: Some(source),
            code,
            target,
            ..none
        })
    }

    /// The records of this facility to which a record refers by it.
    pub(crate) fn referred(&self, resource: &Resource, local: &LocalBase) -> Vec<LocalReference> {
        let kind = resource.resource_type();
        let mut all = Vec::new();
        if self.source.as_ref().is_some_and(|source| source != kind) {
            return all;
        }
        let Some(node) = Node::resource(resource.value()) else {
            return all;
        };
        for known in references(kind.as_str(), self.code) {
            for found in find(node, known.parameter) {
                let Found::Element(element) = found else {
                    continue;
                };
                let text = element
                    .value
                    .get("reference")
                    .and_then(|text| text.as_str());
                let named = text.and_then(|text| LocalReference::parse(text, local));
                all.extend(named.filter(|named| {
                    leads_to(known, named.resource_type.as_str())
                        && self
                            .target
                            .as_ref()
                            .is_none_or(|target| *target == named.resource_type)
                }));
            }
        }
        all
    }

    /// The type that refers, where it was named.
    pub(crate) const fn source(&self) -> Option<&ResourceType> {
        self.source.as_ref()
    }

    /// The parameters by which a record of the named type can refer to one of this type.
    pub(crate) fn codes(&self, to: &ResourceType) -> Vec<&'static str> {
        if self.target.as_ref().is_some_and(|target| target != to) {
            return Vec::new();
        }
        let source = self.source.as_ref().map_or("", ResourceType::as_str);
        let leading = references(source, self.code).filter(|known| leads_to(known, to.as_str()));
        leading.map(|known| known.parameter.code).collect()
    }
}

/// What `_include` offers on a type.
pub(crate) fn offered(kind: &str) -> Vec<String> {
    if kind == "AuditEvent" {
        return Vec::new();
    }
    let all = references(kind, None);
    let all = all.map(|known| format!("{kind}:{}", known.parameter.code));
    std::iter::once("*".to_owned()).chain(all).collect()
}

/// What `_revinclude` offers on a type, but for the parameters that lead to every type. Those
/// of a patient's links are found before every record has its card.
pub(crate) fn offered_reverse(kind: &str, has_cards: bool) -> Vec<String> {
    let sources = RESOURCES.iter().map(|own| own.name);
    let stored = sources.filter(|source| *source != "AuditEvent" && kind != "AuditEvent");
    let pairs =
        stored.flat_map(|source| references(source, None).map(move |known| (source, known)));
    let offered = pairs.filter(|(_, known)| {
        known.parameter.targets != Targets::Any
            && leads_to(known, kind)
            && (has_cards || matches!(known.parameter.code, "patient" | "subject"))
    });
    offered
        .map(|(source, known)| format!("{source}:{}", known.parameter.code))
        .collect()
}

fn read_type(name: &str) -> Option<ResourceType> {
    Definition::of(name)?.name.parse().ok()
}

/// The reference parameters of a type, of one code or of all.
fn references(kind: &str, code: Option<&'static str>) -> impl Iterator<Item = &'static Known> {
    cards::known(kind).iter().filter(move |known| {
        known.parameter.kind == ParameterKind::Reference
            && code.is_none_or(|code| known.parameter.code == code)
    })
}

fn leads_to(known: &Known, kind: &str) -> bool {
    match &known.parameter.targets {
        Targets::Any => true,
        // R4 lets `patient` lead to a Group on some types, and finds none by it.
        Targets::Only(_) if known.parameter.code == "patient" => kind == "Patient",
        Targets::Only(types) => types.iter().any(|one| r4().get(*one).name == kind),
    }
}

fn bad_modifier(name: &str) -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        format!("of the modifiers `{name}` takes `:iterate` alone"),
    )
}

fn any_type() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::TooCostly,
        "`_revinclude=*` would look through records of every type; name the types that refer, as \
         `_revinclude=Provenance:target`",
    )
}
