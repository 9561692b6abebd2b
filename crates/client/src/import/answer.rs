//! What an answer says of the entries of a unit: how many were taken, which were
//! not, and why. A gateway's reasons hold nothing of the records; what is no gateway's
//! is not repeated.

use super::{
    place::{Place, Refused},
    sender::Answer,
    unit::Unit,
};
use serde::Deserialize;
use serde_json::Value;

/// The most characters of a reason.
const MAX_REASON_CHARS: usize = 300;

/// What became of the entries of a unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Number of entries that were taken.
    pub taken: u64,
    /// They were taken from an earlier run.
    pub repeated: bool,
    /// Number of entries that were not.
    pub not_taken: u64,
    /// Where those stand.
    pub refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    status: String,
    outcome: Option<Value>,
}

impl Outcome {
    /// Reads an answer.
    pub fn of(unit: &Unit, answer: &Answer) -> Self {
        if answer.status != 200 {
            let outcome = serde_json::from_slice(&answer.body).ok();
            return Self::all_refused(unit, answer.status, &reason(outcome.as_ref()));
        }
        let Ok(bundle) = serde_json::from_slice::<Bundle>(&answer.body) else {
            let reason = "the answer is not that of a FHIR server; check `--base`";
            return Self::all_refused(unit, answer.status, reason);
        };
        if bundle.entry.len() != unit.count {
            let reason = "the answer has another number of entries than the request";
            return Self::all_refused(unit, answer.status, reason);
        }
        let mut all = Self {
            repeated: answer.repeated,
            ..Self::default()
        };
        for (index, Entry { response }) in bundle.entry.into_iter().enumerate() {
            let status = response.status.get(..3).and_then(|code| code.parse().ok());
            if matches!(status, Some(200..=299)) {
                all.taken += 1;
                continue;
            }
            all.not_taken += 1;
            // The gateway keeps this refusal under the key of the request.
            let place = unit.entries.place(index).map(|place| Place {
                tries: place.tries + 1,
                ..place
            });
            all.refused.extend(place.map(|place| Refused {
                place,
                status,
                reason: reason(response.outcome.as_ref()),
            }));
        }
        all
    }

    fn all_refused(unit: &Unit, status: u16, reason: &str) -> Self {
        let refused = |place| Refused {
            place,
            status: Some(status),
            reason: reason.to_owned(),
        };
        Self {
            not_taken: unit.count as u64,
            refused: unit.entries.places().into_iter().map(refused).collect(),
            ..Self::default()
        }
    }
}

/// The reason in an OperationOutcome.
fn reason(outcome: Option<&Value>) -> String {
    let text = outcome
        .filter(|outcome| {
            outcome
                .get("resourceType")
                .is_some_and(|kind| kind == "OperationOutcome")
        })
        .and_then(|outcome| outcome.pointer("/issue/0/diagnostics")?.as_str());
    let plain = |text: &str| -> String {
        let shown = text.chars().filter(|c| !model::is_unseen(*c));
        shown.take(MAX_REASON_CHARS).collect()
    };
    text.map_or_else(|| "no reason given".to_owned(), plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::unit::Entries;

    fn unit(count: usize, entries: Entries) -> Unit {
        Unit {
            body: "{}".into(),
            key: String::new(),
            entries,
            count,
            stage: 0,
            read: 0,
        }
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.as_bytes().to_vec(),
            repeated: false,
        }
    }

    const REFUSED: &str =
        r#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"no\u0007pe"}]}"#;

    #[test]
    fn each_entry_of_a_batch_is_told_by_itself() {
        let place = Place::file(std::path::Path::new("/f"), "f");
        let unit = unit(
            3,
            Entries::Each(vec![place.line(1), place.line(2), place.line(4)]),
        );
        let body = format!(
            r#"{{"entry":[{{"response":{{"status":"201 Created"}}}},
            {{"response":{{"status":"403 Forbidden","outcome":{REFUSED}}}}},
            {{"response":{{"status":"200 OK"}}}}]}}"#
        );
        let outcome = Outcome::of(&unit, &answer(200, &body));
        let mut refused = Refused {
            place: place.line(2),
            status: Some(403),
            reason: "nope".to_owned(),
        };
        refused.place.tries = 1;
        let told = (outcome.taken, outcome.not_taken, outcome.refused);
        assert_eq!(told, (2, 1, vec![refused]));
    }

    #[test]
    fn a_bundle_that_is_refused_is_refused_whole() {
        let place = Place::file(std::path::Path::new("/f"), "f");
        let together = unit(40, Entries::Together(place.clone()));
        let outcome = Outcome::of(&together, &answer(422, REFUSED));
        assert_eq!((outcome.taken, outcome.not_taken), (0, 40));
        assert_eq!(outcome.refused.len(), 1);
        // No answer is kept under the key of a whole refusal.
        assert!(
            outcome
                .refused
                .iter()
                .all(|refused| refused.place.tries == 0)
        );
        let each = unit(2, Entries::Each(vec![place.line(1), place.line(2)]));
        assert_eq!(Outcome::of(&each, &answer(413, "<html>")).refused.len(), 2);
        let outcome = Outcome::of(&each, &answer(200, "<html>Ada</html>"));
        assert!(
            outcome
                .refused
                .iter()
                .all(|refused| refused.reason.contains("--base"))
        );
    }

    #[test]
    fn an_answer_that_leaves_entries_out_takes_none_for_stored() {
        let place = Place::file(std::path::Path::new("/f"), "f");
        let unit = unit(2, Entries::Each(vec![place.line(1), place.line(2)]));
        let body = r#"{"entry":[{"response":{"status":"201 Created"}}]}"#;
        let outcome = Outcome::of(&unit, &answer(200, body));
        assert_eq!((outcome.taken, outcome.not_taken), (0, 2));
    }
}
