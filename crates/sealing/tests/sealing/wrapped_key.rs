//! A wrapped key unwraps for its scope, id, facility and KEK generation only.

use crate::scripted::data_key;
use model::{DataKeyId, Scope, SeededRandom, Tag};
use sealing::{Kek, UnwrapError};

const ID: DataKeyId = DataKeyId::new([9; 16]);
const SCOPE: Scope = Scope::Patient(Tag::new([1; 16]));

fn kek(facility: &str, generation: u32, seed: u64) -> Kek {
    let facility = facility.parse().unwrap();
    Kek::generate(facility, generation, &SeededRandom::new(seed)).unwrap()
}

fn wrapped() -> Vec<u8> {
    let random = SeededRandom::new(2);
    let wrapped = kek("a", 1, 1).wrap(SCOPE, ID, &data_key(&[5; 32]), &random);
    wrapped.unwrap()
}

#[test]
fn every_flipped_bit_is_detected() {
    let (kek, wrapped) = (kek("a", 1, 1), wrapped());
    assert_eq!(wrapped.len(), 60);
    assert!(kek.unwrap(SCOPE, ID, &wrapped).is_ok());
    for at in 0..wrapped.len() {
        for bit in 0..8 {
            let mut other = wrapped.clone();
            other[at] ^= 1 << bit;
            let refused = kek.unwrap(SCOPE, ID, &other).err();
            assert_eq!(refused, Some(UnwrapError::Refused), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn another_length_is_refused() {
    let (kek, wrapped) = (kek("a", 1, 1), wrapped());
    for length in 0..wrapped.len() {
        let refused = kek.unwrap(SCOPE, ID, &wrapped[..length]).err();
        assert_eq!(refused, Some(UnwrapError::NotAWrappedKey));
    }
    let longer = [&wrapped[..], &[0]].concat();
    let refused = kek.unwrap(SCOPE, ID, &longer).err();
    assert_eq!(refused, Some(UnwrapError::NotAWrappedKey));
}

#[test]
fn a_key_unwraps_for_no_other_scope() {
    let tag = Tag::new([1; 16]);
    let month = |month| Scope::QueryText { year: 2026, month };
    let scopes = [
        Scope::Patient(tag),
        Scope::Patient(Tag::new([2; 16])),
        Scope::Facility,
        Scope::Audit,
        Scope::IndexRoot(0),
        Scope::IndexRoot(1),
        Scope::Record(tag),
        Scope::ExportJob(tag),
        Scope::IdRoot,
        month(1),
        month(2),
    ];
    let kek = kek("a", 1, 1);
    for sealed in scopes {
        let key = data_key(&[5; 32]);
        let wrapped = kek.wrap(sealed, ID, &key, &SeededRandom::new(3)).unwrap();
        for asked in scopes {
            let unwrapped = kek.unwrap(asked, ID, &wrapped);
            assert_eq!(unwrapped.is_ok(), sealed == asked, "{sealed:?} {asked:?}");
        }
    }
}

#[test]
fn a_key_unwraps_for_no_other_id_facility_generation_or_kek() {
    let wrapped = wrapped();
    let other_id = DataKeyId::new([8; 16]);
    for (kek, id) in [
        (kek("a", 1, 1), other_id),
        (kek("b", 1, 1), ID),
        (kek("a", 2, 1), ID),
        (kek("a", 1, 2), ID),
    ] {
        let refused = kek.unwrap(SCOPE, id, &wrapped).err();
        assert_eq!(refused, Some(UnwrapError::Refused));
    }
}
