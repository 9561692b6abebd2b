//! Authorization codes: each is good once, for a minute, for whoever holds the PKCE
//! verifier (<https://www.rfc-editor.org/rfc/rfc7636>). They are kept in memory.

use super::DemoUser;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use model::Timestamp;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

const GOOD_FOR_MILLIS: i64 = 60 * 1000;

/// What was agreed on when a code was given out.
pub(crate) struct Agreed {
    pub(crate) user: DemoUser,
    pub(crate) redirect: String,
    /// Of method S256.
    pub(crate) challenge: String,
    pub(crate) nonce: Option<String>,
}

/// The codes that are out.
#[derive(Default)]
pub(crate) struct Codes(Mutex<BTreeMap<String, (Agreed, Timestamp)>>);

impl Codes {
    /// Remembers a code, and forgets those whose time is over.
    pub(crate) fn give_out(&self, code: String, agreed: Agreed, now: Timestamp) {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, (_, until)| now < *until);
        codes.insert(code, (agreed, now.plus_millis(GOOD_FOR_MILLIS)));
    }

    /// Takes a code back. Whatever is wrong, it is not good again.
    pub(crate) fn take_back(
        &self,
        code: &str,
        redirect: &str,
        verifier: &str,
        now: Timestamp,
    ) -> Option<Agreed> {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (agreed, until) = codes.remove(code)?;
        let challenge = BASE64URL.encode(Sha256::digest(verifier));
        let fits = agreed.redirect == redirect && agreed.challenge == challenge && now < until;
        fits.then_some(agreed)
    }
}
