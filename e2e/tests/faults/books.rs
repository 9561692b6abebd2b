//! What the gateway has answered, kept to be held against what is there.

use e2e::{Caller, Dice, Reply};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Mutex};

pub const SYSTEM: &str = "urn:oid:1.2.36.146";

/// An acknowledged version.
pub struct Version {
    /// `Patient/id/_history/n`.
    pub path: String,
    pub etag: String,
    pub body: Vec<u8>,
}

/// What is known of the record of one mark.
#[derive(Default)]
pub struct Record {
    pub versions: Vec<Version>,
    /// Writes that may have taken effect.
    pub doubtful: usize,
    /// Whether all of its writes had an idempotency key.
    pub keyed: bool,
}

/// The books of all writers.
#[derive(Default)]
pub struct Books(Mutex<Inside>);

#[derive(Default)]
pub struct Inside {
    /// By mark.
    pub records: BTreeMap<String, Record>,
    /// Answers 2xx by restful interaction; each must have its audit record.
    pub answered: BTreeMap<&'static str, usize>,
    /// Answers 503.
    pub refused: usize,
    /// No answer.
    pub unanswered: usize,
    /// Answers that must not be, such as 500.
    pub wrong: Vec<String>,
}

impl Books {
    pub fn with<T>(&self, note: impl FnOnce(&mut Inside) -> T) -> T {
        note(&mut self.0.lock().unwrap())
    }

    /// Answers 2xx so far.
    pub fn answered(&self) -> usize {
        self.with(|inside| inside.answered.values().sum())
    }

    pub fn refused(&self) -> usize {
        self.with(|inside| inside.refused)
    }

    pub fn into_inside(self) -> Inside {
        self.0.into_inner().unwrap()
    }
}

impl Inside {
    /// Notes an answer; gives it when it is 2xx.
    pub fn note(&mut self, what: &'static str, reply: Option<Reply>) -> Option<Reply> {
        let Some(reply) = reply else {
            self.unanswered += 1;
            return None;
        };
        match reply.status {
            200..=299 => {
                *self.answered.entry(what).or_default() += 1;
                return Some(reply);
            }
            503 if reply.is_error_outcome() && reply.header("retry-after").is_some() => {
                self.refused += 1;
            }
            status => self
                .wrong
                .push(format!("{what}: {status} {}", reply.text())),
        }
        None
    }

    /// Everything acknowledged is there as it was acknowledged, nothing twice, and
    /// of what was not acknowledged no more than was sent.
    pub fn check(&self, caller: &Caller, dice: &Dice) {
        assert_eq!(self.wrong, Vec::<String>::new());
        for (mark, record) in &self.records {
            for version in &record.versions {
                let read = caller.get(&version.path).expect(200, &version.path);
                assert_eq!(read.header("etag"), Some(&*version.etag), "{mark}");
                assert_eq!(read.body, version.body, "{mark}: {}", version.path);
            }
            // Every doubt is looked into, and some of the others.
            if record.doubtful > 0 || record.keyed || dice.below(8) == 0 {
                check_once(caller, mark, record);
            }
        }
    }

    /// How many records there are by the API.
    pub fn acknowledged(&self) -> usize {
        let made = |record: &&Record| !record.versions.is_empty();
        self.records.values().filter(made).count()
    }
}

/// A mark is in one record at most, and that has as many versions as were
/// acknowledged, and no more than those that were in doubt.
fn check_once(caller: &Caller, mark: &str, record: &Record) {
    let path = format!("Patient?identifier={SYSTEM}|{mark}");
    let found = entries(&caller.get(&path).expect(200, mark).json());
    assert!(found.len() <= 1, "{mark} is in {} records", found.len());
    let Some(reference) = found.first() else {
        assert!(record.versions.is_empty(), "{mark} is lost");
        return;
    };
    let history = caller.get(&format!("{reference}/_history?_count=100"));
    let count = entries(&history.expect(200, mark).json()).len();
    let (least, most) = (
        record.versions.len(),
        record.versions.len() + record.doubtful,
    );
    assert!(
        (least..=most).contains(&count) && (!record.keyed || count == least),
        "{mark}: {count} versions, {least} acknowledged, {} in doubt",
        record.doubtful
    );
}

/// `Type/id` of each entry of a Bundle.
fn entries(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .map(|entry| {
            let url = entry["fullUrl"].as_str().unwrap();
            let mut parts = url.rsplit('/');
            let id = parts.next().unwrap();
            format!("{}/{id}", parts.next().unwrap())
        })
        .collect()
}
