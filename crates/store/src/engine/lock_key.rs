//! What a transaction locks by name before it begins, such as the criteria of a
//! conditional create.

use std::collections::BTreeSet;

/// How many rows `lock_bucket` has; the migration makes them.
const BUCKETS: u64 = 1024;

/// A named lock. Two names can share a lock; they then wait for each other
/// without need, never fail to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockKey(u16);

impl LockKey {
    /// The lock of a name given in parts. Every process and every release must
    /// find the same one, so the hash (64-bit FNV-1a) never changes.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        for part in parts {
            (part.len() as u64)
                .to_be_bytes()
                .into_iter()
                .for_each(&mut add);
            part.iter().copied().for_each(&mut add);
        }
        Self(u16::try_from((hash ^ hash >> 32) % BUCKETS).unwrap_or(0))
    }
}

/// The statement that takes the locks of a group. Sorted, so that two groups
/// never wait for each other in a circle.
pub(crate) fn statement(locks: &BTreeSet<LockKey>) -> Option<String> {
    if locks.is_empty() {
        return None;
    }
    let buckets: Vec<_> = locks.iter().map(|key| key.0.to_string()).collect();
    Some(format!(
        "SELECT bucket FROM lock_bucket WHERE bucket IN ({}) ORDER BY bucket FOR UPDATE",
        buckets.join(",")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes_and_parts_do_not_run_together() {
        assert_eq!(LockKey::of(&[]), LockKey(961));
        assert_eq!(LockKey::of(&[b"policy", b"north"]), LockKey(614));
        assert_ne!(LockKey::of(&[b"ab", b"c"]), LockKey::of(&[b"a", b"bc"]));
    }

    #[test]
    fn locks_are_taken_in_order_and_once() {
        let locks = [LockKey(7), LockKey(3), LockKey(7)].into_iter().collect();
        let statement = statement(&locks).expect("two locks");
        assert!(
            statement.contains("IN (3,7) ORDER BY bucket FOR UPDATE"),
            "{statement}"
        );
    }
}
