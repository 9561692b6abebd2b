//! Vectors made by `vectors/make_golden.py`, which shares no code with us: what
//! is hashed, signed and written must stay as it is, byte for byte.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use model::{Commitment, Digest};
use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use tlog::leaf::{self, AnyStatement, Statement};
use tlog::notes::proof_text::ProofText;
use tlog::notes::{
    checkpoint::{self, Origin, Vkey},
    log_key::LogKey,
};
use tlog::tree::event_tree;
use tlog::tree::tile::{self, TileId};
use tlog::tree::{self, consistency, inclusion};

fn golden() -> Value {
    serde_json::from_str(include_str!("vectors/golden.json")).expect("golden.json")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("a string")
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().expect("a number")
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().expect("an array")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |c: &u8| char::from(*c).to_digit(16).expect("hex");
    let pair = |pair: &[u8]| u8::try_from(digit(&pair[0]) << 4 | digit(&pair[1])).expect("a byte");
    hex.as_bytes().chunks(2).map(pair).collect()
}

fn salt(value: &Value, name: &str) -> [u8; 32] {
    bytes(text(value, name)).try_into().expect("32 bytes")
}

fn digest(value: &Value, name: &str) -> Digest {
    text(value, name).parse().expect("a digest")
}

fn digests(value: &Value, name: &str) -> Vec<Digest> {
    let one = |hash: &Value| hash.as_str().expect("hex").parse().expect("a digest");
    list(value, name).iter().map(one).collect()
}

/// Leaf hashes of the vectors' trees.
fn leaves(size: usize) -> Vec<Digest> {
    use sha2::Digest as _;
    let hash = |n| sha2::Sha256::digest(format!("\0leaf {n}"));
    (0..size).map(|n| Digest::new(hash(n).into())).collect()
}

fn stored(tiles: &BTreeMap<TileId, Vec<u8>>, id: TileId) -> Result<Option<Vec<u8>>, Infallible> {
    Ok(tiles.get(&id).cloned())
}

#[test]
fn statements_commitments_entries_and_leaf_hashes() {
    for vector in list(&golden(), "leaves") {
        let name = text(vector, "name");
        let statement = text(vector, "statement");
        let again = match AnyStatement::decode(statement).expect(name) {
            AnyStatement::Record(record) => {
                assert_eq!(
                    Statement::decode(statement).as_ref(),
                    Ok(&*record),
                    "{name}"
                );
                record.encode()
            }
            AnyStatement::System(system) => system.encode(),
        };
        assert_eq!(again, statement, "{name}");
        let commitment = leaf::commitment(&salt(vector, "leafSalt"), statement);
        assert_eq!(commitment.to_string(), text(vector, "commitment"), "{name}");
        assert_eq!(
            leaf::entry(&commitment).as_slice(),
            bytes(text(vector, "entry")),
            "{name}"
        );
        assert_eq!(
            leaf::leaf_hash(&commitment),
            digest(vector, "leafHash"),
            "{name}"
        );
    }
}

#[test]
fn content_digests() {
    for vector in list(&golden(), "content") {
        let made = leaf::content_digest(&salt(vector, "salt"), &bytes(text(vector, "bytes")));
        assert_eq!(made, digest(vector, "digest"));
    }
}

#[test]
fn event_trees() {
    for vector in list(&golden(), "events") {
        let events = list(vector, "events");
        let mut hashes = Vec::new();
        for event in events {
            let made = leaf::event_leaf(&salt(event, "salt"), &bytes(text(event, "event")));
            assert_eq!(made, digest(event, "leaf"));
            hashes.push(made);
        }
        let (root, size) = (digest(vector, "root"), events.len() as u64);
        assert_eq!(event_tree::root(&hashes), Some(root));
        let content = leaf::events_digest(size, &root);
        assert_eq!(content, digest(vector, "content"));
        for (index, event) in events.iter().enumerate() {
            let path = digests(event, "path");
            assert_eq!(event_tree::path(&hashes, index).as_ref(), Some(&path));
            let (index, leaf) = (index as u64, digest(event, "leaf"));
            assert_eq!(inclusion::root(&leaf, index, size, &path), Ok(root));
            assert_eq!(inclusion::verify(&leaf, index, size, &path, &root), Ok(()));
        }
        assert_eq!(event_tree::path(&hashes, events.len()), None);
    }
    assert_eq!(event_tree::root(&[]), None);
}

