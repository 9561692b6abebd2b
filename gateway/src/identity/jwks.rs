//! The signature keys of one issuer, kept fresh.
//!
//! Keys are fetched when there are none, when they are ten minutes old, and when a
//! token names one that is not there (the issuer may have rotated, in an emergency
//! too). The last is in anyone's power to cause, so one address causes it once a
//! minute and all of them once in five seconds; until then an unknown key stays
//! unknown. Whoever spends the fetch brings the new key for everyone. One fetch runs
//! at a time and the others wait for it or go on with the keys at hand. While an
//! issuer is down its last keys stay, and it is asked again every ten seconds by
//! a caller of `refresh` at least that often, so that no request has to. Key sets:
//! <https://www.rfc-editor.org/rfc/rfc7517>.

use super::{discovery::Discovery, refusal::Refusal};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use model::Timestamp;
use moka::sync::Cache;
use oidc::HttpClient;
use openidconnect::core::CoreJsonWebKeySet;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// Keys older than this are fetched again.
const MAX_AGE_MILLIS: i64 = 10 * 60 * 1000;
/// Between two fetches of a stale set that could not be fetched.
const COOL_DOWN_MILLIS: i64 = 5 * 60 * 1000;
/// Between two fetches while there is no key at all, or after one that failed.
const RETRY_MILLIS: i64 = 10 * 1000;
/// Between two fetches because of unknown keys.
const UNKNOWN_MILLIS: i64 = 5 * 1000;
/// Between two fetches because of unknown keys from one address.
const UNKNOWN_OF_ADDRESS_MILLIS: i64 = 60 * 1000;
/// Number of addresses that are remembered.
const MAX_ADDRESSES: u64 = 10_000;
/// Keys of one issuer that are looked at.
const MAX_KEYS: usize = 100;
/// RSA moduli shorter than 2048 bits are not used.
const MIN_RSA_BASE64: usize = 342;

/// The keys of one issuer.
pub(super) struct IssuerKeys {
    pinned: Vec<Algorithm>,
    held: RwLock<Held>,
    /// Whoever holds it is the one that fetches.
    fetching: Mutex<()>,
    /// When an address last caused a fetch by an unknown key.
    causes: Cache<String, Timestamp>,
}

#[derive(Default, Clone)]
struct Held {
    keys: Arc<Vec<Key>>,
    /// Grows with every fetched set.
    generation: u64,
    fetched: Option<Timestamp>,
    tried: Option<Timestamp>,
    /// The last try brought nothing.
    failed: bool,
    tried_for_unknown: Option<Timestamp>,
}

#[derive(Clone)]
struct Key {
    id: String,
    algorithms: Vec<Algorithm>,
    key: Arc<DecodingKey>,
}

/// What a token's header asks for, when, and from where.
pub(super) struct Wanted<'w> {
    pub(super) key_id: &'w str,
    pub(super) algorithm: Algorithm,
    pub(super) now: Timestamp,
    pub(super) address: &'w str,
}

/// A key, and the set it is from.
pub(super) struct Found {
    pub(super) key: Arc<DecodingKey>,
    pub(super) generation: u64,
}

impl IssuerKeys {
    /// No keys yet; only `pinned` algorithms will ever be used.
    pub(super) fn new(pinned: Vec<Algorithm>) -> Self {
        Self {
            pinned,
            held: RwLock::default(),
            fetching: Mutex::new(()),
            causes: Cache::new(MAX_ADDRESSES),
        }
    }

    /// Whether a key set was fetched.
    pub(super) fn ready(&self) -> bool {
        self.held().fetched.is_some()
    }

    /// Whether the last fetch failed, whatever is held from an earlier one.
    pub(super) fn failing(&self) -> bool {
        self.held().failed
    }

    /// The set now held; a caller verified by another set is verified anew.
    pub(super) fn generation(&self) -> u64 {
        self.held().generation
    }

    /// The key of this id for this algorithm, fetched if need be.
    pub(super) async fn find(
        self: &Arc<Self>,
        wanted: &Wanted<'_>,
        issuer: &Arc<Discovery>,
        http: &HttpClient,
    ) -> Result<Found, Refusal> {
        let Wanted {
            key_id: id,
            algorithm,
            now,
            address,
        } = *wanted;
        let held = self.held();
        if let Some(found) = held.find(id, algorithm) {
            if held.is_stale(now) && held.may_try(now) {
                // The others go on with the keys at hand meanwhile.
                if let Ok(_fetching) = self.fetching.try_lock() {
                    self.fetch(issuer, http, now).await;
                    return self.held().find(id, algorithm).ok_or(Refusal::UnknownKey);
                }
            }
            return Ok(found);
        }
        let _fetching = self.fetching.lock().await;
        // Whoever fetched before may have brought the key.
        let held = self.held();
        if let Some(found) = held.find(id, algorithm) {
            return Ok(found);
        }
        if held.fetched.is_none() && held.may_try(now) {
            self.fetch(issuer, http, now).await;
        } else if held.may_try_for_unknown(now) && self.may_cause(address, now) {
            self.causes.insert(address.to_owned(), now);
            self.change(|held| held.tried_for_unknown = Some(now));
            self.fetch(issuer, http, now).await;
        }
        let held = self.held();
        match held.find(id, algorithm) {
            Some(found) => Ok(found),
            None if held.fetched.is_none() => Err(Refusal::KeysUnavailable),
            None => Err(Refusal::UnknownKey),
        }
    }

