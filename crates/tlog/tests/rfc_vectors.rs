//! The 8-leaf tree of the Certificate Transparency reference implementation:
//! its published roots and proofs, against our roots, makers and checkers.

#![expect(clippy::expect_used, reason = "test code")]

use model::Digest;
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;
use tlog::tree::tile::{self, TileId};
use tlog::tree::{self, CompactRange, consistency, inclusion};

const INPUTS: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn digest(hex: &str) -> Digest {
    hex.parse().expect("a digest in hex")
}

fn leaves() -> Vec<Digest> {
    let hash = |input: &&[u8]| {
        Sha256::new()
            .chain_update([0])
            .chain_update(input)
            .finalize()
    };
    INPUTS
        .iter()
        .map(|input| Digest::new(hash(input).into()))
        .collect()
}

fn read(id: TileId) -> Result<Option<Vec<u8>>, Infallible> {
    let bytes = leaves().iter().flat_map(|leaf| *leaf.as_bytes()).collect();
    Ok((id == TileId { level: 0, index: 0 }).then_some(bytes))
}

#[test]
fn roots_are_the_published_ones() {
    let leaves = leaves();
    let mut range = CompactRange::new();
    for (size, root) in ROOTS.iter().enumerate() {
        let wide = u64::try_from(size).expect("a small size");
        assert_eq!(range.root(), digest(root), "compact range, {size}");
        assert_eq!(
            tree::root(&mut read, wide),
            Ok(digest(root)),
            "tiles, {size}"
        );
        let grown = tile::integrate(0, &leaves[..size], read).expect("an empty edge");
        assert_eq!(grown.root, digest(root), "integrate, {size}");
        range.extend(leaves.get(size).copied());
    }
}

#[test]
fn inclusion_paths_are_the_published_ones() {
    let published: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (index, size, path) in published {
        let path: Vec<Digest> = path.iter().map(|hash| digest(hash)).collect();
        assert_eq!(inclusion::path(&mut read, index, size).as_ref(), Ok(&path));
        let leaf = leaves()[usize::try_from(index).expect("small")];
        let root = digest(ROOTS[usize::try_from(size).expect("small")]);
        assert_eq!(inclusion::verify(&leaf, index, size, &path, &root), Ok(()));
    }
}

#[test]
fn consistency_paths_are_the_published_ones() {
    let published: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, path) in published {
        let path: Vec<Digest> = path.iter().map(|hash| digest(hash)).collect();
        assert_eq!(consistency::path(&mut read, old, new).as_ref(), Ok(&path));
        let root = |size: u64| digest(ROOTS[usize::try_from(size).expect("small")]);
        assert_eq!(
            consistency::verify(old, &root(old), new, &root(new), &path),
            Ok(())
        );
    }
}
