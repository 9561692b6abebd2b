//! Ids of new records.

use crate::failure::Failure;
use model::{LogicalId, Random, new_uuid};

/// An id for a new record: a random UUID, so that ids tell nothing.
///
/// # Errors
/// When the source of randomness fails.
pub fn assigned_id(random: &dyn Random) -> Result<LogicalId, Failure> {
    new_uuid(random)?.parse().map_err(Failure::fault)
}
