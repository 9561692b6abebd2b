//! Our own bytes, against `golden.json`, which `make_golden.py` computed apart
//! from this code. A test here that fails means that stored data would no
//! longer open: never regenerate the file to make it pass.

use crate::scripted::{Scripted, array, bytes, data_key, elements, number, text, vectors};
use model::{DataKeyId, FacilityName, ResourceType, Scope, Tag, Timestamp, VersionNumber};
use sealing::{
    AuditFacts, ClearFacts, CursorKey, FileKms, Form, Format, IdRoot, IndexRoot, Kek, Kms, Place,
    RequestKey, Salts, SealedType, envelope_digest, envelope_format, envelope_key_id, open,
    padded_size, seal,
};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt};

fn tag(value: &Value, member: &str) -> Tag {
    Tag::new(array(value, member))
}

fn salts_match(vector: &Value, salts: &Salts) {
    assert_eq!(salts.leaf, array(vector, "leaf_salt"));
    assert_eq!(salts.content, array(vector, "content_salt"));
    let event_salt = salts.event_salt_1(tag(vector, "patient"));
    assert_eq!(event_salt, array(vector, "event_salt"));
    let query = salts.query_digest_1(text(vector, "query")).to_string();
    assert_eq!(query, text(vector, "query_digest"));
}

/// The names of the place of a vector.
struct Names {
    facility: FacilityName,
    sealed_type: SealedType<'static>,
}

fn names(vector: &Value) -> Names {
    let name: &'static str = text(vector, "type").to_owned().leak();
    let sealed_type = if name.starts_with('#') {
        SealedType::own(name)
    } else {
        let kind: &'static ResourceType = Box::leak(Box::new(name.parse().unwrap()));
        SealedType::from(kind)
    };
    Names {
        facility: text(vector, "facility").parse().unwrap(),
        sealed_type,
    }
}

fn place<'a>(vector: &Value, names: &'a Names, clear: ClearFacts<'a>) -> Place<'a> {
    Place {
        facility: &names.facility,
        sealed_type: names.sealed_type,
        record: tag(vector, "record"),
        version: VersionNumber::new(number(vector, "version")).unwrap(),
        clear,
    }
}

fn opens(vector: &Value, place: &Place<'_>, format: Format) {
    let key = data_key(&bytes(vector, "data_key"));
    let envelope = bytes(vector, "envelope");
    let opened = open(place, &key, &envelope).unwrap();
    assert_eq!(opened.format, format);
    assert_eq!(opened.id, text(vector, "id"));
    assert_eq!(*opened.content, bytes(vector, "content"));
    salts_match(vector, &opened.salts);

    assert_eq!(envelope_format(&envelope), Some(format));
    let key_id = DataKeyId::new(array(vector, "data_key_id"));
    assert_eq!(envelope_key_id(&envelope), Some(key_id));
    assert_eq!(padded_size(&envelope), Some(number(vector, "padded_size")));
    let digest = envelope_digest(&envelope).to_string();
    assert_eq!(digest, text(vector, "envelope_digest"));
}

/// Nothing seals in format 1 any more; what was sealed so opens beside any facts.
#[test]
fn envelopes_of_format_1() {
    let golden = vectors("golden.json");
    let kinds = ["envelopes", "registrations", "changes", "own"];
    for vector in kinds.iter().flat_map(|kind| elements(&golden[*kind])) {
        let names = names(vector);
        for millis in [0, 1_795_000_000_123] {
            let clear = ClearFacts::at(Timestamp::from_millis(millis).unwrap());
            opens(vector, &place(vector, &names, clear), Format::One);
        }
    }
}

fn optional_tag(value: &Value, member: &str) -> Option<Tag> {
    value[member].as_str().map(|text| text.parse().unwrap())
}

