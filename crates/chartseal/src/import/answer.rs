//! What an answer says of the entries of a unit: how many were taken, which were
//! not, and why. A gateway's reasons hold nothing of the records; what is no gateway's
//! is not repeated.

use super::{place::Refused, sender::Answer, unit::Unit};
use serde::Deserialize;
use serde_json::Value;

/// Reasons are cut to so many characters.
const LONGEST_REASON: usize = 300;

/// What became of the entries of a unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many entries were taken.
    pub taken: u64,
    /// Those that were not.
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
        let mut all = Self::default();
        for (index, Entry { response }) in bundle.entry.into_iter().enumerate() {
            let status = response.status.get(..3).and_then(|it| it.parse().ok());
            if matches!(status, Some(200..=299)) {
                all.taken += 1;
            } else if let Some(place) = unit.entries.place(index) {
                all.refused.push(Refused {
                    place,
                    status,
                    reason: reason(response.outcome.as_ref()),
                });
            }
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
            taken: 0,
            refused: unit.entries.places().into_iter().map(refused).collect(),
        }
    }
}

/// The reason in an OperationOutcome.
fn reason(outcome: Option<&Value>) -> String {
    let text = outcome
        .filter(|outcome| {
            outcome
                .get("resourceType")
                .is_some_and(|it| it == "OperationOutcome")
        })
        .and_then(|outcome| outcome.pointer("/issue/0/diagnostics")?.as_str());
    let plain = |text: &str| -> String {
        let shown = text.chars().filter(|c| !c.is_control());
        shown.take(LONGEST_REASON).collect()
    };
    text.map_or_else(|| "no reason given".to_owned(), plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{place::Place, unit::Entries};

    fn unit(entries: Entries) -> Unit {
        Unit {
            body: "{}".into(),
            key: String::new(),
            entries,
            stage: 0,
            read: 0,
        }
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.as_bytes().to_vec(),
        }
    }

    const REFUSED: &str =
        r#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"no\u0007pe"}]}"#;

    #[test]
    fn each_entry_of_a_batch_is_told_by_itself() {
        let place = Place::file(std::path::Path::new("/f"));
        let unit = unit(Entries::Each(vec![
            place.line(1),
            place.line(2),
            place.line(4),
        ]));
        let body = format!(
            r#"{{"entry":[{{"response":{{"status":"201 Created"}}}},
            {{"response":{{"status":"403 Forbidden","outcome":{REFUSED}}}}},
            {{"response":{{"status":"200 OK"}}}}]}}"#
        );
        let outcome = Outcome::of(&unit, &answer(200, &body));
        let refused = Refused {
            place: place.line(2),
            status: Some(403),
            reason: "nope".to_owned(),
        };
        assert_eq!((outcome.taken, outcome.refused), (2, vec![refused]));
    }

    #[test]
    fn a_bundle_that_is_refused_is_refused_whole() {
        let place = Place::file(std::path::Path::new("/f"));
        let together = unit(Entries::Together(place.clone()));
        let outcome = Outcome::of(&together, &answer(422, REFUSED));
        assert_eq!(outcome.taken, 0);
        assert_eq!(outcome.refused.len(), 1);
        let each = unit(Entries::Each(vec![place.line(1), place.line(2)]));
        assert_eq!(Outcome::of(&each, &answer(413, "<html>")).refused.len(), 2);
        let outcome = Outcome::of(&each, &answer(200, "<html>Ada</html>"));
        assert!(
            outcome
                .refused
                .iter()
                .all(|it| it.reason.contains("--base"))
        );
    }
}
