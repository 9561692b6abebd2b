//! How slowly a body may come, and an answer be read.

use std::time::Duration;

/// The slowest that a body may come once its first seconds are over.
const BODY_BYTES_PER_SECOND: u64 = 16 * 1024;

/// The time that this number of bytes may take.
pub(crate) fn time_of(bytes: usize) -> Duration {
    let micros = (bytes as u64).saturating_mul(1_000_000) / BODY_BYTES_PER_SECOND;
    Duration::from_micros(micros)
}
