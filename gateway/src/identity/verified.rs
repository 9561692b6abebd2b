//! Tokens that have just been verified, because a client sends the same one
//! with every request and a signature takes longer to check than to remember.
//!
//! Kept for a minute, never beyond `exp`, and only as long as the issuer's key
//! set stays the one that verified it. A token is known by its hash.

use super::issuers::Issuer;
use model::Timestamp;
use moka::sync::Cache;
use policies::Caller;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

const KEPT_MILLIS: i64 = 60 * 1000;
const MAX_TOKENS: u64 = 10_000;

/// Recently verified tokens.
pub(super) struct VerifiedTokens(Cache<[u8; 32], Arc<Verified>>);

struct Verified {
    caller: Caller,
    since: Timestamp,
    until: Timestamp,
    issuer: usize,
    generation: u64,
}

impl VerifiedTokens {
    pub(super) fn new() -> Self {
        Self(Cache::new(MAX_TOKENS))
    }

    /// The caller of a token that is still good.
    pub(super) fn find(
        &self,
        text: &str,
        now: Timestamp,
        issuers: &[Arc<Issuer>],
    ) -> Option<Caller> {
        let hash: [u8; 32] = Sha256::digest(text).into();
        let kept = self.0.get(&hash)?;
        let generation = issuers.get(kept.issuer)?.keys.generation();
        if kept.since <= now && now < kept.until && kept.generation == generation {
            Some(kept.caller.clone())
        } else {
            self.0.invalidate(&hash);
            None
        }
    }

    /// Remembers a token that has just been verified.
    pub(super) fn keep(
        &self,
        text: &str,
        caller: &Caller,
        expires: i64,
        now: Timestamp,
        issuer: usize,
        generation: u64,
    ) {
        let expiry = Timestamp::from_millis(expires.saturating_mul(1000));
        let minute = now.plus_millis(KEPT_MILLIS);
        let until = expiry.map_or(minute, |expiry| expiry.min(minute));
        let verified = Verified {
            caller: caller.clone(),
            since: now,
            until,
            issuer,
            generation,
        };
        self.0
            .insert(Sha256::digest(text).into(), Arc::new(verified));
    }
}
