//! The values that become tokens, and the tokens of a query, by the grammar of index epoch
//! 2 (docs/storage-format.md, "Tokens of index epoch 2"). Any token of a query makes a
//! candidate; one that was not evaluated by card or record is no match.

mod bucket;
mod code;
mod date_query;
mod date_rows;
mod line;
mod number_query;
mod number_rows;
mod text;
mod uri;

pub use bucket::{Bucket, Direction};
pub use code::{code_query, code_rows, link_row};
pub use date_query::{date_pair_query, date_query};
pub use date_rows::date_rows;
pub use number_query::number_query;
pub use number_rows::number_rows;
pub use text::{text_query, text_rows};
pub use uri::{uri_query, uri_rows};

use model::Token;
use sealing::{Form, ParameterKey};
use std::fmt;

/// What is hashed to a token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenValue {
    /// The number of the form; see [`form`](Self::form).
    number: u8,
    bytes: Vec<u8>,
}

impl TokenValue {
    pub(crate) fn new(form: Form, value: impl Into<Vec<u8>>) -> Self {
        Self {
            number: form.number(),
            bytes: value.into(),
        }
    }

    /// The bytes; of form 10 a tag, of every other form text.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The form.
    #[must_use]
    pub fn form(&self) -> Form {
        let forms = [
            Form::Exact,
            Form::Prefix,
            Form::Code,
            Form::DateBucket,
            Form::NumberBucket,
            Form::Uri,
        ];
        let found = forms.into_iter().find(|form| form.number() == self.number);
        found.unwrap_or(Form::Link)
    }

    /// The token under the key of a parameter.
    #[must_use]
    pub fn token(&self, key: &ParameterKey) -> Token {
        key.token(self.form(), &self.bytes)
    }
}

impl fmt::Display for TokenValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

/// What an index row holds of a token: the first 8 bytes as a signed big-endian integer.
#[must_use]
pub fn short_token(token: Token) -> i64 {
    let first = token.as_bytes().first_chunk().copied();
    i64::from_be_bytes(first.unwrap_or_default())
}
