//! The methods that the tables of routes are written in.

use actix_web::http::Method;

/// A method, the first of those that the same handler takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// GET and HEAD.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Verb {
    const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The names of its methods.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Get => &["GET", "HEAD"],
            Self::Post => &["POST"],
            Self::Put => &["PUT"],
            Self::Patch => &["PATCH"],
            Self::Delete => &["DELETE"],
        }
    }

    /// Whether its requests have content that counts
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-9.3>).
    #[must_use]
    pub const fn has_content(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    /// That of a request; `None` for one that no table has.
    #[must_use]
    pub fn of(method: &Method) -> Option<Self> {
        let has = |verb: &Self| verb.methods().contains(&method.as_str());
        Self::ALL.into_iter().find(has)
    }

    /// That of an entry of a Bundle.
    #[must_use]
    pub const fn of_entry(method: fhir::bundle::Method) -> Self {
        use fhir::bundle::Method;
        match method {
            Method::Get | Method::Head => Self::Get,
            Method::Post => Self::Post,
            Method::Put => Self::Put,
            Method::Patch => Self::Patch,
            Method::Delete => Self::Delete,
        }
    }
}
