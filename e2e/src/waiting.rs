//! Waiting for what happens in its own time.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// Asks again and again until there is an answer; fails the test when there is
/// none within `seconds`.
pub fn until<T>(what: &str, seconds: u64, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            start.elapsed() < Duration::from_secs(seconds),
            "waited {seconds} s in vain: {what}"
        );
        sleep(Duration::from_millis(100));
    }
}
