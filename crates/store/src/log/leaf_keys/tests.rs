//! Vectors of the macs, and what they count for.

use super::*;
use crate::{FormerRegistry, LogRowId, Registry, anchoring::registries::beside};

fn name() -> LeafName {
    LeafName {
        facility: FacilityId(7),
        record: Tag::new([1; 16]),
        version: VersionNumber::FIRST,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_vectors_of_the_macs() {
    let key = LeafKey::new(&std::array::from_fn(|index| index as u8));
    let leaf = key.leaf_mac(&name(), &Commitment::new([2; 32]));
    let state = key.state_mac(LogId::new([3; 32]), 4, &Digest::new([5; 32]));
    assert_eq!(
        (hex(&leaf).as_str(), hex(&state).as_str()),
        (
            "f22386c169e5f6520a242b8951b4d7f5",
            "ff0bb646a9db3e4c29c9b930c969d6ca"
        )
    );
    let log = NewLog {
        facility: FacilityId(7),
        epoch: 1,
        origin: "gw.example/log/st-mary".to_owned(),
        log_id: LogId::new([3; 32]),
        public_key: [4; 32],
    };
    let at = |millis| Some(Timestamp::from_millis(millis).unwrap());
    let stored = |number, key, retired| StoredLogKey {
        number,
        public_key: [key; 32],
        created: at(1_000),
        retired,
    };
    let keys = [stored(1, 4, at(2_000)), stored(2, 5, None)];
    let (none, two) = (key.log_keys_mac(&log, &[]), key.log_keys_mac(&log, &keys));
    assert_eq!(
        (hex(&none).as_str(), hex(&two).as_str()),
        (
            "42e3f18001f5fd55727e933d47c5a3da",
            "27d6b607680609db64a6e2c81c857afd"
        )
    );
}

#[test]
fn golden_vectors_of_the_macs_of_meta() {
    let key = LeafKey::new(&std::array::from_fn(|index| index as u8));
    let host = MetaRow::alone("log_host", "gw.example");
    let at = |byte| Registry {
        chain_id: 20_261,
        address: [byte; 20],
    };
    let value = at(6).to_string();
    let alone = MetaRow::alone("registry", &value);
    let former = FormerRegistry {
        last_seq: 9,
        registry: at(5),
    };
    let moved = MetaRow {
        beside: &beside(&[(LogRowId(3), former)]),
        ..alone
    };
    let macs = [host, alone, moved].map(|row| hex(&key.meta_mac(&row)));
    assert_eq!(
        macs,
        [
            "67741444b6cbe784ea9ffb4f55efb524",
            "db20f7ef865395ee3d41bf6685c2a094",
            "a8a71e31458becbea1b45a91c57d9026"
        ]
    );
}

#[test]
fn golden_vector_of_an_identifier() {
    let keys = LeafKeys::default();
    keys.set([&std::array::from_fn(|index| index as u8), &[1; 32]]);
    let ids = keys.ids();
    assert_eq!(
        ids.split_once(' ').map(|(first, _)| first),
        Some("8f2d652d")
    );
    assert_eq!(ids.len(), 17);
}

#[test]
fn a_mac_counts_for_its_leaf_alone_under_each_key_that_is_held() {
    let keys = LeafKeys::default();
    assert!(matches!(keys.newest(), Err(Error::NoLeafKey)));
    let (first, second) = ([1; 32], [2; 32]);
    keys.set([&first]);
    let (name, commitment) = (name(), Commitment::new([9; 32]));
    let mac = keys.newest().unwrap().leaf_mac(&name, &commitment);
    let counts = |name: &LeafName, commitment: &Commitment, mac: &[u8]| {
        is_leaf_mac(&keys.held(), name, commitment, mac)
    };
    assert!(counts(&name, &commitment, &mac));
    let others = [
        LeafName {
            facility: FacilityId(8),
            ..name
        },
        LeafName {
            record: Tag::new([2; 16]),
            ..name
        },
        LeafName {
            version: VersionNumber::new(2).unwrap(),
            ..name
        },
    ];
    for other in others {
        assert!(!counts(&other, &commitment, &mac), "{other:?}");
    }
    assert!(!counts(&name, &Commitment::new([8; 32]), &mac));
    assert!(!counts(&name, &commitment, &mac[..15]));
    assert!(!counts(&name, &commitment, &[]));
    keys.set([&second, &first]);
    assert!(counts(&name, &commitment, &mac), "still held");
    assert_ne!(keys.newest().unwrap().leaf_mac(&name, &commitment), mac);
    keys.set([&second]);
    assert!(!counts(&name, &commitment, &mac), "no longer held");
}
