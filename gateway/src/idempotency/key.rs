//! The `Idempotency-Key` of a request, with what of its head has to be the same the next time
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).

use crate::{
    failure::{Category, Failure},
    http::precondition,
};
use actix_web::{HttpRequest, http::header::HeaderName};
use fhir::IssueCode;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How long a key is a key.
const MAX_KEY_LENGTH: usize = 255;

/// The key of a request, with what of its head has to be the same the next time.
pub struct Key {
    pub(super) key: String,
    pub(super) parts: Vec<String>,
}

impl Key {
    /// The key of a request, if it has one.
    ///
    /// # Errors
    /// Invalid for more than one key and for one that is not visible ASCII.
    pub fn of(request: &HttpRequest) -> Result<Option<Self>, Failure> {
        let mut sent = request.headers().get_all(IDEMPOTENCY_KEY);
        let Some(first) = sent.next() else {
            return Ok(None);
        };
        let key = first.to_str().ok().filter(|key| {
            (1..=MAX_KEY_LENGTH).contains(&key.len())
                && key.bytes().all(|byte| byte.is_ascii_graphic())
        });
        let (Some(key), None) = (key, sent.next()) else {
            return Err(Failure::new(
                Category::Invalid,
                IssueCode::Value,
                format!(
                    "`Idempotency-Key` must be one value of 1 to {MAX_KEY_LENGTH} visible ASCII \
                     characters"
                ),
            ));
        };
        let path = request.path().trim_end_matches('/').to_owned();
        let if_match = precondition::if_match(request);
        let mut parts = vec![request.method().as_str().to_owned(), path, if_match];
        // Left out when there are none, as in answers that were kept before.
        let others = precondition::others(request);
        parts.extend((!others.is_empty()).then_some(others));
        let key = key.to_owned();
        Ok(Some(Self { key, parts }))
    }

    /// That of a request whose record is chosen by criteria: with others it is another one.
    #[must_use]
    pub fn with_criteria(mut self, query: &str) -> Self {
        self.parts.push(format!("?{query}"));
        self
    }
}
