//! How far an import is: a bar on a terminal, otherwise a line now and then. On the
//! standard error output, so that the summary can be piped.

use super::tally::rate;
use command::complain;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

/// How far apart plain lines are.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// How far an import is, measured by the bytes of its files.
pub struct Progress {
    total: u64,
    done: u64,
    resources: u64,
    started: Instant,
    told: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// The begin of an import of this number of bytes.
    pub fn new(total: u64) -> Self {
        let style =
            ProgressStyle::with_template("  [{bar:30}] {percent:>3}%  {msg}, {elapsed} so far")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = stderr()
            .is_terminal()
            .then(|| ProgressBar::new(total).with_style(style));
        Self {
            total,
            done: 0,
            resources: 0,
            started: Instant::now(),
            told: Instant::now(),
            bar,
        }
    }

    /// Adds bytes that were read and resources that were answered.
    pub fn add(&mut self, bytes: u64, resources: u64) {
        self.done += bytes;
        self.resources += resources;
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done);
                bar.set_message(self.words());
            }
            None if self.told.elapsed() >= BETWEEN_LINES => {
                self.told = Instant::now();
                self.line(&format!("{:>3}%  {}", self.percent(), self.words()));
            }
            None => {}
        }
    }

    /// Says something beside the bar.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => self.line(text),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// How long it has taken.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::unused_self, reason = "beside the bar, which is not there")]
    fn line(&self, text: &str) {
        complain!("{text}");
    }

    fn percent(&self) -> u64 {
        (self.done * 100).checked_div(self.total).unwrap_or(100)
    }

    fn words(&self) -> String {
        let took = self.elapsed();
        let rate = rate(self.resources, took);
        let left = self.total.saturating_sub(self.done);
        let seconds = (u128::from(left) * took.as_millis())
            .checked_div(u128::from(self.done) * 1_000)
            .unwrap_or(0);
        let left = match seconds {
            0..60 => format!("{seconds} s"),
            60..3_600 => format!("{} min", seconds / 60),
            _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        };
        format!("{} resources, {rate}/s, about {left} left", self.resources)
    }
}
