//! Headers in the encoding that a block's hash is made of. Which fields there are changes with
//! the chain's software and its upgrades: the hash shows that they are right, and of what they
//! say the receipts root alone is read.

use alloy::{
    primitives::{B256, Bytes, keccak256},
    rlp::{self, Decodable as _, Encodable as _, PayloadView},
};

/// Places in the list that every Ethereum header begins with (Yellow Paper, 4.4).
const RECEIPTS_ROOT: usize = 5;
const EXTRA_DATA: usize = 12;

/// A header of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawHeader {
    encoded: Vec<u8>,
    receipts_root: B256,
}

impl RawHeader {
    /// Takes a header, if it is that of the block with this hash: the hash of the whole
    /// header, or, on QBFT, of the header without round and commit seals.
    pub fn of_block(encoded: Vec<u8>, hash: B256) -> Option<Self> {
        let items = list(&encoded)?;
        let mut receipts_root = *items.get(RECEIPTS_ROOT)?;
        let receipts_root = B256::decode(&mut receipts_root).ok()?;
        if keccak256(&encoded) != hash && keccak256(without_seals(&items)?) != hash {
            return None;
        }
        Some(Self {
            encoded,
            receipts_root,
        })
    }

    /// Root of the trie of the block's receipts.
    pub const fn receipts_root(&self) -> B256 {
        self.receipts_root
    }

    /// The header, seals and all.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }
}

/// The items of a list, each with its own head.
fn list(encoded: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = encoded;
    match rlp::Header::decode_raw(&mut rest) {
        Ok(PayloadView::List(items)) if rest.is_empty() => Some(items),
        _ => None,
    }
}

fn listed(items: &[&[u8]]) -> Vec<u8> {
    let list = items.concat();
    let mut encoded = Vec::with_capacity(list.len() + 4);
    let head = rlp::Header {
        list: true,
        payload_length: list.len(),
    };
    head.encode(&mut encoded);
    encoded.extend(list);
    encoded
}

/// The header of a QBFT block as its hash has it. Its extra data, RLP of vanity, validators,
/// vote, round and commit seals, there has round 0 and no seals
/// (Besu, `BftBlockHashing.calculateHashOfBftBlockOnChain`).
fn without_seals(header: &[&[u8]]) -> Option<Vec<u8>> {
    const ROUND_0: &[u8] = &[0x80];
    const NO_SEALS: &[u8] = &[0xc0];
    let mut sealed = *header.get(EXTRA_DATA)?;
    let sealed = Bytes::decode(&mut sealed).ok()?;
    let items = list(&sealed)?;
    let [vanity, validators, vote, _round, _seals] = items.as_slice() else {
        return None;
    };
    let unsealed = listed(&[vanity, validators, vote, ROUND_0, NO_SEALS]);
    let mut extra_data = Vec::new();
    unsealed.as_slice().encode(&mut extra_data);
    let mut header = header.to_vec();
    *header.get_mut(EXTRA_DATA)? = &extra_data;
    Some(listed(&header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::{
        consensus::Header,
        primitives::{Address, U256, b256, hex},
    };

    fn extra_data(round: u8, seals: &[[u8; 65]]) -> Vec<u8> {
        let validators = [[1_u8; 20], [2; 20]].map(Address::new).to_vec();
        let seals: Vec<Bytes> = seals.iter().map(|seal| seal.to_vec().into()).collect();
        let items = [
            rlp::encode([0_u8; 32].as_slice()),
            rlp::encode(validators),
            vec![0xc0],
            rlp::encode(round),
            rlp::encode(seals),
        ];
        listed(&items.each_ref().map(Vec::as_slice))
    }

    fn with(extra_data: Vec<u8>) -> Vec<u8> {
        rlp::encode(Header {
            number: 9,
            receipts_root: B256::repeat_byte(7),
            extra_data: extra_data.into(),
            ..Header::default()
        })
    }

    /// By the rule, not from a recorded block: no QBFT node is to be had here.
    #[test]
    fn a_qbft_block_hashes_without_round_and_seals() {
        let hash = keccak256(with(extra_data(0, &[])));
        let sealed = with(extra_data(3, &[[7; 65], [8; 65]]));
        let header = RawHeader::of_block(sealed.clone(), hash).unwrap();
        assert_eq!(header.encoded(), sealed, "the seals are kept");
        assert_eq!(header.receipts_root(), B256::repeat_byte(7));
        assert!(RawHeader::of_block(sealed.clone(), keccak256(&sealed)).is_some());
        assert_eq!(RawHeader::of_block(sealed, B256::ZERO), None);
        for bad in [vec![], vec![0xc0], vec![0x80], vec![0xc5, 1, 2, 3, 4, 5, 6]] {
            assert_eq!(RawHeader::of_block(with(bad), hash), None);
        }
    }

    #[test]
    fn fields_that_are_not_known_are_kept() {
        let known = with(Vec::new());
        let mut items = list(&known).unwrap();
        let unknown = rlp::encode(B256::repeat_byte(9));
        items.push(&unknown);
        let longer = listed(&items);
        let header = RawHeader::of_block(longer.clone(), keccak256(&longer)).unwrap();
        assert_eq!(header.encoded(), longer);
        assert_eq!(header.receipts_root(), B256::repeat_byte(7));
        for cut in 0..longer.len() {
            let part = longer[..cut].to_vec();
            assert_eq!(RawHeader::of_block(part, keccak256(&longer)), None);
        }
    }

    /// The first blocks of two chains of geth's, as its source has them: Ethereum's, and
    /// Görli's, which was sealed by clique.
    #[test]
    fn published_headers_have_their_published_hashes() {
        let empty = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
        let mainnet = Header {
            state_root: b256!("d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544"),
            difficulty: U256::from(0x4_0000_0000_u64),
            gas_limit: 0x1388,
            extra_data: hex!("11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa")
                .into(),
            nonce: 0x42_u64.to_be_bytes().into(),
            ..Header::default()
        };
        let vanity = hex!("22466c6578692069732061207468696e6722202d204166726900000000000000");
        let signer = hex!("e0a2bd4258d2768837baa26a28fe71dc079f84c7");
        let goerli = Header {
            state_root: b256!("5d6cded585e73c4e322c30c2f782a336316f17dd85a4863b9d838d2d4b8b3008"),
            difficulty: U256::from(1),
            gas_limit: 0xa0_0000,
            timestamp: 0x5c51_a607,
            extra_data: [&vanity[..], &signer, &[0; 65]].concat().into(),
            ..Header::default()
        };
        for (header, hash) in [
            (
                mainnet,
                b256!("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"),
            ),
            (
                goerli,
                b256!("bf7e331f7f7c1dd2e05159666b3bf8bc7a8a3a9eb1d518969eab529dd9b88c1a"),
            ),
        ] {
            let header = RawHeader::of_block(rlp::encode(header), hash).unwrap();
            assert_eq!(header.receipts_root(), empty);
        }
    }
}
