//! URIs (<https://hl7.org/fhir/R4/search.html#uri>).

use crate::value::Uri;

/// How a URI is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UriMode {
    /// It is the URI, byte for byte.
    Exact,
    /// `:above`: it is the URI or one that the URI stands below.
    Above,
    /// `:below`: it is the URI or stands below it.
    Below,
}

/// A URI of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UriCriterion {
    /// How values are compared.
    pub mode: UriMode,
    /// The URI.
    pub text: String,
}

impl UriCriterion {
    /// Whether a value satisfies it. A canonical with a version also has the URL without.
    #[must_use]
    pub fn holds(&self, value: &Uri) -> bool {
        self.is(&value.text) || value.without_version().is_some_and(|url| self.is(url))
    }

    fn is(&self, value: &str) -> bool {
        match self.mode {
            UriMode::Exact => value == self.text,
            UriMode::Above => stands_below(&self.text, value),
            UriMode::Below => stands_below(value, &self.text),
        }
    }
}

/// Whether a URI is another, or goes on where a segment of its path ends. A urn has no
/// path.
pub(crate) fn stands_below(uri: &str, upper: &str) -> bool {
    let Some(rest) = uri.strip_prefix(upper) else {
        return false;
    };
    let has_path = upper.contains("://");
    rest.is_empty() || has_path && (upper.ends_with('/') || rest.starts_with(['/', '?', '#']))
}
