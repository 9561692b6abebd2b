//! Strings (<https://hl7.org/fhir/R4/search.html#string>).

use super::Answer;
use crate::value::Text;
use sealing::normal_form;

/// How a string is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextMode {
    /// It starts with the text, whatever case and accents.
    Starts,
    /// `:exact`: it is the text.
    Exact,
    /// `:contains`: the text is somewhere in it, whatever case and accents.
    Contains,
}

/// A text of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextCriterion {
    /// How values are compared.
    pub mode: TextMode,
    received: String,
    normal: String,
}

impl TextCriterion {
    /// A text, without its escapes.
    #[must_use]
    pub fn new(mode: TextMode, text: &str) -> Self {
        Self {
            mode,
            received: text.to_owned(),
            normal: normal_form(text),
        }
    }

    /// Whether a value satisfies it, as far as the kept start of it tells.
    #[must_use]
    pub fn answer(&self, value: &Text) -> Answer {
        match self.mode {
            TextMode::Starts => {
                let goes_on = value.normal_cut && self.normal.starts_with(&value.normal);
                decided(value.normal.starts_with(&self.normal), goes_on)
            }
            TextMode::Contains => decided(value.normal.contains(&self.normal), value.normal_cut),
            TextMode::Exact if value.received_cut => {
                let longer = self.received.len() > value.received.len();
                let may_be = longer && self.received.starts_with(&value.received);
                decided(false, may_be)
            }
            TextMode::Exact => (value.received == self.received).into(),
        }
    }

    /// The text as received.
    #[must_use]
    pub fn received(&self) -> &str {
        &self.received
    }

    /// The text in its normal form.
    #[must_use]
    pub fn normal(&self) -> &str {
        &self.normal
    }
}

fn decided(holds: bool, may_hold: bool) -> Answer {
    if holds {
        Answer::Holds
    } else if may_hold {
        Answer::Unknown
    } else {
        Answer::Fails
    }
}
