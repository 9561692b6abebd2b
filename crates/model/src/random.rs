//! Chance is an argument: the port through which it comes in.

use std::sync::Mutex;

/// The source of randomness failed; nothing may be sealed or named without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of randomness failed")]
pub struct RandomUnavailable;

/// Fills buffers with unpredictable bytes.
pub trait Random: Send + Sync {
    /// Fills `buffer`.
    ///
    /// # Errors
    /// When the source fails; the buffer is then not to be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable>;
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the system is asked"
    )]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        getrandom::fill(buffer).map_err(|_| RandomUnavailable)
    }
}

/// Bytes that follow from a seed (`SplitMix64`); for tests, simulation and
/// sample data, never for keys.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// The generator of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        let mut state = self.0.lock().map_err(|_| RandomUnavailable)?;
        for chunk in buffer.chunks_mut(8) {
            for (byte, source) in chunk.iter_mut().zip(Self::next(&mut state).to_le_bytes()) {
                *byte = source;
            }
        }
        Ok(())
    }
}

/// A new random UUID (RFC 9562, version 4) as lower-case text; the form of the
/// ids that we assign.
///
/// # Errors
/// When the source of randomness fails.
pub fn new_uuid(random: &dyn Random) -> Result<String, RandomUnavailable> {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes)?;
    let mut number = u128::from_be_bytes(bytes);
    number = number & !(0xf << 76) | 0x4 << 76;
    number = number & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{number:032x}");
    let part = |range| hex.get(range).unwrap_or_default();
    Ok([
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32),
    ]
    .join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_version_and_variant() {
        let random = SeededRandom::new(1);
        for _ in 0..100 {
            let id = new_uuid(&random).expect("seeded");
            assert_eq!(id.len(), 36);
            assert_eq!(&id[14..15], "4");
            assert!("89ab".contains(&id[19..20]), "{id}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (mut a, mut b) = ([0; 20], [0; 20]);
        SeededRandom::new(5).fill(&mut a).expect("seeded");
        SeededRandom::new(5).fill(&mut b).expect("seeded");
        assert_eq!(a, b);
    }
}
