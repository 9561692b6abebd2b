//! What an import came to, as it is told at the end: numbers and reasons, never the
//! name of a file or anything of a record.

use super::{answer::Outcome, place::Refused, refused_file::RefusedFile};
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// Reasons that are told; the others are in the list.
const TOLD: usize = 20;

/// The sums so far, and the list of what was refused.
pub struct Tally {
    /// Resources that the gateway took.
    pub taken: u64,
    /// Bundles that it answered.
    pub bundles: u64,
    /// Files that hold no FHIR.
    pub left_out: u64,
    reasons: BTreeMap<(Option<u16>, String), u64>,
    list: RefusedFile,
}

impl Tally {
    /// Nothing yet; what is refused goes to this list.
    pub fn new(list: RefusedFile) -> Self {
        Self {
            taken: 0,
            bundles: 0,
            left_out: 0,
            reasons: BTreeMap::new(),
            list,
        }
    }

    /// Adds what became of a unit.
    pub fn add(&mut self, outcome: &Outcome) -> Result<(), String> {
        self.taken += outcome.taken;
        self.bundles += 1;
        outcome.refused.iter().try_for_each(|one| self.refuse(one))
    }

    /// Adds something that was not taken.
    pub fn refuse(&mut self, refused: &Refused) -> Result<(), String> {
        let reason = (refused.status, refused.reason.clone());
        *self.reasons.entry(reason).or_insert(0) += 1;
        self.list.add(refused)
    }

    /// How many places were refused.
    pub fn refused(&self) -> u64 {
        self.reasons.values().sum()
    }

    /// The list, to be put in its place or thrown away.
    pub fn into_list(self) -> RefusedFile {
        self.list
    }

    /// Everything in words.
    pub fn summary(&self, took: Duration) -> String {
        let seconds = took.as_secs_f64();
        let rate = rate(self.taken, took);
        let mut text = format!(
            "{} resources accepted in {} requests, {seconds:.1} s, {rate} resources/s\n",
            self.taken, self.bundles
        );
        if self.left_out > 0 {
            let _ = writeln!(text, "{} files left out: they hold no FHIR", self.left_out);
        }
        if self.reasons.is_empty() {
            return text;
        }
        let _ = writeln!(text, "{} refused:", self.refused());
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((status, reason), count) in reasons.iter().take(TOLD) {
            let by = status.map_or_else(|| "not sent".to_owned(), |status| status.to_string());
            let _ = writeln!(text, "{count:>8}  {by}: {reason}");
        }
        if let Some(more) = reasons.len().checked_sub(TOLD).filter(|more| *more > 0) {
            let _ = writeln!(text, "          and for {more} other reasons");
        }
        text
    }
}

/// Resources in a second.
pub fn rate(resources: u64, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    (resources * 1_000).checked_div(millis).unwrap_or(resources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::place::Place;
    use std::path::Path;

    #[test]
    fn reasons_are_grouped_and_the_most_frequent_comes_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut tally = Tally::new(RefusedFile::at(&folder.path().join("list")));
        let place = Place::file(Path::new("/secret/Ada.ndjson"));
        let refused = |line, status, reason: &str| Refused {
            place: place.line(line),
            status,
            reason: reason.to_owned(),
        };
        let outcome = Outcome {
            taken: 1_500,
            refused: vec![
                refused(1, Some(403), "not permitted"),
                refused(2, Some(400), "malformed"),
                refused(3, Some(400), "malformed"),
            ],
        };
        tally.add(&outcome).expect("written");
        tally.refuse(&refused(9, None, "no JSON")).expect("written");
        let expected = "1500 resources accepted in 1 requests, 2.0 s, 750 resources/s\n\
            4 refused:\n\
            \x20      2  400: malformed\n\
            \x20      1  not sent: no JSON\n\
            \x20      1  403: not permitted\n";
        assert_eq!(tally.summary(Duration::from_secs(2)), expected);
        assert!(tally.into_list().finish().expect("written"));
    }
}
