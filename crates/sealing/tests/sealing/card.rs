//! Index cards, patient heads and the tokens of index epoch 2: the bytes against
//! `cards.json`, which `make_cards.py` computed apart from this code, and what is refused.
//! A test that fails over the vectors means that stored rows would no longer be read:
//! never regenerate the file to make it pass.

use crate::scripted::{Scripted, array, bytes, data_key, elements, number, text, vectors};
use model::{DataKeyId, FacilityName, ResourceType, Tag, Timestamp, VersionNumber};
use sealing::{CardError, CardKey, CardPlace, Form, HeadKey, HeadPlace, IndexRoot, PatientHead};
use serde_json::Value;

fn card_key(golden: &Value) -> CardKey {
    let id = DataKeyId::new(array(golden, "data_key_id"));
    CardKey::new(id, &data_key(&bytes(golden, "data_key")))
}

fn head_key(golden: &Value) -> HeadKey {
    let id = DataKeyId::new(array(golden, "data_key_id"));
    HeadKey::new(id, &data_key(&bytes(golden, "data_key")))
}

fn tag(value: &Value, member: &str) -> Tag {
    Tag::new(array(value, member))
}

fn names(vector: &Value) -> (FacilityName, ResourceType) {
    let facility = text(vector, "facility").parse().unwrap();
    (facility, text(vector, "type").parse().unwrap())
}

fn place<'a>(
    vector: &Value,
    (facility, resource_type): &'a (FacilityName, ResourceType),
) -> CardPlace<'a> {
    CardPlace {
        facility,
        resource_type,
        record: tag(vector, "record"),
        version: VersionNumber::new(number(vector, "version")).unwrap(),
        index_epoch: number(vector, "index_epoch"),
        subject: vector["subject"].as_str().map(|tag| tag.parse().unwrap()),
        time: Timestamp::from_millis(vector["time"].as_i64().unwrap()).unwrap(),
    }
}

#[test]
fn cards() {
    let golden = vectors("cards.json");
    let key = card_key(&golden);
    for vector in elements(&golden["cards"]) {
        let names = names(vector);
        let place = place(vector, &names);
        let (id, content) = (text(vector, "id"), bytes(vector, "content"));
        let nonce = Scripted::new(&[&bytes(vector, "nonce")]);
        let card = key.seal(&place, id, &content, &nonce).unwrap();
        assert_eq!(hex::encode(&card), text(vector, "card"));
        assert_eq!((card.len() - 29) % 128, 0);
        let opened = key.open(&place, &card).unwrap();
        assert_eq!((opened.id.as_str(), &*opened.content), (id, &content));
    }
}

#[test]
fn a_card_opens_beside_its_own_row_only() {
    let golden = vectors("cards.json");
    let key = card_key(&golden);
    let vector = &golden["cards"][0];
    let names = names(vector);
    let (own, card) = (place(vector, &names), bytes(vector, "card"));
    assert!(key.open(&own, &card).is_ok());
    let (facility, resource_type) = ("st-mary-east".parse(), "Condition".parse());
    let (facility, resource_type) = (&facility.unwrap(), &resource_type.unwrap());
    let (record, time) = (Tag::new([9; 16]), own.time.plus_millis(1));
    let version = VersionNumber::new(2).unwrap();
    let others = [
        CardPlace { facility, ..own },
        CardPlace {
            resource_type,
            ..own
        },
        CardPlace { record, ..own },
        CardPlace { version, ..own },
        CardPlace {
            index_epoch: 3,
            ..own
        },
        CardPlace {
            subject: Some(record),
            ..own
        },
        CardPlace {
            subject: None,
            ..own
        },
        CardPlace { time, ..own },
    ];
    for other in others {
        let refused = key.open(&other, &card).err();
        assert_eq!(refused, Some(CardError::Altered), "{other:?}");
    }
}

#[test]
fn a_card_opens_under_its_own_key_only() {
    let golden = vectors("cards.json");
    let vector = &golden["cards"][0];
    let names = names(vector);
    let (place, card) = (place(vector, &names), bytes(vector, "card"));
    let id = DataKeyId::new(array(&golden, "data_key_id"));
    let key = data_key(&bytes(&golden, "data_key"));
    let others = [
        CardKey::new(id, &data_key(&[1; 32])),
        CardKey::new(DataKeyId::new([1; 16]), &key),
    ];
    for other in others {
        assert_eq!(other.open(&place, &card).err(), Some(CardError::Altered));
    }
}

#[test]
fn a_changed_or_shortened_card_is_refused() {
    let golden = vectors("cards.json");
    let key = card_key(&golden);
    let vector = &golden["cards"][0];
    let names = names(vector);
    let (place, card) = (place(vector, &names), bytes(vector, "card"));
    for at in 0..card.len() {
        let mut changed = card.clone();
        changed[at] ^= 1;
        let expected = if at == 0 {
            CardError::NotACard
        } else {
            CardError::Altered
        };
        assert_eq!(
            key.open(&place, &changed).err(),
            Some(expected),
            "byte {at}"
        );
        assert!(key.open(&place, &card[..at]).is_err(), "{at} bytes");
    }
}

