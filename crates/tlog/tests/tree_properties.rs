//! Our tree against two published crates: `rs_merkle` for its shape, `ct-merkle`
//! for proofs in both directions. And: a changed proof never verifies.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test code")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use model::Digest;
use proptest::prelude::*;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::convert::Infallible;
use tlog::tree::event_tree;
use tlog::tree::tile::{self, TileId};
use tlog::tree::{self, CompactRange, ProofError, TreeError, consistency, inclusion};

/// The tree over the entries `0`, `1`, ... as big-endian integers.
fn leaf(index: u64) -> Digest {
    use sha2::Digest as _;
    let hash = Sha256::new()
        .chain_update([0])
        .chain_update(index.to_be_bytes());
    Digest::new(hash.finalize().into())
}

fn leaves(size: u64) -> Vec<Digest> {
    (0..size).map(leaf).collect()
}

type Tiles = BTreeMap<TileId, Vec<u8>>;

fn grow(tiles: &mut Tiles, old_size: u64, new: &[Digest]) -> Digest {
    let read = |id: TileId| Ok::<_, Infallible>(tiles.get(&id).cloned());
    let grown = tile::integrate(old_size, new, read).expect("the edge is stored");
    tiles.extend(grown.tiles);
    grown.root
}

fn reader(tiles: &Tiles) -> impl FnMut(TileId) -> Result<Option<Vec<u8>>, Infallible> {
    |id| Ok(tiles.get(&id).cloned())
}

fn root(size: u64) -> Digest {
    let mut range = CompactRange::new();
    range.extend(leaves(size));
    range.root()
}

fn their_tree(size: u64) -> MemoryBackedTree<Sha256, [u8; 8]> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|index| tree.push(index.to_be_bytes()));
    tree
}

fn split(proof: &[u8]) -> Vec<Digest> {
    proof
        .chunks(32)
        .map(|hash| Digest::from_slice(hash).expect("32 bytes"))
        .collect()
}

