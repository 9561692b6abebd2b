//! Reading JSON members strictly: nothing missing, nothing unknown, one
//! spelling per value. What breaks a rule of form is refused as a whole and
//! gets no verdict.

use fhir::json::{JsonError, Object, Value};
use model::Invalid;
use std::str::FromStr;
use tlog::leaf::StatementError;
use tlog::notes::proof_text::ProofTextError;

/// Why an input was refused. Never holds text of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A bundle of more than 1 MiB.
    #[error("the proof bundle is larger than 1 MiB")]
    TooLarge,
    /// Not JSON by our rules.
    #[error("the {file} is not valid JSON: {error}")]
    Json {
        /// Which input.
        file: &'static str,
        /// What and where.
        error: JsonError,
    },
    /// The bundle is JSON in another spelling than the canonical one.
    #[error("the proof bundle is not canonical JSON; use the file exactly as it was made")]
    NotCanonical,
    /// A member is missing.
    #[error("`{0}` is missing")]
    Missing(String),
    /// A member that the format does not have, or not at this rung or kind.
    #[error("`{0}` has a member that it must not have here")]
    Unknown(String),
    /// A member breaks its rule.
    #[error("`{place}` must be {rule}")]
    Member {
        /// Where.
        place: String,
        /// Its rule.
        rule: &'static str,
    },
    /// Two entries of the trust file that exclude each other.
    #[error("`{place}` has two entries with the same {what}")]
    Twice {
        /// The list.
        place: String,
        /// What they share.
        what: &'static str,
    },
    /// The statement of the leaf.
    #[error("`leaf.statement`: {0}")]
    Statement(#[from] StatementError),
    /// The C2SP proof text.
    #[error("`tlogProof`: {0}")]
    ProofText(#[from] ProofTextError),
}

/// Reads an input as JSON.
pub(crate) fn parse(file: &'static str, bytes: &[u8]) -> Result<Value, FormError> {
    fhir::json::parse(bytes).map_err(|error| FormError::Json { file, error })
}

/// An object with the members that it may have.
pub(crate) struct Members<'a> {
    place: String,
    object: &'a Object,
}

impl<'a> Members<'a> {
    /// Takes an object that has no member but these.
    pub(crate) fn of(value: &'a Value, place: &str, names: &[&str]) -> Result<Self, FormError> {
        let object = value.as_object().ok_or_else(|| FormError::Member {
            place: place.to_owned(),
            rule: "an object",
        })?;
        if object.iter().any(|(name, _)| !names.contains(&name)) {
            return Err(FormError::Unknown(place.to_owned()));
        }
        Ok(Self {
            place: place.to_owned(),
            object,
        })
    }

    /// Where a member stands, for messages.
    pub(crate) fn place(&self, name: &str) -> String {
        match self.place.as_str() {
            "" => name.to_owned(),
            place => format!("{place}.{name}"),
        }
    }

    fn refuse<T>(&self, name: &str, rule: &'static str) -> Result<T, FormError> {
        Err(FormError::Member {
            place: self.place(name),
            rule,
        })
    }

    /// A member that may be absent.
    pub(crate) fn optional(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// A member that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&'a Value, FormError> {
        self.optional(name)
            .ok_or_else(|| FormError::Missing(self.place(name)))
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, FormError> {
        match self.required(name)?.as_str() {
            Some(text) => Ok(text),
            None => self.refuse(name, "a string"),
        }
    }

    /// A string of a type with one spelling.
    pub(crate) fn parsed<T: FromStr<Err = Invalid>>(&self, name: &str) -> Result<T, FormError> {
        self.parse(name, self.text(name)?)
    }

    fn parse<T: FromStr<Err = Invalid>>(&self, name: &str, text: &str) -> Result<T, FormError> {
        text.parse()
            .or_else(|invalid: Invalid| self.refuse(name, invalid.rule))
    }

    /// `0|[1-9][0-9]{0,18}`.
    pub(crate) fn integer(&self, name: &str) -> Result<u64, FormError> {
        match self.required(name)? {
            Value::Number(number) if number.as_str().len() <= 19 => number.as_u64(),
            _ => None,
        }
        .map_or_else(
            || self.refuse(name, "a whole number of at most 19 digits"),
            Ok,
        )
    }

    /// One or more bytes in lower-case hex.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, FormError> {
        self.unhex(name, self.text(name)?)
    }

    fn unhex(&self, name: &str, text: &str) -> Result<Vec<u8>, FormError> {
        let bytes = hex::decode(text).ok();
        bytes
            .filter(|bytes| !bytes.is_empty() && hex::encode(bytes) == text)
            .map_or_else(|| self.refuse(name, "lower-case hex of whole bytes"), Ok)
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> Result<[u8; N], FormError> {
        let bytes = self.bytes(name)?;
        bytes
            .try_into()
            .or_else(|_| self.refuse(name, "hex of the right length"))
    }

    pub(crate) fn list(&self, name: &str) -> Result<&'a [Value], FormError> {
        match self.required(name)?.as_array() {
            Some(items) => Ok(items),
            None => self.refuse(name, "an array"),
        }
    }

    fn texts(&self, name: &str) -> Result<Vec<&'a str>, FormError> {
        let texts = self
            .list(name)?
            .iter()
            .map(Value::as_str)
            .collect::<Option<_>>();
        texts.map_or_else(|| self.refuse(name, "an array of strings"), Ok)
    }

    pub(crate) fn parsed_list<T>(&self, name: &str) -> Result<Vec<T>, FormError>
    where
        T: FromStr<Err = Invalid>,
    {
        self.texts(name)?
            .into_iter()
            .map(|text| self.parse(name, text))
            .collect()
    }

    pub(crate) fn bytes_list(&self, name: &str) -> Result<Vec<Vec<u8>>, FormError> {
        self.texts(name)?
            .into_iter()
            .map(|text| self.unhex(name, text))
            .collect()
    }

    /// Reads every item of a list as an object.
    pub(crate) fn each<T>(
        &self,
        name: &str,
        names: &[&str],
        read: impl Fn(&Members<'a>) -> Result<T, FormError>,
    ) -> Result<Vec<T>, FormError> {
        let place = format!("{}[]", self.place(name));
        let item = |value| read(&Members::of(value, &place, names)?);
        self.list(name)?.iter().map(item).collect()
    }

    /// Reads a member that is an object, when it is there.
    pub(crate) fn child<T>(
        &self,
        name: &str,
        names: &[&str],
        read: impl Fn(&Members<'a>) -> Result<T, FormError>,
    ) -> Result<Option<T>, FormError> {
        let Some(value) = self.optional(name) else {
            return Ok(None);
        };
        read(&Members::of(value, &self.place(name), names)?).map(Some)
    }
}
