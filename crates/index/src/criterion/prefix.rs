//! Prefixes (<https://hl7.org/fhir/R4/search.html#prefix>).

/// How a value is compared with that of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// The range of the search fully contains that of the value.
    Eq,
    /// It does not.
    Ne,
    /// The range above that of the search overlaps the value.
    Gt,
    /// The range below that of the search overlaps the value.
    Lt,
    /// As `gt`, or as `eq`.
    Ge,
    /// As `lt`, or as `eq`.
    Le,
    /// The value starts after the range of the search.
    Sa,
    /// The value ends before the range of the search.
    Eb,
    /// The value overlaps a tenth around the search.
    Ap,
}

impl Prefix {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Lt,
        Self::Ge,
        Self::Le,
        Self::Sa,
        Self::Eb,
        Self::Ap,
    ];

    /// The two letters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Ge => "ge",
            Self::Le => "le",
            Self::Sa => "sa",
            Self::Eb => "eb",
            Self::Ap => "ap",
        }
    }

    /// Cuts the prefix off a value; `eq` where it has none, `None` for other letters.
    #[must_use]
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let letters = |two: &str| two.bytes().all(|c| c.is_ascii_alphabetic());
        match text.split_at_checked(2) {
            Some((two, rest)) if letters(two) => {
                let found = Self::ALL.into_iter().find(|prefix| prefix.as_str() == two);
                found.map(|prefix| (prefix, rest))
            }
            _ => Some((Self::Eq, text)),
        }
    }
}
