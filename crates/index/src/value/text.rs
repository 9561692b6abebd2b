//! Strings (<https://hl7.org/fhir/R4/search.html#string>).

use sealing::normal_form;

/// Number of code points that are kept of a string, and of its normal form.
const MAX_CODE_POINTS: usize = 64;

/// A string as received and in its normal form, each cut after 64 code points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The start of the string as received.
    pub received: String,
    /// The start of the normal form of the whole string.
    pub normal: String,
    /// Whether the string goes on.
    pub received_cut: bool,
    /// Whether the normal form goes on.
    pub normal_cut: bool,
}

impl Text {
    /// The value that a string is found by.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let normal = normal_form(text);
        let (start, start_of_normal) = (start(text), start(&normal));
        Self {
            received_cut: start.len() < text.len(),
            normal_cut: start_of_normal.len() < normal.len(),
            received: start.to_owned(),
            normal: start_of_normal.to_owned(),
        }
    }
}

impl Text {
    /// The whole string, for whoever has the record itself.
    #[must_use]
    pub fn whole(text: &str) -> Self {
        Self {
            received: text.to_owned(),
            normal: normal_form(text),
            received_cut: false,
            normal_cut: false,
        }
    }
}

fn start(text: &str) -> &str {
    let next = text.char_indices().nth(MAX_CODE_POINTS);
    next.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
