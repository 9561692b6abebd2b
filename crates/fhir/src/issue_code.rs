//! The categories of what FHIR calls an issue.

use std::fmt;

macro_rules! issue_codes {
    ($($name:ident $code:literal $doc:literal,)*) => {
        /// A code of <https://hl7.org/fhir/R4/valueset-issue-type.html>.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum IssueCode {
            $(#[doc = $doc] $name,)*
        }

        impl IssueCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it stands in an `OperationOutcome`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}
issue_codes! {
    Invalid "invalid" "Content that breaks the specification.",
    Structure "structure" "Content that cannot be parsed.",
    Required "required" "A required element is missing.",
    Value "value" "An element has a value that it may not have.",
    Invariant "invariant" "A rule of validation failed.",
    Security "security" "An authorisation problem.",
    Login "login" "The client must log in.",
    Unknown "unknown" "The user or system is not known.",
    Expired "expired" "The session has expired.",
    Forbidden "forbidden" "The user may not do this.",
    Suppressed "suppressed" "Some information was not shown.",
    Processing "processing" "Processing failed.",
    NotSupported "not-supported" "The interaction or content is not supported.",
    Duplicate "duplicate" "The content is there already.",
    MultipleMatches "multiple-matches" "Criteria matched more than one.",
    NotFound "not-found" "What was named is not there.",
    Deleted "deleted" "What was named has been deleted.",
    TooLong "too-long" "The content is too long.",
    CodeInvalid "code-invalid" "A code or system is not known.",
    Extension "extension" "An extension that is not acceptable.",
    TooCostly "too-costly" "The request would cost too much.",
    BusinessRule "business-rule" "A business rule forbids it.",
    Conflict "conflict" "It conflicts with another edit.",
    Transient "transient" "A problem that may pass.",
    LockError "lock-error" "A lock could not be had.",
    NoStore "no-store" "The store cannot be reached.",
    Exception "exception" "An internal error.",
    Timeout "timeout" "An internal time limit was reached.",
    Incomplete "incomplete" "Not all sources could be reached.",
    Throttled "throttled" "Too many requests.",
    Informational "informational" "Nothing went wrong.",
}

impl fmt::Display for IssueCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
