//! Numbers and quantities with a prefix (<https://hl7.org/fhir/R4/search.html#number>,
//! <https://hl7.org/fhir/R4/search.html#quantity>). The precision of the text counts with
//! `eq` and `ne` only; every other prefix takes the number exactly.

use super::{Prefix, split_escaped, unescaped};
use crate::value::{DecimalText, Number, Quantity};

/// A number of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberCriterion {
    /// How values are compared.
    pub prefix: Prefix,
    /// The number.
    pub number: DecimalText,
}

/// A number of a search with its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuantityCriterion {
    /// The number.
    pub number: NumberCriterion,
    /// Its unit.
    pub unit: QuantityUnit,
}

/// Which unit is asked for. Units are not converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuantityUnit {
    /// `number`: any.
    Any,
    /// `number||unit`: this code or this unit for people.
    CodeOrUnit(String),
    /// `number|system|code`; with an empty code any code of the system.
    Exactly {
        /// The system.
        system: String,
        /// The code.
        code: String,
    },
}

impl NumberCriterion {
    /// Reads `[prefix][number]`; `None` for other texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, number) = Prefix::split(text)?;
        let number = DecimalText::parse(number)?;
        Some(Self { prefix, number })
    }

    /// Whether a value satisfies it.
    #[must_use]
    pub fn holds(&self, value: &Number) -> bool {
        let asked = self.number.value();
        match self.prefix {
            Prefix::Eq => value.is_within(&self.number.implicit_range()),
            Prefix::Ne => !value.is_within(&self.number.implicit_range()),
            Prefix::Gt => value.reaches_above(asked),
            Prefix::Lt => value.reaches_below(asked),
            Prefix::Ge => value.reaches_above(asked) || value.is_exactly(asked),
            Prefix::Le => value.reaches_below(asked) || value.is_exactly(asked),
            Prefix::Sa => value.is_above(asked),
            Prefix::Eb => value.is_below(asked),
            Prefix::Ap => value.overlaps(&self.number.about()),
        }
    }
}

impl QuantityCriterion {
    /// Reads `[prefix][number]`, `[prefix][number]||[unit]` or
    /// `[prefix][number]|[system]|[code]`; `None` for other texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = split_escaped(text, '|');
        let (number, unit) = match parts.as_slice() {
            [number] => (number, QuantityUnit::Any),
            [number, "", ""] => (number, QuantityUnit::Any),
            [number, "", unit] => (number, QuantityUnit::CodeOrUnit(unescaped(unit))),
            [number, system, code] => {
                let (system, code) = (unescaped(system), unescaped(code));
                (number, QuantityUnit::Exactly { system, code })
            }
            _ => return None,
        };
        let number = NumberCriterion::parse(number)?;
        Some(Self { number, unit })
    }

    /// Whether a value satisfies it.
    #[must_use]
    pub fn holds(&self, value: &Quantity) -> bool {
        let is = |part: &Option<String>, text: &String| part.as_ref() == Some(text);
        let unit = match &self.unit {
            QuantityUnit::Any => true,
            QuantityUnit::CodeOrUnit(unit) => is(&value.code, unit) || is(&value.unit, unit),
            QuantityUnit::Exactly { system, code } => {
                is(&value.system, system) && (code.is_empty() || is(&value.code, code))
            }
        };
        unit && self.number.holds(&value.number)
    }
}
