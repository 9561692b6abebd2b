//! How what was audited ended.

/// How an act ended (<https://hl7.org/fhir/R4/valueset-audit-event-outcome.html>), the
/// worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditOutcome {
    /// It was done.
    Success,
    /// It was refused, as a denial or for the client's fault.
    MinorFailure,
    /// It failed for our fault.
    SeriousFailure,
    /// It failed and something is out of order.
    MajorFailure,
}

impl AuditOutcome {
    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "0",
            Self::MinorFailure => "4",
            Self::SeriousFailure => "8",
            Self::MajorFailure => "12",
        }
    }

    /// The code as a number, as rows hold it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::MinorFailure => 4,
            Self::SeriousFailure => 8,
            Self::MajorFailure => 12,
        }
    }

    pub(super) fn read(code: &str) -> Option<Self> {
        [
            Self::Success,
            Self::MinorFailure,
            Self::SeriousFailure,
            Self::MajorFailure,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == code)
    }
}
