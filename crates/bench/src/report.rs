//! What is printed: one line a figure, with its unit and the aim beside it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks on its terminal"
)]

use std::fmt;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub enum Aim {
    /// Less than this.
    Below(f64),
    /// This or more.
    AtLeast(f64),
    /// From the one to the other.
    Within(f64, f64),
}

impl Aim {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::Below(bound) => value < bound,
            Self::AtLeast(bound) => value >= bound,
            Self::Within(least, most) => (least..=most).contains(&value),
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(bound) => write!(f, "< {bound}"),
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::Within(least, most) => write!(f, "{least} to {most}"),
        }
    }
}

/// Prints as it goes, so that a long run shows where it is.
#[derive(Debug, Default)]
pub struct Report(());

impl Report {
    /// A line about the run itself.
    pub fn note(&self, text: &str) {
        println!("# {text}");
    }

    /// A figure that has an aim.
    pub fn figure(&self, what: &str, value: f64, unit: &str, aim: Aim) {
        let verdict = if aim.is_met(value) { "met" } else { "missed" };
        println!("{} aim {aim} {unit}: {verdict}", line(what, value, unit));
    }

    /// A figure that explains others: a limit, or what else was seen.
    pub fn aside(&self, what: &str, value: f64, unit: &str) {
        println!("{}", line(what, value, unit).trim_end());
    }
}

fn line(what: &str, value: f64, unit: &str) -> String {
    let decimals = if value < 100.0 { 3 } else { 0 };
    format!("{what:<58} {value:>10.decimals$} {unit:<12}")
}

/// Says why there are no (more) figures.
pub fn complain(problem: &str) {
    eprintln!("bench: {problem}");
}
