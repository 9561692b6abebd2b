//! Whether a caller may store more, and what it has stored ([`Stored`](super::stored::Stored)).

use crate::{
    failure::Failure,
    limits::{rates::Throttle, stored::BLOCK},
};
use policies::Caller;

impl Throttle {
    /// Whether a caller may store another version.
    ///
    /// # Errors
    /// Throttled when what the caller stored is as much as one may in a day.
    pub(crate) fn may_store(&self, caller: &Caller) -> Result<(), Failure> {
        let (buckets, key, setting) = self.stored.of(caller);
        let looked = buckets.map_or(Ok(()), |buckets| buckets.look(&key, self.now()));
        looked.map_err(|failure| Failure {
            text: format!(
                "you have stored as much as one may in a day; go on after the time of \
                 `Retry-After`, or ask the operator of the gateway to raise `{setting}`"
            ),
            ..failure
        })
    }

    /// Notes versions that were committed for a caller, by the bytes of each; gives the
    /// bytes that they count for.
    pub(crate) fn stored(&self, caller: &Caller, sizes: impl Iterator<Item = usize>) -> u64 {
        let blocks: u64 = sizes
            .map(|bytes| (bytes as u64).div_ceil(BLOCK).max(1))
            .sum();
        if let (Some(buckets), key, _) = self.stored.of(caller)
            && blocks > 0
        {
            buckets.charge(&key, self.now(), blocks);
        }
        blocks.saturating_mul(BLOCK)
    }
}