fn clear_facts(vector: &Value) -> ClearFacts<'_> {
    ClearFacts {
        interaction: text(vector, "interaction"),
        time: Timestamp::from_millis(vector["time"].as_i64().unwrap()).unwrap(),
        policy_number: number(vector, "policy_number"),
        subject: optional_tag(vector, "subject"),
        audit: vector.get("audit").map(|audit| AuditFacts {
            outcome: u8::try_from(number(audit, "outcome")).unwrap(),
            purpose: audit["purpose"].as_str(),
            user: optional_tag(audit, "user"),
            client: optional_tag(audit, "client"),
            events: number(audit, "events"),
        }),
    }
}

#[test]
fn envelopes_of_format_2() {
    for vector in elements(&vectors("golden.json")["envelopes_2"]) {
        let names = names(vector);
        let place = place(vector, &names, clear_facts(vector));
        let key = data_key(&bytes(vector, "data_key"));
        let key_id = DataKeyId::new(array(vector, "data_key_id"));
        let random = Scripted::new(&[&bytes(vector, "salt"), &bytes(vector, "nonce")]);
        let (id, content) = (text(vector, "id"), bytes(vector, "content"));
        let sealed = seal(&place, key_id, &key, id, &content, &random).unwrap();
        assert_eq!(hex::encode(&sealed.envelope), text(vector, "envelope"));
        salts_match(vector, &sealed.salts);
        opens(vector, &place, Format::Two);
    }
}

#[test]
fn registrations_stand_under_the_tag_of_client_or_user() {
    let golden = vectors("golden.json");
    let tags = IdRoot::new(&data_key(&bytes(&golden["tags"], "id_root")));
    for vector in elements(&golden["registrations"]) {
        let id = text(vector, "id");
        let made = match (text(vector, "type"), id.split_once('\n')) {
            ("#administrator", Some((issuer, subject))) => tags.user_tag(issuer, subject),
            ("#client", None) => tags.client_tag(id),
            (kind, _) => tags.record_tag(kind, id),
        };
        assert_eq!(made, tag(vector, "record"));
    }
}

#[test]
fn what_is_sealed_of_a_facility_stands_under_the_tag_of_type_and_id() {
    let golden = vectors("golden.json");
    let tags = IdRoot::new(&data_key(&bytes(&golden["tags"], "id_root")));
    for vector in elements(&golden["own"]) {
        let made = tags.record_tag(text(vector, "type"), text(vector, "id"));
        assert_eq!(made, tag(vector, "record"));
    }
}

/// A key file with the root of the vector, and the KEK that it opens.
fn kek_of(vector: &Value, wrapped: &[u8]) -> (FileKms, Kek) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    fs::write(&path, text(vector, "key_file")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let kms = FileKms::open(&path).unwrap();
    let facility = text(vector, "facility").parse().unwrap();
    let kek = kms.unwrap_kek(&facility, number(vector, "generation"), wrapped);
    (kms, kek.unwrap())
}

#[test]
fn wrapped_keks_and_the_key_file() {
    for vector in elements(&vectors("golden.json")["wrapped_keks"]) {
        let (kms, unwrapped) = kek_of(vector, &bytes(vector, "wrapped"));
        let nonce = Scripted::new(&[&bytes(vector, "nonce")]);
        let again = kms.wrap_kek(&unwrapped, &nonce).unwrap();
        assert_eq!(hex::encode(again), text(vector, "wrapped"));

        // The key inside is the one that was drawn: a KEK made from it wraps alike.
        let facility = text(vector, "facility").parse().unwrap();
        let random = Scripted::new(&[&bytes(vector, "kek"), &bytes(vector, "nonce")]);
        let drawn = Kek::generate(facility, number(vector, "generation"), &random).unwrap();
        let wrapped = kms.wrap_kek(&drawn, &random).unwrap();
        assert_eq!(hex::encode(wrapped), text(vector, "wrapped"));
    }
}

