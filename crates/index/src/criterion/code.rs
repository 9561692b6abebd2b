//! Tokens in the sense of R4: codes and identifiers
//! (<https://hl7.org/fhir/R4/search.html#token>). Both are compared as they are.

use super::{split_escaped, unescaped};
use crate::value::{Code, Identifier};

/// Which code is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCriterion {
    /// `code`: whatever its system.
    AnySystem(String),
    /// `|code`: one without a system.
    NoSystem(String),
    /// `system|code`.
    Exactly {
        /// The system.
        system: String,
        /// The code.
        code: String,
    },
    /// `system|`: any code of the system.
    System(String),
}

/// `:of-type`, `system|code|value`: an identifier by its type and value
/// (<https://hl7.org/fhir/R4/search.html#token>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfType {
    /// The system of a coding of `Identifier.type`.
    pub system: String,
    /// Its code.
    pub code: String,
    /// `Identifier.value`.
    pub value: String,
}

impl CodeCriterion {
    /// Reads a value; `None` when it is empty, a bar alone, or has a second bar.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<String> = (split_escaped(text, '|').into_iter())
            .map(unescaped)
            .collect();
        match <[String; 2]>::try_from(parts) {
            Err(parts) => {
                let [code] = <[String; 1]>::try_from(parts).ok()?;
                (!code.is_empty()).then_some(Self::AnySystem(code))
            }
            Ok([system, code]) => match (system.is_empty(), code.is_empty()) {
                (true, true) => None,
                (true, false) => Some(Self::NoSystem(code)),
                (false, true) => Some(Self::System(system)),
                (false, false) => Some(Self::Exactly { system, code }),
            },
        }
    }

    /// Whether a value satisfies it.
    #[must_use]
    pub fn holds(&self, value: &Code) -> bool {
        let has_code = |code: &String| value.code.as_ref() == Some(code);
        let has_system = |system: &String| value.system.as_ref() == Some(system);
        match self {
            Self::AnySystem(code) => has_code(code),
            Self::NoSystem(code) => value.system.is_none() && has_code(code),
            Self::Exactly { system, code } => has_system(system) && has_code(code),
            Self::System(system) => has_system(system),
        }
    }

    /// The code, where one is asked for.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::AnySystem(code) | Self::NoSystem(code) | Self::Exactly { code, .. } => Some(code),
            Self::System(_) => None,
        }
    }
}

impl OfType {
    /// Reads `system|code|value`; `None` unless all three are there.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<String> = (split_escaped(text, '|').into_iter())
            .map(unescaped)
            .collect();
        let [system, code, value] = <[String; 3]>::try_from(parts).ok()?;
        let whole = ![&system, &code, &value].iter().any(|part| part.is_empty());
        whole.then_some(Self {
            system,
            code,
            value,
        })
    }

    /// Whether an identifier satisfies it.
    #[must_use]
    pub fn holds(&self, identifier: &Identifier) -> bool {
        let of_type = |coding: &Code| {
            coding.system.as_ref() == Some(&self.system) && coding.code.as_ref() == Some(&self.code)
        };
        identifier.value.code.as_ref() == Some(&self.value) && identifier.types.iter().any(of_type)
    }
}
