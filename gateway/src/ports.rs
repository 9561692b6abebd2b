//! What a facility is opened with, none of it the gateway's own.

use model::{Clock, Random};
use sealing::Kms;
use std::sync::Arc;
use store::Store;

/// Database, keys, time and randomness.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The database.
    pub store: &'a Store,
    /// Opens the keys of facilities.
    pub kms: &'a dyn Kms,
    /// Tells the time.
    pub clock: &'a Arc<dyn Clock>,
    /// Makes ids, salts and nonces.
    pub random: &'a Arc<dyn Random>,
}