#[test]
fn wrapped_data_keys_of_every_scope() {
    let golden = vectors("golden.json");
    let mut kinds = Vec::new();
    for vector in elements(&golden["wrapped_data_keys"]) {
        let kind = u8::try_from(number(vector, "kind")).unwrap();
        let scope = Scope::from_parts(kind, tag(vector, "tag")).unwrap();
        let id = DataKeyId::new(array(vector, "data_key_id"));
        let facility = text(vector, "facility").parse().unwrap();
        let random = Scripted::new(&[&bytes(vector, "kek"), &bytes(vector, "nonce")]);
        let kek = Kek::generate(facility, number(vector, "generation"), &random).unwrap();
        let key = data_key(&bytes(vector, "data_key"));
        let wrapped = kek.wrap(scope, id, &key, &random).unwrap();
        assert_eq!(hex::encode(wrapped), text(vector, "wrapped"));

        let unwrapped = kek.unwrap(scope, id, &bytes(vector, "wrapped")).unwrap();
        let nonce = Scripted::new(&[&bytes(vector, "nonce")]);
        let again = kek.wrap(scope, id, &unwrapped, &nonce).unwrap();
        assert_eq!(hex::encode(again), text(vector, "wrapped"));
        kinds.push(kind);
    }
    assert_eq!(kinds, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn tags() {
    let vector = &vectors("golden.json")["tags"];
    let root = IdRoot::new(&data_key(&bytes(vector, "id_root")));
    for record in elements(&vector["records"]) {
        let made = root.record_tag(text(record, "type"), text(record, "id"));
        assert_eq!(made, tag(record, "tag"));
    }
    let user = &vector["user"];
    let made = root.user_tag(text(user, "issuer"), text(user, "subject"));
    assert_eq!(made, tag(user, "tag"));
    let client = &vector["client"];
    assert_eq!(root.client_tag(text(client, "client")), tag(client, "tag"));
}

fn form(number: u32) -> Form {
    let forms = [
        Form::Exact,
        Form::Prefix,
        Form::SystemCode,
        Form::NoSystemCode,
        Form::Code,
        Form::DateBucket,
        Form::NumberBucket,
        Form::Uri,
        Form::Present,
    ];
    let found = forms.into_iter().find(|f| u32::from(f.number()) == number);
    found.unwrap()
}

#[test]
fn tokens_of_every_form() {
    let vector = &vectors("golden.json")["tokens"];
    let root = IndexRoot::new(4, &data_key(&bytes(vector, "index_root")));
    assert_eq!(root.epoch(), 4);
    let mut seen = std::collections::BTreeSet::new();
    for case in elements(&vector["tokens"]) {
        let patient = Some(text(case, "patient")).filter(|p| !p.is_empty());
        let made = root.token(
            text(case, "type"),
            text(case, "parameter"),
            form(number(case, "form")),
            text(case, "value"),
            patient.map(|p| p.parse().unwrap()),
        );
        assert_eq!(made.to_string(), text(case, "token"), "{case}");
        assert!(seen.insert(made), "two cases give one token: {case}");
    }
}

#[test]
fn cursors() {
    let golden = vectors("golden.json");
    let key = CursorKey::new(&data_key(&bytes(&golden["tags"], "id_root")));
    for vector in elements(&golden["cursors"]) {
        let (aad, plain) = (bytes(vector, "aad"), bytes(vector, "plain"));
        let nonce = Scripted::new(&[&bytes(vector, "nonce")]);
        assert_eq!(
            key.seal(&aad, &plain, &nonce).unwrap(),
            text(vector, "cursor")
        );
        assert_eq!(key.open(&aad, text(vector, "cursor")), Some(plain));
    }
}

#[test]
fn idempotency_keys_and_their_requests() {
    let golden = vectors("golden.json");
    let id_root = data_key(&bytes(&golden["tags"], "id_root"));
    let (tags, requests) = (IdRoot::new(&id_root), RequestKey::new(&id_root));
    for vector in elements(&golden["idempotency"]) {
        let user = tags.user_tag(text(vector, "issuer"), text(vector, "subject"));
        let client = tags.client_tag(text(vector, "client"));
        let key = tags.idempotency_tag(user, client, text(vector, "key"));
        assert_eq!(key, tag(vector, "tag"));
        let parts: Vec<&str> = elements(&vector["parts"])
            .iter()
            .map(|part| part.as_str().unwrap())
            .collect();
        let digest = requests.digest(key, &parts, &bytes(vector, "body"));
        assert_eq!(digest.to_string(), text(vector, "request"));
    }
}
