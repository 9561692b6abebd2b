//! Every way a request can fail, as one value: a category, the FHIR issue code,
//! a text for the caller, and a cause that only our logs see.
//!
//! No status code stands here; `http/outcome.rs` chooses it from the category.

use fhir::{IssueCode, Refusal};
use std::fmt;

/// What kind of failure it is; each has one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The request is malformed.
    Invalid,
    /// No token.
    Unauthenticated,
    /// A token that is not valid.
    InvalidToken,
    /// The caller may not do this at all.
    Forbidden,
    /// Nothing there that the caller may see.
    NotFound,
    /// It was there and was deleted.
    Gone,
    /// The interaction is not offered on this type.
    NotAllowed,
    /// None of the media types asked for can be given.
    NotAcceptable,
    /// The body's media type is not read here.
    UnsupportedMedia,
    /// Someone else wrote at the same time, again and again.
    Conflict,
    /// A precondition of the request does not hold.
    PreconditionFailed,
    /// The query of a URL is over the limit.
    UriTooLong,
    /// The body or the number of entries is over the limit.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// Well-formed, but against a rule.
    Unprocessable,
    /// The client has asked or been denied too often.
    Throttled,
    /// Cannot be done now; nothing was disclosed and nothing was written.
    Unavailable,
    /// A stored row is not what was stored.
    Damaged,
    /// A fault of ours.
    Fault,
}

/// What a path takes.
#[derive(Debug)]
pub enum Taken {
    /// These methods, with commas.
    Methods(String),
    /// A body packed by gzip, or as it is.
    Gzip,
}

/// A failure on its way to the caller.
#[derive(Debug)]
pub struct Failure {
    /// Chooses the status.
    pub category: Category,
    /// The code of the OperationOutcome's issue.
    pub code: IssueCode,
    /// What the caller reads; never holds a value from a record.
    pub text: String,
    /// The element it is about, as a FHIRPath of names and indices.
    pub expression: Option<String>,
    /// All faults of content that is not valid R4, the first of them above.
    pub invalid: Option<Box<Refusal>>,
    /// What our log says about it; never holds a value from a record.
    pub cause: Option<String>,
    /// After how many seconds it may go better.
    pub retry_after: Option<u32>,
    /// What the path takes, where it was sent something else.
    pub taken: Option<Taken>,
    /// Whether an audit record says it.
    pub(crate) audited: bool,
}

impl Category {
    /// Whether the same request could go well another time.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Unavailable | Self::Damaged | Self::Fault)
    }
}

impl Failure {
    /// A failure with a text for the caller.
    pub fn new(category: Category, code: IssueCode, text: impl Into<String>) -> Self {
        Self {
            category,
            code,
            text: text.into(),
            expression: None,
            invalid: None,
            cause: None,
            retry_after: None,
            taken: None,
            audited: false,
        }
    }

    /// Whether it tells that the caller may not do or see something.
    #[must_use]
    pub const fn is_denial(&self) -> bool {
        matches!(self.category, Category::Forbidden | Category::NotFound)
    }

