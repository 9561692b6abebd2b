//! A facility as version 0.1 left it, made of what this release writes.

use crate::{
    caller::Caller,
    database::Kind,
    envelope_1::{root_key, turned_back, unwrapped},
    house::{HOME, House},
};
use policies::PolicySource;
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _};
use tlog::leaf;

/// The tables with envelopes that version 0.1 had: type, record and number of a row.
const TABLES: [(&str, &str, &str, &str); 4] = [
    ("version", "resource_type", "record_tag", "version"),
    ("audit", "'AuditEvent'", "record_tag", "1"),
    ("registration", "'#' || kind", "tag", "number"),
    ("change", "'#change'", "id", "1"),
];

fn unhexed(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// How the database of a house writes and reads bytes.
#[derive(Clone, Copy)]
pub struct Bytes(pub Kind);

impl Bytes {
    pub fn literal(self, bytes: &[u8]) -> String {
        match self.0 {
            Kind::Sqlite => format!("x'{}'", hex::encode(bytes)),
            Kind::Postgres => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }

    fn shown(self, column: &str) -> String {
        match self.0 {
            Kind::Sqlite => format!("hex({column})"),
            Kind::Postgres => format!("encode({column}, 'hex')"),
        }
    }
}

/// The facility's data keys, by their ids in hex.
fn data_keys(house: &House, bytes: Bytes) -> BTreeMap<String, Vec<u8>> {
    let root = root_key(&house.folder().join("kms"), HOME);
    let here = "WHERE facility_id = (SELECT id FROM facility WHERE name = 'riverside')";
    let kek = house.query(&format!(
        "SELECT {} FROM kek {here}",
        bytes.shown("wrapped")
    ));
    let kek = unwrapped(&root, &unhexed(&kek[0][0]));
    let (id, wrapped) = (bytes.shown("id"), bytes.shown("wrapped"));
    let rows = house.query(&format!("SELECT {id}, {wrapped} FROM data_key {here}"));
    let key = |row: &Vec<String>| (row[0].to_lowercase(), unwrapped(&kek, &unhexed(&row[1])));
    rows.iter().map(key).collect()
}

/// What leaves say, by the digest of the envelope that they name, in hex: leaf salt and
/// statement.
#[derive(Default)]
pub struct Leaves(BTreeMap<String, ([u8; 32], String)>);

impl Leaves {
    /// Adds what the proof at this place says.
    pub async fn add(&mut self, by: &Caller, place: &str) {
        let proof = by.get(&format!("{place}/$proof")).await.expect(200).json();
        let text = |name: &str| proof["leaf"][name].as_str().unwrap().to_owned();
        let statement = text("statement");
        let said: Value = serde_json::from_str(&statement).unwrap();
        let salt = unhexed(&text("leafSalt")).try_into().unwrap();
        let seal = said["seal"].as_str().unwrap().to_owned();
        self.0.insert(seal, (salt, statement));
    }

    /// Changes the leaf of an envelope to that of another in its place.
    fn change(&self, bytes: Bytes, old: &[u8], new: &[u8]) -> Option<String> {
        let digest = |envelope: &[u8]| sealing::envelope_digest(envelope).to_string();
        let (salt, statement) = self.0.get(&digest(old))?;
        let changed = statement.replace(&digest(old), &digest(new));
        let [before, after] = [statement, &changed]
            .map(|content| bytes.literal(leaf::commitment(salt, content).as_bytes()));
        Some(format!(
            "UPDATE pending_leaf SET commitment = {after} WHERE commitment = {before};"
        ))
    }
}

/// Makes the envelopes of the first facility's records, audit and registrations ones of
/// format 1, and the leaves that are known those of the new envelopes.
pub fn to_format_1(house: &House, kind: Kind, leaves: &Leaves) {
    let bytes = Bytes(kind);
    let keys = data_keys(house, bytes);
    for (table, of, record, number) in TABLES {
        let columns = ["data_key_id", record, "envelope"].map(|column| bytes.shown(column));
        let [key_id, tag, envelope] = columns;
        let rows = house.query(&format!(
            "SELECT {key_id}, {of}, {tag}, {number}, {envelope} FROM {table}
             WHERE facility_id = (SELECT id FROM facility WHERE name = 'riverside')"
        ));
        let mut script = String::new();
        for row in &rows {
            let (key, tag) = (&keys[&row[0].to_lowercase()], unhexed(&row[2]));
            let place = (row[1].as_str(), tag.as_slice(), row[3].parse().unwrap());
            let envelope = unhexed(&row[4]);
            let old = turned_back(key, HOME, place, &envelope);
            let leaf = leaves.change(bytes, &envelope, &old);
            // Where leaves are known, rows without one stay as they are.
            let has_leaf = ["version", "audit"].contains(&table);
            if has_leaf && leaf.is_none() && !leaves.0.is_empty() {
                continue;
            }
            script.extend(leaf);
            let (old, tag, of_number) = (bytes.literal(&old), bytes.literal(&tag), &row[3]);
            write!(
                script,
                "UPDATE {table} SET envelope = {old} WHERE {record} = {tag} AND {number} = {of_number};"
            )
            .unwrap();
        }
        if !script.is_empty() {
            house.sql(&script);
        }
    }
}

/// Puts a policy set in clear, as version 0.1 had it.
pub fn put_in_clear(house: &House, kind: Kind, set: &PolicySource) {
    let [schema, policies] = [
        set.schema.clone(),
        serde_json::to_string(&set.policies).unwrap(),
    ]
    .map(|text| text.replace('\'', "''"));
    let digest = Bytes(kind).literal(set.digest().as_bytes());
    house.sql(&format!(
        "INSERT INTO policy_set_in_clear
             (facility_id, number, digest, schema_text, policies_text, created_ms)
         SELECT id, 1, {digest}, '{schema}', '{policies}', created_ms
         FROM facility WHERE name = 'riverside'"
    ));
}

/// Makes the first facility one of version 0.1, with what was registered and decided there.
pub fn to_version_0_1(house: &House, kind: Kind) {
    to_format_1(house, kind, &Leaves::default());
    put_in_clear(house, kind, &PolicySource::shipped());
    let here = "facility_id = (SELECT id FROM facility WHERE name = 'riverside')";
    let recorded = "record_tag IN (SELECT record_tag FROM version)
        OR record_tag IN (SELECT record_tag FROM audit)";
    house.sql(&format!(
        "DELETE FROM policy_set WHERE {here};
         DELETE FROM statement WHERE {here};
         DELETE FROM own_url WHERE {here};
         DELETE FROM registration WHERE kind = 'facility' AND {here};
         DELETE FROM pending_leaf WHERE {here} AND NOT ({recorded});
         UPDATE change_decision SET data_key_id = NULL, envelope = NULL WHERE {here}"
    ));
}
