//! The key of one scope: it seals records, or is the root of tags and tokens.

use crate::keys::secret::Secret;
use model::{Random, RandomUnavailable};

/// A data key: 32 random bytes, wiped when dropped. Stored only wrapped, see
/// [`Kek::wrap`](crate::Kek::wrap).
pub struct DataKey(pub(crate) Secret);

impl DataKey {
    /// A new key.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        Secret::generate(random).map(Self)
    }
}