fn joined(path: &[Digest]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn the_shape_is_that_of_rs_merkle() {
    let all = leaves(1100);
    let mut range = CompactRange::new();
    for (size, leaf) in (1..).zip(&all) {
        range.push(*leaf);
        let theirs = event_tree::root(&all[..size]);
        assert_eq!(theirs, Some(range.root()), "{size}");
    }
}

#[test]
fn closed_trees_give_the_paths_of_the_log() {
    for size in 1..70_u64 {
        let mut tiles = Tiles::new();
        grow(&mut tiles, 0, &leaves(size));
        for index in 0..size {
            let ours = inclusion::path(&mut reader(&tiles), index, size).ok();
            assert_eq!(event_tree::path(&leaves(size), index as usize), ours);
        }
    }
}

#[test]
fn every_inclusion_proof_of_small_trees_agrees_with_ct_merkle() {
    for size in 1..66_u64 {
        let mut tiles = Tiles::new();
        let root = grow(&mut tiles, 0, &leaves(size));
        let theirs = their_tree(size);
        assert_eq!(theirs.root().as_bytes().as_slice(), root.as_bytes());
        for index in 0..size {
            let path = inclusion::path(&mut reader(&tiles), index, size).expect("a leaf");
            assert_eq!(
                theirs.prove_inclusion(index as usize).as_bytes(),
                joined(&path)
            );
            assert_eq!(
                inclusion::verify(&leaf(index), index, size, &path, &root),
                Ok(())
            );
            for wrong in (0..size + 3).filter(|wrong| *wrong != index) {
                assert!(inclusion::verify(&leaf(index), wrong, size, &path, &root).is_err());
            }
        }
    }
}

#[test]
fn every_consistency_proof_of_small_trees_agrees_with_ct_merkle() {
    let mut tiles = Tiles::new();
    grow(&mut tiles, 0, &leaves(66));
    for new in 1..66_u64 {
        let theirs = their_tree(new);
        for old in 1..=new {
            let path = consistency::path(&mut reader(&tiles), old, new).expect("sizes in order");
            let added = usize::try_from(new - old).expect("small");
            assert_eq!(theirs.prove_consistency(added).as_bytes(), joined(&path));
            assert_eq!(
                consistency::verify(old, &root(old), new, &root(new), &path),
                Ok(())
            );
        }
    }
}

#[test]
fn bounds_are_strict() {
    let (one, other) = (leaf(0), leaf(1));
    assert_eq!(
        inclusion::verify(&one, 0, 0, &[], &one),
        Err(ProofError::EmptyTree)
    );
    assert_eq!(
        inclusion::verify(&one, 1, 1, &[], &one),
        Err(ProofError::Beyond)
    );
    assert_eq!(
        inclusion::verify(&one, 0, 1, &[other], &one),
        Err(ProofError::Length)
    );
    assert_eq!(
        inclusion::verify(&one, 0, 2, &[], &one),
        Err(ProofError::Length)
    );
    assert_eq!(
        inclusion::verify(&one, 0, 1, &[], &other),
        Err(ProofError::Root)
    );
    let long = vec![one; 1_000_000];
    assert_eq!(
        inclusion::verify(&one, 0, u64::MAX, &long, &one),
        Err(ProofError::Length)
    );
    assert_eq!(
        inclusion::verify(&one, u64::MAX - 1, u64::MAX, &[], &one),
        Err(ProofError::Length)
    );

    assert_eq!(
        consistency::verify(0, &one, 1, &one, &[]),
        Err(ProofError::EmptyTree)
    );
    assert_eq!(
        consistency::verify(2, &one, 1, &one, &[]),
        Err(ProofError::Beyond)
    );
    assert_eq!(
        consistency::verify(1, &one, 1, &one, &[one]),
        Err(ProofError::Length)
    );
    assert_eq!(
        consistency::verify(1, &one, 1, &other, &[]),
        Err(ProofError::Root)
    );
    assert_eq!(
        consistency::verify(1, &one, 2, &one, &[]),
        Err(ProofError::Length)
    );
    assert_eq!(
        consistency::verify(3, &one, u64::MAX, &one, &[]),
        Err(ProofError::Length)
    );
    assert_eq!(
        consistency::verify(1, &one, u64::MAX, &one, &long),
        Err(ProofError::Length)
    );
}

#[test]
fn tiles_must_be_there_and_wide_enough() {
    let one = leaf(0);
    let none = &mut |_| Ok::<_, Infallible>(None);
    assert_eq!(inclusion::path(none, 3, 3), Err(TreeError::Beyond));
    assert_eq!(consistency::path(none, 4, 3), Err(TreeError::Beyond));
    assert_eq!(consistency::path(none, 0, 3), Ok(vec![]));
    let id = TileId { level: 0, index: 0 };
    assert_eq!(tree::root(none, 3), Err(TreeError::Tile(id)));
    assert_eq!(tree::root(none, u64::MAX), Err(TreeError::TooLarge));
    assert_eq!(
        tile::integrate(u64::MAX, &[one], &mut *none),
        Err(TreeError::TooLarge)
    );
    assert_eq!(
        tile::integrate(3, &[one], &mut *none),
        Err(TreeError::Tile(id))
    );
    let narrow = |_| Ok::<_, Infallible>(Some(vec![0; 64]));
    assert_eq!(tile::integrate(3, &[one], narrow), Err(TreeError::Tile(id)));
    let failing = |_| Err("gone");
    assert_eq!(
        tile::integrate(3, &[one], failing),
        Err(TreeError::Read("gone"))
    );
}

#[test]
fn tile_paths_are_those_of_c2sp() {
    assert_eq!(tile::index_path(1_234_067), "x001/x234/067");
    assert_eq!(TileId { level: 0, index: 0 }.path(256), "tile/0/000");
    assert_eq!(
        TileId {
            level: 1,
            index: 1000
        }
        .path(17),
        "tile/1/x001/000.p/17"
    );
    let widths = [
        (0, 272, 256),
        (0, 273, 112),
        (0, 274, 0),
        (1, 0, 256),
        (1, 1, 17),
        (2, 0, 1),
        (3, 0, 0),
    ];
    for (level, index, width) in widths {
        assert_eq!(
            TileId { level, index }.width(70_000),
            width,
            "{level}/{index}"
        );
    }
    assert_eq!(TileId { level: 1, index: 0 }.width(256), 1);
    assert_eq!(
        TileId {
            level: 63,
            index: u64::MAX
        }
        .width(u64::MAX),
        0
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn growing_in_any_steps_gives_the_same_tiles(
        steps in prop::collection::vec(prop_oneof![0..5_u64, 0..700_u64, Just(256)], 1..8)
    ) {
        let (mut tiles, mut size) = (Tiles::new(), 0);
        for step in steps {
            let new: Vec<_> = (size..size + step).map(leaf).collect();
            let grown = grow(&mut tiles, size, &new);
            size += step;
            prop_assert_eq!(grown, root(size));
        }
        let mut at_once = Tiles::new();
        grow(&mut at_once, 0, &leaves(size));
        prop_assert_eq!(tiles, at_once);
    }

    #[test]
    fn proofs_of_larger_trees_agree_with_ct_merkle(size in 1..3000_u64, index: u64, old: u64) {
        let (index, old) = (index % size, old % size + 1);
        let mut tiles = Tiles::new();
        let new_root = grow(&mut tiles, 0, &leaves(size));
        let theirs = their_tree(size);
        let their_root = RootHash::<Sha256>::new((*new_root.as_bytes()).into(), size);
        let old_root = root(old);

        let path = inclusion::path(&mut reader(&tiles), index, size).expect("a leaf");
        let proof = InclusionProof::from_bytes(joined(&path));
        prop_assert!(their_root.verify_inclusion(&index.to_be_bytes(), index, &proof).is_ok());
        let made = theirs.prove_inclusion(usize::try_from(index).expect("small"));
        let made = split(made.as_bytes());
        prop_assert_eq!(inclusion::verify(&leaf(index), index, size, &made, &new_root), Ok(()));

        let path = consistency::path(&mut reader(&tiles), old, size).expect("in order");
        let proof = ConsistencyProof::try_from_bytes(joined(&path)).expect("whole hashes");
        let before = RootHash::<Sha256>::new((*old_root.as_bytes()).into(), old);
        prop_assert!(their_root.verify_consistency(&before, &proof).is_ok());
        let made = theirs.prove_consistency(usize::try_from(size - old).expect("small"));
        let made = split(made.as_bytes());
        prop_assert_eq!(consistency::verify(old, &old_root, size, &new_root, &made), Ok(()));
    }

    #[test]
    fn a_changed_proof_never_verifies(
        size in 2..600_u64, index: u64, old: u64, place: usize, bit in 0..256_usize,
    ) {
        let (index, old) = (index % size, old % (size - 1) + 1);
        let mut tiles = Tiles::new();
        let new_root = grow(&mut tiles, 0, &leaves(size));
        let old_root = root(old);
        let inclusion_path = inclusion::path(&mut reader(&tiles), index, size).expect("a leaf");
        let consistency_path = consistency::path(&mut reader(&tiles), old, size).expect("in order");
        for changed in changes(&inclusion_path, place, bit) {
            prop_assert!(inclusion::verify(&leaf(index), index, size, &changed, &new_root).is_err());
        }
        for changed in changes(&consistency_path, place, bit) {
            prop_assert!(consistency::verify(old, &old_root, size, &new_root, &changed).is_err());
        }
        let other = leaf(size);
        prop_assert!(inclusion::verify(&other, index, size, &inclusion_path, &new_root).is_err());
        prop_assert!(inclusion::verify(&leaf(index), index, size, &inclusion_path, &other).is_err());
        prop_assert!(consistency::verify(old, &other, size, &new_root, &consistency_path).is_err());
        prop_assert!(consistency::verify(old, &old_root, size, &other, &consistency_path).is_err());
    }

    #[test]
    fn checking_never_panics(
        index: u64, old: u64, new: u64,
        path in prop::collection::vec(any::<[u8; 32]>().prop_map(Digest::new), 0..70),
    ) {
        let root = leaf(0);
        prop_assert!(inclusion::verify(&leaf(1), index, new, &path, &root).is_err());
        prop_assert!(consistency::verify(old, &leaf(1), new, &root, &path).is_err());
    }
}

/// One bit flipped, one hash dropped, doubled, added, two swapped.
fn changes(path: &[Digest], place: usize, bit: usize) -> Vec<Vec<Digest>> {
    let place = place % path.len();
    let mut flipped = path.to_vec();
    let mut bytes = *flipped[place].as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    flipped[place] = Digest::new(bytes);
    let mut dropped = path.to_vec();
    dropped.remove(place);
    let mut doubled = path.to_vec();
    doubled.insert(place, path[place]);
    let mut longer = path.to_vec();
    longer.push(leaf(0));
    let mut swapped = path.to_vec();
    swapped.swap(place, 0);
    let all = [flipped, dropped, doubled, longer, swapped];
    all.into_iter().filter(|changed| changed != path).collect()
}
