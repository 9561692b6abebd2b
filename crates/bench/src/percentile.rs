//! The middle and the slow end of many durations.

use std::time::Duration;

/// The duration that this share of them does not exceed, in milliseconds.
pub fn millis(durations: &mut [Duration], share: f64) -> f64 {
    durations.sort_unstable();
    let last = durations.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    durations
        .get(at)
        .map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e3)
}
