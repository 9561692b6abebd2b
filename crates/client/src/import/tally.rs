//! What an import came to, as it is told at the end: numbers and reasons, never the
//! name of a file or anything of a record.

use super::{answer::Outcome, place::Refused, refused_file::RefusedFile};
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// The most reasons in the summary; the others are in the list.
const MAX_REASONS: usize = 20;

/// The sums so far, and the list of what was refused.
pub struct Tally {
    /// Resources that were read: lines, documents, entries of Bundles. What cannot be
    /// read as one counts as one.
    pub read: u64,
    /// Resources that the gateway took in this run.
    stored: u64,
    /// Resources that it had taken from an earlier run.
    repeated: u64,
    /// Resources that were not taken.
    refused: u64,
    /// Bundles that it answered.
    bundles: u64,
    reasons: BTreeMap<(Option<u16>, String), u64>,
    list: RefusedFile,
}

impl Tally {
    /// Nothing yet; what is refused goes to this list.
    pub fn new(list: RefusedFile) -> Self {
        Self {
            read: 0,
            stored: 0,
            repeated: 0,
            refused: 0,
            bundles: 0,
            reasons: BTreeMap::new(),
            list,
        }
    }

    /// Adds what became of a unit.
    pub fn add(&mut self, outcome: &Outcome) -> Result<(), String> {
        if outcome.repeated {
            self.repeated += outcome.taken;
        } else {
            self.stored += outcome.taken;
        }
        self.refused += outcome.not_taken;
        self.bundles += 1;
        outcome.refused.iter().try_for_each(|one| self.list(one))
    }

    /// Adds something that was not sent.
    pub fn refuse(&mut self, refused: &Refused) -> Result<(), String> {
        self.refused += 1;
        self.list(refused)
    }

    fn list(&mut self, refused: &Refused) -> Result<(), String> {
        let reason = (refused.status, refused.reason.clone());
        *self.reasons.entry(reason).or_insert(0) += 1;
        self.list.add(refused)
    }

    /// Whether anything was refused.
    pub fn any_refused(&self) -> bool {
        self.refused > 0 || !self.reasons.is_empty()
    }

    /// Counts as read what was sent or refused, where the reading did not come to its end:
    /// it counts a file in steps of its own, before and after what is sent of it.
    pub const fn stop_reading(&mut self) {
        self.read = self.stored + self.repeated + self.refused;
    }

    /// Whether everything that was read is accounted for.
    pub const fn adds_up(&self) -> bool {
        self.read == self.stored + self.repeated + self.refused
    }

    /// The list, to be put in its place or thrown away.
    pub fn into_list(self) -> RefusedFile {
        self.list
    }

    /// Everything in words.
    pub fn summary(&self, took: Duration) -> String {
        let seconds = took.as_secs_f64();
        let Self {
            read,
            stored,
            repeated,
            refused,
            bundles,
            ..
        } = self;
        let accepted = stored + repeated;
        let rate = rate(accepted, took);
        let mut text = format!(
            "{accepted} resources accepted in {bundles} requests, {seconds:.1} s, {rate} \
             resources/s\n{read} read: {stored} stored, {repeated} repeated, {refused} refused\n"
        );
        if *repeated > 0 {
            text.push_str("repeated: stored before, from the same place with the same content\n");
        }
        if self.reasons.is_empty() {
            return text;
        }
        text.push_str("refused, by reason:\n");
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for ((status, reason), count) in reasons.iter().take(MAX_REASONS) {
            let by = status.map_or_else(|| "not sent".to_owned(), |status| status.to_string());
            let _ = writeln!(text, "{count:>8}  {by}: {reason}");
        }
        if let Some(more) = reasons
            .len()
            .checked_sub(MAX_REASONS)
            .filter(|more| *more > 0)
        {
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
        let place = Place::file(Path::new("/secret/Ada.ndjson"), "Ada.ndjson");
        let refused = |line, status, reason: &str| Refused {
            place: place.line(line),
            status,
            reason: reason.to_owned(),
        };
        let outcome = Outcome {
            taken: 1_500,
            repeated: false,
            not_taken: 3,
            refused: vec![
                refused(1, Some(403), "not permitted"),
                refused(2, Some(400), "malformed"),
                refused(3, Some(400), "malformed"),
            ],
        };
        tally.add(&outcome).expect("written");
        let again = Outcome {
            taken: 6,
            repeated: true,
            ..Outcome::default()
        };
        tally.add(&again).expect("written");
        tally.refuse(&refused(9, None, "no JSON")).expect("written");
        assert!(!tally.adds_up());
        tally.stop_reading();
        assert!(
            tally.adds_up(),
            "an interrupted import tells of what it did"
        );
        tally.read = 1_510;
        assert!(tally.adds_up() && tally.any_refused());
        let expected = "1506 resources accepted in 2 requests, 2.0 s, 753 resources/s\n\
            1510 read: 1500 stored, 6 repeated, 4 refused\n\
            repeated: stored before, from the same place with the same content\n\
            refused, by reason:\n\
            \x20      2  400: malformed\n\
            \x20      1  not sent: no JSON\n\
            \x20      1  403: not permitted\n";
        assert_eq!(tally.summary(Duration::from_secs(2)), expected);
        assert!(tally.into_list().finish().expect("written"));
    }
}