/// Why `events_digest` takes the size: the path of leaf 1 of 3 is one of leaf 1
/// of 4 as well.
#[test]
fn the_number_of_events_is_bound() {
    let leaves = leaves(3);
    let root = event_tree::root(&leaves).expect("three leaves");
    let path = event_tree::path(&leaves, 1).expect("one of three");
    let reached = |size| inclusion::root(&leaves[1], 1, size, &path);
    assert_eq!((reached(3), reached(4)), (Ok(root), Ok(root)));
    let digests: Vec<_> = (0..5)
        .map(|size| leaf::events_digest(size, &root))
        .collect();
    for (size, digest) in digests.iter().enumerate() {
        assert_ne!(*digest, root);
        assert!(!digests[..size].contains(digest), "{size}");
    }
}

#[test]
fn roots_and_proofs_from_tiles() {
    let golden = golden();
    let leaves = leaves(600);
    let grown = tile::integrate(0, &leaves, |_| Ok::<_, Infallible>(None)).expect("fresh");
    let tiles: BTreeMap<_, _> = grown.tiles.into_iter().collect();
    let mut read = |id| stored(&tiles, id);
    let trees = &golden["trees"];
    for (size, root) in trees["roots"].as_object().expect("an object") {
        let size: u64 = size.parse().expect("a size");
        let root = root.as_str().expect("hex").parse().expect("a digest");
        assert_eq!(tree::root(&mut read, size), Ok(root));
    }
    for vector in list(trees, "inclusion") {
        let path = inclusion::path(&mut read, number(vector, "index"), number(vector, "size"));
        assert_eq!(path, Ok(digests(vector, "path")));
    }
    for vector in list(trees, "consistency") {
        let path = consistency::path(&mut read, number(vector, "old"), number(vector, "new"));
        assert_eq!(path, Ok(digests(vector, "path")));
    }
}

#[test]
fn tiles_of_seventy_thousand_leaves() {
    use sha2::Digest as _;
    let golden = golden();
    let vector = &golden["tiles"];
    let size = number(vector, "size");
    let leaves = leaves(usize::try_from(size).expect("small"));
    let grown = tile::integrate(0, &leaves, |_| Ok::<_, Infallible>(None)).expect("fresh");
    assert_eq!(grown.root, digest(vector, "root"));
    let made: BTreeMap<_, _> = grown.tiles.into_iter().collect();
    assert_eq!(made.len(), list(vector, "tiles").len());
    for tile in list(vector, "tiles") {
        let level = u8::try_from(number(tile, "level")).expect("small");
        let id = TileId {
            level,
            index: number(tile, "index"),
        };
        let bytes = made.get(&id).expect("a tile");
        assert_eq!(u64::from(id.width(size)), number(tile, "width"));
        assert_eq!(bytes.len() as u64, 32 * number(tile, "width"));
        let hash = Digest::new(sha2::Sha256::digest(bytes).into());
        assert_eq!(hash, digest(tile, "sha256"), "{id}");
    }
}

#[test]
fn log_id_vkey_checkpoint_and_proof_text() {
    let golden = golden();
    let log = &golden["log"];
    let origin: Origin = text(log, "origin").parse().expect("an origin");
    let key = LogKey::from_seed(origin.clone(), &salt(log, "seed"));
    assert_eq!(key.vkey().to_string(), text(log, "vkey"));
    assert_eq!(key.log_id().to_string(), text(log, "logId"));
    let public = key.vkey().public_key();
    assert_eq!(
        checkpoint::log_id(&public, &origin).to_string(),
        text(log, "logId")
    );

    let note = key.sign(number(log, "size"), digest(log, "root"));
    assert_eq!(note, text(log, "checkpoint"));
    let vkey: Vkey = text(log, "vkey").parse().expect("a vkey");
    let opened = checkpoint::open(&note, &[vkey]).expect("signed by this key");
    assert_eq!((opened.origin, opened.size), (origin, 13));

    let proof = ProofText::new(number(log, "index"), digests(log, "path"), &note).expect("short");
    assert_eq!(proof.encode(), text(log, "tlogProof"));
    assert_eq!(ProofText::decode(text(log, "tlogProof")), Ok(proof));
}

#[test]
fn a_commitment_is_no_secret_of_its_statement() {
    let vector = &golden()["leaves"][0];
    let statement = text(vector, "statement");
    let other = leaf::commitment(&[0; 32], statement);
    let real: Commitment = text(vector, "commitment").parse().expect("a commitment");
    assert_ne!(other, real, "the salt is part of the commitment");
}
