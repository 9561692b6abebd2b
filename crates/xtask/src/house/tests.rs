//! Small crates that are made up, each with one way of importing or one fault.

mod faults;
mod imports;

use super::{Verdict, judge, sources::Sources};

/// Files of a crate named `made_up` by path and text.
fn sources(files: &[(&str, &str)]) -> Sources {
    let texts = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Sources::parse(texts.collect()).expect("Rust")
}

fn verdict(files: &[(&str, &str)]) -> Verdict {
    judge("made_up", &sources(files)).expect("a verdict")
}
