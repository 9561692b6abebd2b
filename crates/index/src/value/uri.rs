//! URIs (<https://hl7.org/fhir/R4/search.html#uri>).

/// A URI as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// The text.
    pub text: String,
    /// Whether it is a canonical, which may end in `|version`.
    pub canonical: bool,
}

impl Uri {
    /// A uri, url, oid or uuid.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            canonical: false,
        }
    }

    /// A canonical (<https://hl7.org/fhir/R4/references.html#canonical>).
    #[must_use]
    pub fn canonical(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            canonical: true,
        }
    }

    /// The text of a canonical without its version.
    #[must_use]
    pub fn without_version(&self) -> Option<&str> {
        let (url, _) = self.text.split_once('|')?;
        self.canonical.then_some(url)
    }
}