    /// Adds what only our log may see.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Names the element it is about.
    #[must_use]
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        self.expression = Some(expression.into());
        self
    }

    /// Puts the element it is about under another.
    #[must_use]
    pub fn inside(mut self, outer: &str) -> Self {
        self.expression = Some(match self.expression {
            Some(inner) if inner.starts_with(outer) => inner,
            Some(inner) => format!("{outer}.resource.{inner}"),
            None => outer.to_owned(),
        });
        self
    }

    /// The answer to a parameter that is given more often than it may be.
    #[must_use]
    pub fn twice() -> Self {
        Self::new(
            Category::Invalid,
            IssueCode::Invalid,
            "a parameter that counts once is given twice; send it once",
        )
    }

    /// The one answer for what does not exist and for what is hidden.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            Category::NotFound,
            IssueCode::NotFound,
            "the resource does not exist or you are not allowed to see it",
        )
    }

    /// The one answer to an act that policy does not permit.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(
            Category::Forbidden,
            IssueCode::Forbidden,
            "the access policy does not permit this; ask an administrator of the facility",
        )
    }

    /// The answer to a client that has asked, or been denied, too often.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(
                Category::Throttled,
                IssueCode::Throttled,
                "too many requests or denials; wait for `Retry-After`",
            )
        }
    }

    /// The answer to a write that others were faster than, again and again.
    #[must_use]
    pub fn overtaken() -> Self {
        let text = "others are writing the same record; read it again and retry";
        Self {
            retry_after: Some(1),
            ..Self::new(Category::Conflict, IssueCode::Conflict, text)
        }
    }

    /// A fault of ours; the caller learns nothing but that.
    pub fn fault(cause: impl fmt::Display) -> Self {
        Self::new(
            Category::Fault,
            IssueCode::Exception,
            "the request failed through a fault of the server; nothing was written",
        )
        .because(cause)
    }

    /// The request could not be committed. When it is not known whether it was, that is
    /// said: a write must not be taken for undone.
    #[must_use]
    pub fn uncommitted(error: store::Error) -> Self {
        let unsettled = error == store::Error::Unsettled;
        let mut failure = Self::unavailable(error);
        if unsettled {
            failure.text = "the service cannot answer now; nothing was disclosed, but a write may \
                            have taken effect: look before repeating it, or repeat it with the \
                            same `Idempotency-Key`"
                .to_owned();
        }
        failure
    }

    /// Something we need is down; trying again later is right.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        let failure = Self::new(
            Category::Unavailable,
            IssueCode::Transient,
            "the service cannot answer now; nothing was disclosed or written, try again later",
        );
        Self {
            retry_after: Some(1),
            ..failure.because(cause)
        }
    }
}

impl Failure {
    /// What asking again would not change; that something cannot be had now is an error
    /// beside it.
    ///
    /// # Errors
    /// Unavailable.
    pub(crate) fn settled<T>(outcome: Result<T, Self>) -> Result<Result<T, Self>, Self> {
        match outcome {
            Err(failure) if failure.category == Category::Unavailable => Err(failure),
            outcome => Ok(outcome),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.as_deref().unwrap_or(&self.text))
    }
}

impl std::error::Error for Failure {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        if !refusal.faults.is_empty() {
            let first = Self::new(Category::Unprocessable, refusal.code, &*refusal.text);
            return Self {
                expression: refusal.expression.clone(),
                invalid: Some(Box::new(refusal)),
                ..first
            };
        }
        let category = match refusal.code {
            IssueCode::TooLong | IssueCode::TooCostly => Category::TooLarge,
            IssueCode::NotFound => Category::NotFound,
            IssueCode::BusinessRule | IssueCode::Processing => Category::Unprocessable,
            _ => Category::Invalid,
        };
        Self {
            expression: refusal.expression,
            ..Self::new(category, refusal.code, refusal.text)
        }
    }
}

impl From<model::RandomUnavailable> for Failure {
    fn from(error: model::RandomUnavailable) -> Self {
        Self::unavailable(error)
    }
}

impl From<sealing::SealError> for Failure {
    fn from(error: sealing::SealError) -> Self {
        match error {
            sealing::SealError::Random(error) => error.into(),
            sealing::SealError::TooLarge => {
                Self::new(Category::TooLarge, IssueCode::TooLong, error.to_string())
            }
        }
    }
}

impl From<sealing::OpenError> for Failure {
    fn from(error: sealing::OpenError) -> Self {
        Self::fault(error)
    }
}

impl From<fhir::json::JsonError> for Failure {
    fn from(error: fhir::json::JsonError) -> Self {
        Refusal::from(error).into()
    }
}

/// A store error that reached the handler: everything a retry could cure has
/// been retried by then.
impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::VersionTaken | store::Error::Taken(_) | store::Error::KeyTaken => {
                Self::overtaken()
            }
            store::Error::TooCostly => Self::new(
                Category::Unavailable,
                IssueCode::TooCostly,
                "the search took longer than one search may; narrow it by `patient`, \
                 `identifier` or `_lastUpdated`, or ask for it without `_sort` and `_total`",
            ),
            store::Error::EpochMoved
            | store::Error::Unavailable
            | store::Error::Full
            | store::Error::Damaged
            | store::Error::Unsettled => Self::uncommitted(error),
            _ => Self::fault(error),
        }
    }
}