#[test]
fn heads() {
    let golden = vectors("cards.json");
    let key = head_key(&golden);
    for vector in elements(&golden["heads"]) {
        let facility = text(vector, "facility").parse().unwrap();
        let place = HeadPlace {
            facility: &facility,
            patient: tag(vector, "patient"),
        };
        let counter = vector["counter"].as_u64().unwrap();
        let mut head = PatientHead {
            counter,
            ..PatientHead::default()
        };
        let members = vector["members"].as_array().unwrap();
        let version = |member| VersionNumber::new(number(member, "version")).unwrap();
        for member in members {
            head = key.add(head, tag(member, "record"), version(member));
        }
        assert_eq!(head.count, members.len() as u64);
        assert_eq!(head.sum.to_bytes(), array(vector, "sum"));
        let nonce = Scripted::new(&[&bytes(vector, "nonce")]);
        let row = key.seal(&place, head, &nonce).unwrap();
        assert_eq!(hex::encode(&row), text(vector, "row"));
        assert_eq!(key.open(&place, &row), Ok(head));

        // In whatever order they are taken away, nothing is left.
        for member in members {
            head = key.remove(head, tag(member, "record"), version(member));
        }
        assert_eq!(
            head,
            PatientHead {
                counter,
                ..PatientHead::default()
            }
        );
    }
}

#[test]
fn a_head_opens_for_its_own_patient_only() {
    let golden = vectors("cards.json");
    let key = head_key(&golden);
    let vector = &golden["heads"][2];
    let facility: FacilityName = text(vector, "facility").parse().unwrap();
    let other: FacilityName = "b".parse().unwrap();
    let (patient, row) = (tag(vector, "patient"), bytes(vector, "row"));
    let open = |facility, patient, row: &[u8]| key.open(&HeadPlace { facility, patient }, row);
    assert!(open(&facility, patient, &row).is_ok());
    assert_eq!(open(&other, patient, &row), Err(CardError::Altered));
    assert_eq!(
        open(&facility, Tag::new([9; 16]), &row),
        Err(CardError::Altered)
    );
    for at in 0..row.len() {
        let mut changed = row.clone();
        changed[at] ^= 1;
        assert!(open(&facility, patient, &changed).is_err(), "byte {at}");
        assert!(open(&facility, patient, &row[..at]).is_err(), "{at} bytes");
    }
    let id = DataKeyId::new([1; 16]);
    let other = HeadKey::new(id, &data_key(&bytes(&golden, "data_key")));
    assert!(
        other
            .open(
                &HeadPlace {
                    facility: &facility,
                    patient
                },
                &row
            )
            .is_err()
    );
}

/// A record that is put back in an older version, is missing, or stands twice makes another
/// sum.
#[test]
fn heads_of_other_members_differ() {
    let key = head_key(&vectors("cards.json"));
    let [one, two] = [1, 2].map(|number| VersionNumber::new(number).unwrap());
    let [a, b] = [1, 2].map(|byte| Tag::new([byte; 16]));
    let head = |members: &[(Tag, VersionNumber)]| {
        let start = PatientHead::default();
        members.iter().fold(start, |head, (record, version)| {
            key.add(head, *record, *version)
        })
    };
    let whole = head(&[(a, one), (b, two)]);
    assert_eq!(head(&[(b, two), (a, one)]), whole);
    for other in [
        &[(a, one)][..],
        &[(a, one), (b, one)],
        &[(a, two), (b, one)],
        &[(a, one), (a, one)],
        &[(a, one), (b, two), (b, two)],
    ] {
        assert_ne!(head(other), whole);
        assert_ne!(head(other).sum, whole.sum);
    }
}

#[test]
fn tokens_of_index_epoch_2() {
    let golden = vectors("cards.json");
    let root = IndexRoot::new(2, &data_key(&bytes(&golden, "index_root")));
    let forms = [
        Form::Exact,
        Form::Prefix,
        Form::Code,
        Form::DateBucket,
        Form::NumberBucket,
        Form::Uri,
        Form::Link,
    ];
    let mut seen = std::collections::BTreeSet::new();
    for vector in elements(&golden["tokens"]) {
        let wanted = number(vector, "form");
        let form = forms
            .into_iter()
            .find(|form| u32::from(form.number()) == wanted)
            .unwrap();
        let key = root.parameter_key(text(vector, "type"), text(vector, "parameter"));
        let made = key.token(form, &bytes(vector, "value"));
        assert_eq!(made.to_string(), text(vector, "token"));
        seen.insert(form.number());
    }
    assert_eq!(seen.len(), forms.len());
}
