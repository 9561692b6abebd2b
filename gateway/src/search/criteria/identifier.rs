//! `identifier=..` (<https://hl7.org/fhir/R4/search.html#token>).

use super::value::{bad_value, split_at};
use crate::{facility::Facility, failure::Failure, http::backslash};
use model::{ResourceType, Token};
use sealing::Form;
use std::collections::HashSet;

/// One identifier that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentifierAsked {
    /// `value`: any system.
    Value(String),
    /// `|value`: no system.
    WithoutSystem(String),
    /// `system|value`.
    InSystem(String, String),
    /// `system|`: any value of the system.
    System(String),
}

impl IdentifierAsked {
    /// The token by which candidates are found.
    pub fn token(&self, facility: &Facility, kind: &ResourceType) -> Token {
        let (form, value) = match self {
            Self::Value(value) => (Form::Code, value.clone()),
            Self::WithoutSystem(value) => (Form::NoSystemCode, format!("|{value}")),
            Self::InSystem(system, value) => (Form::SystemCode, format!("{system}|{value}")),
            Self::System(_) => (Form::Present, String::new()),
        };
        facility
            .index
            .token(kind.as_str(), "identifier", form, &value, None)
    }
}

/// The identifiers of a record, to look up what is asked for: a record may have very many,
/// and a search may ask for hundreds.
pub struct Identifiers<'r> {
    values: HashSet<&'r str>,
    systems: HashSet<&'r str>,
    in_systems: HashSet<(Option<&'r str>, &'r str)>,
}

impl<'r> Identifiers<'r> {
    /// Those of a record.
    pub fn of(all: &'r [fhir::Identifier]) -> Self {
        let value = |it: &'r fhir::Identifier| it.value.as_deref();
        let system = |it: &'r fhir::Identifier| it.system.as_deref();
        Self {
            values: all.iter().filter_map(value).collect(),
            systems: all.iter().filter_map(system).collect(),
            in_systems: all
                .iter()
                .filter_map(|it| Some((system(it), value(it)?)))
                .collect(),
        }
    }

    /// Whether one of them is the one asked for.
    pub fn have(&self, asked: &IdentifierAsked) -> bool {
        match asked {
            IdentifierAsked::Value(value) => self.values.contains(&**value),
            IdentifierAsked::WithoutSystem(value) => self.in_systems.contains(&(None, &**value)),
            IdentifierAsked::InSystem(system, value) => {
                self.in_systems.contains(&(Some(&**system), &**value))
            }
            IdentifierAsked::System(system) => self.systems.contains(&**system),
        }
    }
}

/// Reads the value of the parameter.
///
/// # Errors
/// Invalid for anything but the forms of a token.
pub fn identifiers(value: &str) -> Result<Vec<IdentifierAsked>, Failure> {
    let form = "`value`, `|value`, `system|value` or `system|`";
    let read = |one: String| {
        let parts: Vec<String> = split_at(&one, '|')
            .iter()
            .map(|part| backslash::unescape(part))
            .collect();
        match parts.as_slice() {
            [value] if !value.is_empty() => Some(IdentifierAsked::Value(value.clone())),
            [system, value] => match (system.as_str(), value.as_str()) {
                ("", "") => None,
                ("", _) => Some(IdentifierAsked::WithoutSystem(value.clone())),
                (_, "") => Some(IdentifierAsked::System(system.clone())),
                _ => Some(IdentifierAsked::InSystem(system.clone(), value.clone())),
            },
            _ => None,
        }
    };
    split_at(value, ',')
        .into_iter()
        .map(|one| read(one).ok_or_else(|| bad_value("identifier", form)))
        .collect()
}
