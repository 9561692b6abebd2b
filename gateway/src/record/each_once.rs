//! What a record is found by, as it is stored and looked up: sorted, each once. A record
//! may name as much as its body has room for, so nothing is compared each with each.

use std::collections::BTreeSet;

/// The items sorted, each once.
pub(crate) fn each_once<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let items: BTreeSet<T> = items.into_iter().collect();
    items.into_iter().collect()
}

/// Whether a sorted list has an item.
pub(crate) fn has<T: Ord>(sorted: &[T], item: &T) -> bool {
    sorted.binary_search(item).is_ok()
}

/// Whether two sorted lists have an item in common: each of the shorter is looked up in the
/// longer, for either may be the one that a caller makes long.
pub(crate) fn share<T: Ord>(one: &[T], other: &[T]) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    short.iter().any(|item| has(long, item))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, cmp::Ordering};

    thread_local! {
        static COMPARED: Cell<u64> = const { Cell::new(0) };
    }

    /// A number that counts its comparisons.
    #[derive(Debug, Clone, Copy)]
    struct Counted(u32);

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> Ordering {
            COMPARED.with(|compared| compared.set(compared.get() + 1));
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }

    impl Eq for Counted {}

    fn compared<T>(what: impl FnOnce() -> T) -> (T, u64) {
        COMPARED.with(|compared| compared.set(0));
        (what(), COMPARED.with(Cell::get))
    }

    const MANY: u32 = 50_000;

    #[test]
    fn many_items_are_not_compared_each_with_each() {
        let twice = (0..MANY).rev().chain(0..MANY).map(Counted);
        let (items, compared) = compared(|| each_once(twice));
        assert_eq!(items.len() as u32, MANY);
        assert!(items.is_sorted());
        assert!(compared < 60 * u64::from(MANY), "{compared}");
    }

    #[test]
    fn a_long_list_is_looked_up_in_and_not_read() {
        let long: Vec<Counted> = (0..MANY).map(|n| Counted(2 * n)).collect();
        let short: Vec<Counted> = (0..500).map(|n| Counted(2 * n + 1)).collect();
        for (one, other) in [(&long, &short), (&short, &long)] {
            let (found, compared) = compared(|| share(one, other));
            assert!(!found && compared < 500 * 20, "{compared}");
        }
        assert!(share(&long, &[Counted(1), Counted(4)]));
        assert!(!share(&long, &[]));
    }
}