    fn may_cause(&self, address: &str, now: Timestamp) -> bool {
        past(self.causes.get(address), now, UNKNOWN_OF_ADDRESS_MILLIS)
    }

    /// Fetches when the set is stale, or the last fetch failed and was not just now.
    pub(super) async fn refresh(
        self: &Arc<Self>,
        issuer: &Arc<Discovery>,
        http: &HttpClient,
        now: Timestamp,
    ) {
        let _fetching = self.fetching.lock().await;
        let held = self.held();
        if held.is_due(now) {
            self.fetch(issuer, http, now).await;
        }
    }

    /// Fetches in a task of its own: a caller who hangs up must not be able to
    /// spend the attempt without its result.
    async fn fetch(self: &Arc<Self>, issuer: &Arc<Discovery>, http: &HttpClient, now: Timestamp) {
        self.change(|held| held.tried = Some(now));
        let (keys, issuer, http) = (Arc::clone(self), Arc::clone(issuer), http.clone());
        let task = tokio::spawn(async move {
            match issuer.discover(&http).await {
                Ok(set) => keys.take_in(&issuer, &set, now),
                Err(error) => {
                    tracing::warn!(issuer = %issuer.url(), error, "keys cannot be fetched");
                    keys.change(|held| held.failed = true);
                }
            }
        });
        // A task that was cancelled with its runtime has brought no keys.
        let _ = task.await;
    }

    fn take_in(&self, issuer: &Discovery, set: &CoreJsonWebKeySet, now: Timestamp) {
        let keys = Arc::new(self.usable(set));
        if keys.is_empty() {
            tracing::warn!(issuer = %issuer.url(), "the issuer has no usable key");
        }
        self.change(|held| {
            held.keys = keys;
            held.generation += 1;
            held.fetched = Some(now);
            held.failed = false;
        });
    }

    /// The keys of a set that can verify with a pinned algorithm; others are as
    /// good as absent.
    fn usable(&self, set: &CoreJsonWebKeySet) -> Vec<Key> {
        let json = set.keys().iter().take(MAX_KEYS).map(serde_json::to_value);
        json.filter_map(|json| {
            let jwk: Jwk = serde_json::from_value(json.ok()?).ok()?;
            let mut algorithms = algorithms_of(&jwk);
            algorithms.retain(|algorithm| self.pinned.contains(algorithm));
            if algorithms.is_empty() {
                return None;
            }
            Some(Key {
                key: Arc::new(DecodingKey::from_jwk(&jwk).ok()?),
                id: jwk.common.key_id?,
                algorithms,
            })
        })
        .collect()
    }

    fn held(&self) -> Held {
        self.held
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Held {
    fn find(&self, id: &str, algorithm: Algorithm) -> Option<Found> {
        let fits = |key: &&Key| key.id == id && key.algorithms.contains(&algorithm);
        self.keys.iter().find(fits).map(|key| Found {
            key: Arc::clone(&key.key),
            generation: self.generation,
        })
    }

    fn is_stale(&self, now: Timestamp) -> bool {
        past(self.fetched, now, MAX_AGE_MILLIS)
    }

    /// A fetch for an unknown key may have failed too: the keys have to come all the
    /// same.
    fn is_due(&self, now: Timestamp) -> bool {
        if self.failed {
            past(self.tried, now, RETRY_MILLIS)
        } else {
            self.is_stale(now)
        }
    }

    fn may_try(&self, now: Timestamp) -> bool {
        let pause = match self.fetched {
            Some(_) => COOL_DOWN_MILLIS,
            None => RETRY_MILLIS,
        };
        past(self.tried, now, pause)
    }

    fn may_try_for_unknown(&self, now: Timestamp) -> bool {
        // A fetch for another reason spends nothing: the issuer may have rotated since.
        let rested = if self.failed {
            past(self.tried, now, RETRY_MILLIS)
        } else {
            past(self.tried_for_unknown, now, UNKNOWN_MILLIS)
        };
        self.fetched.is_some() && rested
    }
}

/// Whether `then` is `millis` or more ago, or never was. A clock that was set
/// back makes it so too, or keys could stay for as long as it was wrong.
fn past(then: Option<Timestamp>, now: Timestamp, millis: i64) -> bool {
    then.is_none_or(|then| now < then || now >= then.plus_millis(millis))
}

/// What a key may verify: its `alg`, or all that its kind can.
fn algorithms_of(jwk: &Jwk) -> Vec<Algorithm> {
    let for_signatures = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let of_kind: &[Algorithm] = match &jwk.algorithm {
        _ if !for_signatures => &[],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            &[Algorithm::ES256]
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
            &[Algorithm::ES384]
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDSA]
        }
        AlgorithmParameters::RSA(key) if key.n.len() >= MIN_RSA_BASE64 => &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        _ => &[],
    };
    let named = jwk
        .common
        .key_algorithm
        .map(|named| named.to_string().parse::<Algorithm>().ok());
    of_kind
        .iter()
        .copied()
        .filter(|algorithm| named.is_none_or(|named| named == Some(*algorithm)))
        .collect()
}
