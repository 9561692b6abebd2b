//! The log as others read it: `/log` followed by published crates, `tlog_tiles` for
//! tiles and proofs and `signed_note` for the checkpoint, with nothing of ours but
//! the trust file.

#![expect(
    clippy::expect_used,
    reason = "test code: what is not as expected ends the test"
)]

use e2e::{Caller, Demo, until};
use serde_json::Value;
use signed_note::{Note, StandardVerifier, Verifier, VerifierList};
use std::fs;
use tlog_tiles::{
    Checkpoint, Error, Hash, HashReader as _, Tile, TileHashReader, TileReader, check_record,
    check_tree, prove_record, prove_tree, record_hash, stored_hash_index, tree_hash,
};

/// The auditor's facility.
const FACILITY: &str = "riverside";
/// Entries and hashes in a full tile.
const WIDTH: u64 = 256;

/// One log, over HTTP.
struct Log {
    caller: Caller,
    origin: String,
    vkey: String,
}

impl TileReader for Log {
    fn height(&self) -> u8 {
        8
    }

    /// The crate names the height in its paths, C2SP does not.
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            let reply = self.caller.get(&path).expect(200, &path);
            assert_eq!(
                reply.header("content-type"),
                Some("application/octet-stream")
            );
            reply.body
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

impl Log {
    /// The log of the auditor's facility, with the key that the trust file names.
    fn of(demo: &Demo) -> Self {
        let trust = fs::read(&demo.about.trust_file).expect("the trust file");
        let trust: Value = serde_json::from_slice(&trust).expect("JSON");
        let logs = trust.pointer("/logs").and_then(Value::as_array);
        let own = |log: &&Value| log.get("facility") == Some(&FACILITY.into());
        let log = logs.and_then(|logs| logs.iter().find(own)).expect("a log");
        let text = |pointer: &str| {
            let text = log.pointer(pointer).and_then(Value::as_str);
            text.expect("a text").to_owned()
        };
        let token = demo.about.tokens.get("auditor").expect("a token");
        let prefix = format!("{}/log/{FACILITY}", demo.about.base);
        Self {
            caller: Caller::new(&prefix, Some(token)),
            origin: text("/origin"),
            vkey: text("/vkeys/0"),
        }
    }

    /// The checkpoint, its signature verified.
    fn checkpoint(&self) -> Checkpoint {
        let reply = self.caller.get("checkpoint").expect(200, "the checkpoint");
        assert_eq!(
            reply.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        let note = Note::from_bytes(&reply.body).expect("a signed note");
        let verifier = StandardVerifier::new(&self.vkey).expect("a key");
        assert_eq!(verifier.name(), self.origin);
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let (verified, _) = note.verify(&known).expect("a signature of the log");
        assert_eq!(verified.len(), 1);
        let checkpoint = Checkpoint::from_bytes(note.text()).expect("a checkpoint");
        assert_eq!(checkpoint.origin(), self.origin);
        checkpoint
    }

    fn hashes(&self, checkpoint: &Checkpoint) -> TileHashReader<'_> {
        TileHashReader::new(checkpoint.size(), *checkpoint.hash(), self)
    }

    /// All entries, bundle by bundle.
    fn entries(&self, size: u64) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for index in 0..size.div_ceil(WIDTH) {
            let width = (size - index * WIDTH).min(WIDTH);
            let mut path = format!("tile/entries/{index:03}");
            if width < WIDTH {
                path = format!("{path}.p/{width}");
            }
            let bundle = self.caller.get(&path).expect(200, &path).body;
            let mut rest = bundle.as_slice();
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*length));
                let (entry, after) = after.split_at_checked(length).expect("a whole entry");
                entries.push(entry.to_vec());
                rest = after;
            }
            assert!(rest.is_empty(), "{path}: bytes are left over");
        }
        entries
    }
}

fn index_of(leaf: u64) -> u64 {
    stored_hash_index(0, leaf)
}

#[test]
fn a_published_client_follows_the_log() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &[]);
    let log = Log::of(&demo);
    until("the first checkpoint", 30, || {
        (log.caller.get("checkpoint").status != 404).then_some(())
    });
    let first = until("the log has a full tile", 120, || {
        let checkpoint = log.checkpoint();
        if checkpoint.size() > WIDTH {
            return Some(checkpoint);
        }
        // Each read is a leaf.
        drop(demo.caller("system").get("Patient?_count=1"));
        None
    });
    let (size, root) = (first.size(), *first.hash());
    let hashes = log.hashes(&first);
    assert!(tree_hash(size, &hashes).expect("the root") == root);

    let entries = log.entries(size);
    assert_eq!(entries.len() as u64, size);
    let leaves: Vec<u64> = (0..size).map(index_of).collect();
    let leaves = hashes.read_hashes(&leaves).expect("the leaf hashes");
    for (entry, hash) in entries.iter().zip(&leaves) {
        assert_eq!((entry.len(), entry.first()), (33, Some(&1)));
        assert!(record_hash(entry) == *hash, "an entry is not its leaf");
    }
    for leaf in [0, WIDTH - 1, WIDTH, size - 1] {
        let proof = prove_record(size, leaf, &hashes).expect("a proof");
        let place = usize::try_from(leaf).expect("small");
        let hash: Hash = *leaves.get(place).expect("a leaf");
        check_record(&proof, size, root, leaf, hash).expect("the leaf is in the log");
        assert!(check_record(&proof, size, root, (leaf + 1) % size, hash).is_err());
    }

    drop(demo.caller("system").get("Patient?_count=1"));
    let later = until("the log grows", 60, || {
        let checkpoint = log.checkpoint();
        (checkpoint.size() > size).then_some(checkpoint)
    });
    let proof = prove_tree(later.size(), size, &log.hashes(&later)).expect("a proof");
    check_tree(&proof, later.size(), *later.hash(), size, root).expect("the log only grew");

    let stranger = Caller::new(&log.caller.url(""), None);
    for path in ["checkpoint", "tile/0/000", "tile/entries/000"] {
        drop(stranger.get(path).expect(401, path));
    }
}
