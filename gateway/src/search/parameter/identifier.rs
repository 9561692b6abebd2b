//! `identifier=..` (<https://hl7.org/fhir/R4/search.html#token>).

use super::{Asked, NewRecord, OpenRecord, Parameter, Reading};
use crate::{
    failure::Failure,
    search::{
        condition::Condition,
        index::{Index, IndexValues},
        value::bad_value,
    },
};
use fhir::definition::Definition;
use index::{split_escaped, unescaped};
use model::Token;
use sealing::Form;
use std::collections::HashSet;

const IDENTIFIER: &str = "identifier";

pub(super) struct IdentifierParameter;

impl Parameter for IdentifierParameter {
    fn name(&self) -> &'static str {
        IDENTIFIER
    }

    fn search_type(&self) -> &'static str {
        "token"
    }

    fn is_of(&self, kind: &Definition) -> bool {
        !kind.identifier.is_empty()
    }

    fn index(&self, record: &NewRecord<'_>, index: Index<'_>, values: &mut IndexValues) {
        let identifiers = record.resource.identifiers();
        if !identifiers.is_empty() {
            values
                .tokens
                .push(index.token(IDENTIFIER, Form::Present, ""));
        }
        let met = identifiers.into_iter().flat_map(IdentifierAsked::met_by);
        values.tokens.extend(met.map(|asked| asked.token(index)));
    }

    fn criteria(&self) -> Box<dyn Asked> {
        Box::new(IdentifierLists(Vec::new()))
    }
}

/// Lists of identifiers; the record has one of each.
struct IdentifierLists(Vec<Vec<IdentifierAsked>>);

impl Asked for IdentifierLists {
    fn add(&mut self, value: &str, _reading: Reading<'_>) -> Result<(), Failure> {
        self.0.push(identifiers(value)?);
        Ok(())
    }

    fn values(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    fn conditions(&self, index: Index<'_>) -> Vec<Condition> {
        let condition = |asked: &Vec<IdentifierAsked>| {
            Condition::Tokens(asked.iter().map(|one| one.token(index)).collect())
        };
        self.0.iter().map(condition).collect()
    }

    fn holds(&self, record: &OpenRecord<'_>) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let all = record.resource.identifiers();
        let identifiers = Identifiers::of(&all);
        let mut lists = self.0.iter();
        lists.all(|asked| asked.iter().any(|one| identifiers.have(one)))
    }
}

/// One identifier that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum IdentifierAsked {
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
    /// The token that stands for it: a record is stored under the tokens of all that it
    /// meets, and found by that of the one asked for. Systems alone share one, which
    /// leads to every record that has an identifier.
    fn token(&self, index: Index<'_>) -> Token {
        let token = |form, value: &str| index.token(IDENTIFIER, form, value);
        match self {
            Self::Value(value) => token(Form::Code, value),
            Self::WithoutSystem(value) => token(Form::NoSystemCode, &format!("|{value}")),
            Self::InSystem(system, value) => token(Form::SystemCode, &format!("{system}|{value}")),
            Self::System(_) => token(Form::Present, ""),
        }
    }

    /// What an identifier meets by its value; nothing without one.
    fn met_by(identifier: fhir::Identifier) -> impl Iterator<Item = Self> {
        let of_value = |value: String| {
            let exact = match identifier.system {
                Some(system) => Self::InSystem(system, value.clone()),
                None => Self::WithoutSystem(value.clone()),
            };
            [Self::Value(value), exact]
        };
        identifier.value.map(of_value).into_iter().flatten()
    }
}

/// The identifiers of a record, to look up what is asked for: a record may have very many,
/// and a search may ask for hundreds.
struct Identifiers<'r> {
    values: HashSet<&'r str>,
    systems: HashSet<&'r str>,
    in_systems: HashSet<(Option<&'r str>, &'r str)>,
}

impl<'r> Identifiers<'r> {
    /// Those of a record.
    fn of(all: &'r [fhir::Identifier]) -> Self {
        let value = |identifier: &'r fhir::Identifier| identifier.value.as_deref();
        let system = |identifier: &'r fhir::Identifier| identifier.system.as_deref();
        Self {
            values: all.iter().filter_map(value).collect(),
            systems: all.iter().filter_map(system).collect(),
            in_systems: all
                .iter()
                .filter_map(|identifier| Some((system(identifier), value(identifier)?)))
                .collect(),
        }
    }

    /// Whether one of them is the one asked for.
    fn have(&self, asked: &IdentifierAsked) -> bool {
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
fn identifiers(value: &str) -> Result<Vec<IdentifierAsked>, Failure> {
    let form = "`value`, `|value`, `system|value` or `system|`";
    let read = |one: &str| {
        let parts = split_escaped(one, '|').into_iter();
        let parts: Vec<String> = parts.map(unescaped).collect();
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
    split_escaped(value, ',')
        .into_iter()
        .map(|one| read(one).ok_or_else(|| bad_value(IDENTIFIER, form)))
        .collect()
}
