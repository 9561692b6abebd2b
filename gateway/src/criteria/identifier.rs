//! `identifier=..` (<https://hl7.org/fhir/R4/search.html#token>).

use super::value::{bad_value, split_at};
use crate::{backslash, facility::Facility, failure::Failure};
use model::{ResourceType, Token};
use sealing::Form;

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

    /// Whether an identifier is the one asked for.
    pub fn matches(&self, has: &fhir::Identifier) -> bool {
        let (system, value) = (has.system.as_deref(), has.value.as_deref());
        match self {
            Self::Value(asked) => value == Some(asked),
            Self::WithoutSystem(asked) => system.is_none() && value == Some(asked),
            Self::InSystem(in_system, asked) => system == Some(in_system) && value == Some(asked),
            Self::System(asked) => system == Some(asked),
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
