//! Salts of audit records of renderer 2, against `audit_salts.json`, which
//! `make_audit_salts.py` computed apart from this code. A failure here means that
//! events no longer match what was hashed: never regenerate the file.

use crate::scripted::{array, elements, number, text, vectors};
use model::Tag;
use sealing::Salts;
use serde_json::Value;
use std::collections::BTreeSet;

fn salts(vector: &Value) -> Salts {
    Salts {
        leaf: [0; 32],
        content: array(vector, "content_salt"),
    }
}

#[test]
fn every_event_of_a_patient_has_a_salt_of_its_own() {
    let mut seen = BTreeSet::new();
    for vector in elements(&vectors("audit_salts.json")["events"]) {
        let patient = Tag::new(array(vector, "patient"));
        let salt = salts(vector).event_salt_2(patient, text(vector, "interaction"));
        assert_eq!(salt, array(vector, "event_salt"), "{vector}");
        assert!(seen.insert(salt), "{vector}");
        assert_ne!(salt, salts(vector).event_salt_1(patient), "{vector}");
    }
}

#[test]
fn every_query_text_has_a_salt_of_its_own() {
    let mut seen = BTreeSet::new();
    for vector in elements(&vectors("audit_salts.json")["queries"]) {
        let query = text(vector, "query");
        let digest = salts(vector).query_digest_2(number(vector, "number"), query);
        assert_eq!(digest.to_string(), text(vector, "query_digest"), "{vector}");
        assert!(seen.insert(digest), "{vector}");
        assert_ne!(digest, salts(vector).query_digest_1(query), "{vector}");
    }
}
