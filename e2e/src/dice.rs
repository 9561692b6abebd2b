//! Chance that can be had again: everything follows from the seed.

use model::{Random as _, SeededRandom};

/// A die of any number of sides.
#[derive(Debug)]
pub struct Dice(SeededRandom);

impl Dice {
    /// Always the same throws for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    /// A number from 0 to `sides` - 1.
    #[must_use]
    pub fn below(&self, sides: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).expect("a seeded generator");
        let wide = u128::from(u64::from_le_bytes(bytes)) * sides as u128;
        usize::try_from(wide >> 64).expect("less than sides")
    }

    /// At most `count` of `all`, none twice.
    #[must_use]
    pub fn some_of<T>(&self, mut all: Vec<T>, count: usize) -> Vec<T> {
        let mut chosen = Vec::new();
        while chosen.len() < count && !all.is_empty() {
            chosen.push(all.swap_remove(self.below(all.len())));
        }
        chosen
    }
}
