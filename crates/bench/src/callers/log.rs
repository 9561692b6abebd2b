//! The requests of one caller.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

/// When the requests of a caller ended, and how long each took.
#[derive(Default)]
pub struct Log(Vec<(Instant, Duration)>);

impl Log {
    /// Notes a request that ended now.
    pub fn add(&mut self, took: Duration) {
        self.0.push((Instant::now(), took));
    }

    /// How long each request took that ended in this window.
    pub fn ended_in(self, window: Range<Instant>) -> impl Iterator<Item = Duration> {
        let ended = self.0.into_iter();
        ended
            .filter(move |(at, _)| window.contains(at))
            .map(|(_, took)| took)
    }
}
