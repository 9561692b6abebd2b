//! The claims of a token.

use super::refusal::Refusal;
use model::Timestamp;
use serde_json::{Map, Value};

/// How far the issuer's clock may differ.
const LEEWAY_SECONDS: i64 = 30;

/// The claims of a token whose signature is right.
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    pub(super) const fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Checks that `now` is between begin and `exp`, and that the token was made for
    /// `longest` seconds at most; gives `exp`. A token begins with `nbf`, which many
    /// issuers leave out, and is made at `iat`, which RFC 9068, 2.2 requires. One must
    /// be there, and each that is there must have come.
    pub(super) fn check_time(&self, now: Timestamp, longest: u32) -> Result<i64, Refusal> {
        let (nbf, iat) = (self.moment("nbf")?, self.moment("iat")?);
        let made = iat.or(nbf).ok_or(Refusal::Missing("iat"))?;
        let exp = self.moment("exp")?.ok_or(Refusal::Missing("exp"))?;
        let now = now.as_seconds();
        let soon = now.saturating_add(LEEWAY_SECONDS);
        if now >= exp.saturating_add(LEEWAY_SECONDS) {
            Err(Refusal::Expired)
        } else if made > soon || nbf.is_some_and(|nbf| nbf > soon) {
            Err(Refusal::NotYetValid)
        } else if exp.saturating_sub(made) > i64::from(longest) {
            Err(Refusal::TooLongLived)
        } else {
            Ok(exp)
        }
    }

    /// A NumericDate (RFC 7519, 2), which may have a fraction.
    fn moment(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let whole = value.as_i64().or_else(|| {
            let seconds = value.as_f64()?.floor();
            // Beyond the calendar no moment is meant.
            (0.0..253_402_300_800.0)
                .contains(&seconds)
                .then(|| seconds.to_string().parse().ok())?
        });
        whole.map(Some).ok_or(Refusal::Claim(name))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The claim of a configured name: the member that is called so, or else the one
    /// that its dots lead to, such as `realm_access.roles`.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let mut names = path.split('.');
        let first = self.0.get(names.next()?)?;
        names.try_fold(first, |within, name| within.get(name))
    }
}
