//! An envelope opens where it belongs, unaltered, under its key, or not at all.

use crate::scripted::{Scripted, data_key};
use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use hkdf::Hkdf;
use model::{DataKeyId, FacilityName, ResourceType, SeededRandom, Tag, Timestamp, VersionNumber};
use proptest::prelude::*;
use sealing::{
    AuditFacts, ClearFacts, DataKey, Format, OpenError, Place, SealError, SealedType,
    envelope_key_id, open, padded_size, seal,
};
use sha2::Sha512;

const KEY_ID: DataKeyId = DataKeyId::new([4; 16]);

struct Home {
    facility: FacilityName,
    resource_type: ResourceType,
}

impl Home {
    fn new(facility: &str, resource_type: &str) -> Self {
        Self {
            facility: facility.parse().unwrap(),
            resource_type: resource_type.parse().unwrap(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            facility: &self.facility,
            sealed_type: SealedType::from(&self.resource_type),
            record: Tag::new([3; 16]),
            version: VersionNumber::FIRST,
            clear: facts(),
        }
    }
}

fn facts() -> ClearFacts<'static> {
    ClearFacts {
        interaction: "create",
        time: at(1_795_000_000_123),
        policy_number: 3,
        subject: Some(Tag::new([5; 16])),
        audit: None,
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn key() -> DataKey {
    data_key(&[6; 32])
}

fn sealed(place: &Place<'_>, content: &[u8]) -> Vec<u8> {
    let random = SeededRandom::new(11);
    let sealed = seal(place, KEY_ID, &key(), "obs-1", content, &random);
    sealed.unwrap().envelope
}

fn refusal(place: &Place<'_>, key: &DataKey, envelope: &[u8]) -> Option<OpenError> {
    open(place, key, envelope).err()
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        id in "\\PC{0,64}",
        content in proptest::collection::vec(any::<u8>(), 0..2000),
        version in 1_u32..,
        seed: u64,
    ) {
        let home = Home::new("st-mary", "Observation");
        let version = VersionNumber::new(version).unwrap();
        let place = Place { version, ..home.place() };
        let random = SeededRandom::new(seed);
        let sealed = seal(&place, KEY_ID, &key(), &id, &content, &random).unwrap();
        let opened = open(&place, &key(), &sealed.envelope).unwrap();
        prop_assert_eq!(&opened.id, &id);
        prop_assert_eq!(&*opened.content, &content);
        prop_assert_eq!(opened.salts.leaf, sealed.salts.leaf);
        prop_assert_eq!(opened.salts.content, sealed.salts.content);
        prop_assert_eq!(envelope_key_id(&sealed.envelope), Some(KEY_ID));
        let plain = 4 + id.len() + content.len();
        prop_assert_eq!(padded_size(&sealed.envelope), Some((plain as u32 / 256 + 1) * 256));
        let again = seal(&place, KEY_ID, &key(), &id, &content, &random).unwrap();
        prop_assert!(again.envelope != sealed.envelope, "two seals, one envelope");
        prop_assert!(again.salts.leaf != sealed.salts.leaf);
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    let home = Home::new("a", "Observation");
    let envelope = sealed(&home.place(), b"{}");
    assert_eq!(envelope.len(), 93 + 256 + 16);
    for at in 0..envelope.len() {
        for bit in 0..8 {
            let mut other = envelope.clone();
            other[at] ^= 1 << bit;
            let expected = match at {
                0 => OpenError::NotAnEnvelope,
                17..81 => OpenError::WrongKey,
                _ => OpenError::Altered,
            };
            let refused = refusal(&home.place(), &key(), &other);
            assert_eq!(refused, Some(expected), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn every_flipped_byte_of_a_longer_envelope_is_detected() {
    let home = Home::new("a", "Observation");
    let envelope = sealed(&home.place(), &[b'x'; 1700]);
    for at in 0..envelope.len() {
        let mut other = envelope.clone();
        other[at] = !other[at];
        assert!(
            refusal(&home.place(), &key(), &other).is_some(),
            "byte {at}"
        );
    }
}

#[test]
fn an_envelope_opens_in_no_other_place() {
    let home = Home::new("a", "Observation");
    let envelope = sealed(&home.place(), b"{}");
    assert!(open(&home.place(), &key(), &envelope).is_ok());
    let second = VersionNumber::new(2).unwrap();
    let (facility, other_type) = (Home::new("b", "Observation"), Home::new("a", "Patient"));
    for place in [
        facility.place(),
        other_type.place(),
        Place {
            record: Tag::new([2; 16]),
            ..home.place()
        },
        Place {
            version: second,
            ..home.place()
        },
    ] {
        assert_eq!(refusal(&place, &key(), &envelope), Some(OpenError::Altered));
    }
    let other_key = data_key(&[7; 32]);
    let refused = refusal(&home.place(), &other_key, &envelope);
    assert_eq!(refused, Some(OpenError::WrongKey));
}

const AUDIT: AuditFacts<'static> = AuditFacts {
    outcome: 0,
    purpose: None,
    user: None,
    client: None,
    events: 1,
};

fn of_audit(audit: AuditFacts<'static>) -> ClearFacts<'static> {
    ClearFacts {
        audit: Some(audit),
        ..facts()
    }
}

/// The facts of a version and of an audit record, and each with one of them changed.
fn all_facts() -> Vec<ClearFacts<'static>> {
    let tag = Some(Tag::new([1; 16]));
    let of_version = |change: fn(&mut ClearFacts<'static>)| {
        let mut facts = facts();
        change(&mut facts);
        facts
    };
    vec![
        facts(),
        of_version(|facts| facts.interaction = "delete"),
        of_version(|facts| facts.time = at(0)),
        of_version(|facts| facts.policy_number = 4),
        of_version(|facts| facts.subject = None),
        of_audit(AUDIT),
        of_audit(AuditFacts {
            outcome: 4,
            ..AUDIT
        }),
        of_audit(AuditFacts {
            purpose: Some("TREAT"),
            ..AUDIT
        }),
        of_audit(AuditFacts { user: tag, ..AUDIT }),
        of_audit(AuditFacts {
            client: tag,
            ..AUDIT
        }),
        of_audit(AuditFacts { events: 2, ..AUDIT }),
    ]
}

#[test]
fn an_envelope_opens_beside_no_other_facts() {
    let home = Home::new("a", "Observation");
    let place = |clear| Place {
        clear,
        ..home.place()
    };
    for own in all_facts() {
        let envelope = sealed(&place(own), b"{}");
        for clear in all_facts() {
            let expected = (clear != own).then_some(OpenError::Altered);
            assert_eq!(refusal(&place(clear), &key(), &envelope), expected);
        }
    }
}

/// The first byte alone would make the facts in clear free again.
#[test]
fn an_envelope_does_not_go_back_to_format_1() {
    let home = Home::new("a", "Observation");
    let mut envelope = sealed(&home.place(), b"{}");
    assert_eq!(envelope[0], 2);
    envelope[0] = 1;
    let refused = refusal(&home.place(), &key(), &envelope);
    assert_eq!(refused, Some(OpenError::Altered));
    // And what was sealed in format 1 is none of format 2.
    let mut envelope = envelope_of(&block(b"\0\0\0\x01ic\x80", 256));
    let opened = open(&home.place(), &key(), &envelope).unwrap();
    assert_eq!(opened.format, Format::One);
    envelope[0] = 2;
    let refused = refusal(&home.place(), &key(), &envelope);
    assert_eq!(refused, Some(OpenError::Altered));
}

#[test]
fn cut_and_lengthened_envelopes_are_refused() {
    let home = Home::new("a", "Observation");
    let envelope = sealed(&home.place(), &[b'x'; 300]);
    for length in 0..envelope.len() {
        let refused = refusal(&home.place(), &key(), &envelope[..length]);
        let expected = if length == envelope.len() - 256 {
            OpenError::Altered
        } else {
            OpenError::NotAnEnvelope
        };
        assert_eq!(refused, Some(expected), "{length} bytes");
    }
    for more in 1..=256 {
        let longer = [&envelope[..], &vec![0; more]].concat();
        assert!(refusal(&home.place(), &key(), &longer).is_some(), "{more}");
    }
    assert_eq!(padded_size(&envelope[..100]), None);
    assert_eq!(envelope_key_id(&envelope[..100]), None);
}

/// An authentic envelope of format 1 around any plaintext, made without our code.
fn envelope_of(plaintext: &[u8]) -> Vec<u8> {
    let (salt, nonce) = ([1_u8; 32], [2_u8; 12]);
    let mut okm = [0; 128];
    Hkdf::<Sha512>::new(Some(&salt), &[6; 32])
        .expand(b"chartseal/1/seal", &mut okm)
        .unwrap();
    let aad = [
        b"\0\0\0\x10chartseal/1/seal\0\0\0\x01a".as_slice(),
        &[4; 16],
        b"\0\0\0\x0bObservation",
        &[3; 16],
        &[0, 0, 0, 1],
    ]
    .concat();
    let payload = Payload {
        msg: plaintext,
        aad: &aad,
    };
    let cipher = Aes256Gcm::new_from_slice(&okm[..32]).unwrap();
    let ciphertext = cipher.encrypt(&nonce.into(), payload).unwrap();
    [&[1][..], &[4; 16], &salt, &okm[32..64], &nonce, &ciphertext].concat()
}

fn block(start: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = start.to_vec();
    bytes.resize(length, 0);
    bytes
}

#[test]
fn only_the_one_padding_and_a_whole_id_are_read() {
    let home = Home::new("a", "Observation");
    let good = block(b"\0\0\0\x01ic\x80", 256);
    let opened = open(&home.place(), &key(), &envelope_of(&good)).unwrap();
    assert_eq!(
        (opened.id.as_str(), opened.content.as_slice()),
        ("i", &b"c"[..])
    );
    for (plaintext, fault) in [
        (block(b"", 256), "no mark"),
        (block(b"\0\0\0\x01ic", 256), "no mark after the content"),
        (
            block(b"\0\0\0\x01ic\x80", 512),
            "more than 256 bytes of padding",
        ),
        (
            block(b"\0\0\0\x02i\x80", 256),
            "an id longer than the plaintext",
        ),
        (block(b"\0\0\x80", 256), "no room for the length"),
        (block(b"\0\0\0\x01\xff\x80", 256), "an id that is not UTF-8"),
    ] {
        let refused = refusal(&home.place(), &key(), &envelope_of(&plaintext));
        assert_eq!(refused, Some(OpenError::UnknownForm), "{fault}");
    }
    for length in [0, 255, 257] {
        let plaintext = block(b"\0\0\0\0\x80", length);
        let refused = refusal(&home.place(), &key(), &envelope_of(&plaintext));
        assert_eq!(refused, Some(OpenError::NotAnEnvelope), "{length} bytes");
    }
}

#[test]
fn nothing_is_sealed_without_randomness() {
    let home = Home::new("a", "Observation");
    for drawn in [0, 31, 32, 43] {
        let random = Scripted::new(&[&vec![0; drawn]]);
        let refused = seal(&home.place(), KEY_ID, &key(), "i", b"c", &random).err();
        assert!(
            matches!(refused, Some(SealError::Random(_))),
            "{drawn} bytes"
        );
    }
}
