//! Chain evidence of one transaction: header, receipt, and the path in the
//! receipts trie. Rebuilt from all receipts of the block, so it needs no state
//! that nodes prune. Taken at finality: later a node may not have it any more.

use super::{receipt::Deposits, rpc::node::Node};
use crate::ledger::{Evidence, Inclusion, LedgerError};
use alloy::{
    consensus::Header,
    primitives::{B256, Bytes, keccak256},
    rlp::{self, PayloadView},
};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};

/// Collects and checks; what does not fit the block's hash is refused.
pub async fn collect(
    node: &Node,
    transaction: [u8; 32],
    inclusion: Inclusion,
) -> Result<Evidence, LedgerError> {
    let block = node
        .block(&format!("{:#x}", inclusion.block))
        .await?
        .ok_or(LedgerError::NoEvidence("the node has not the block"))?;
    let header = &block.header.inner;
    if !is_of(header, B256::new(inclusion.block_hash)) {
        // A header with fields that we do not know, or another block by now.
        return Err(LedgerError::NoEvidence(
            "the header does not hash to the block's hash",
        ));
    }
    let receipts = node
        .block_receipts(B256::new(inclusion.block_hash))
        .await?
        .ok_or(LedgerError::NoEvidence(
            "the node has not the block's receipts",
        ))?;
    let index = receipts
        .iter()
        .position(|receipt| receipt.transaction_hash.0 == transaction)
        .ok_or(LedgerError::NoEvidence("the block has no such transaction"))?;
    for deposits in Deposits::ALL {
        let encoded = receipts.iter().map(|receipt| receipt.encoded(deposits));
        let encoded: Vec<Vec<u8>> = encoded.collect();
        let (root, proof) = prove(&encoded, index);
        if root == header.receipts_root {
            return Ok(Evidence {
                header: hex::encode(rlp::encode(header)),
                index: u64::try_from(index).unwrap_or(u64::MAX),
                proof: proof.iter().map(hex::encode).collect(),
                receipt: encoded.get(index).map(hex::encode).unwrap_or_default(),
            });
        }
    }
    Err(LedgerError::NoEvidence(
        "the receipts do not give the header's root",
    ))
}

/// Whether a block of this header has this hash: that of the whole header, or, on QBFT,
/// that of the header without round and commit seals.
fn is_of(header: &Header, hash: B256) -> bool {
    if keccak256(rlp::encode(header)) == hash {
        return true;
    }
    let Some(extra_data) = without_seals(&header.extra_data) else {
        return false;
    };
    let signed = Header {
        extra_data,
        ..header.clone()
    };
    keccak256(rlp::encode(&signed)) == hash
}

/// The extra data of a QBFT block, RLP of vanity, validators, vote, round and commit
/// seals, as the block's hash has it: with round 0 and no seals
/// (Besu, `BftBlockHashing.calculateHashOfBftBlockOnChain`).
fn without_seals(extra_data: &[u8]) -> Option<Bytes> {
    const ROUND_0_NO_SEALS: [u8; 2] = [0x80, 0xc0];
    let mut rest = extra_data;
    let items = match rlp::Header::decode_raw(&mut rest) {
        Ok(PayloadView::List(items)) if rest.is_empty() => items,
        _ => return None,
    };
    let [vanity, validators, vote, _round, _seals] = items.as_slice() else {
        return None;
    };
    let list = [vanity, validators, vote, ROUND_0_NO_SEALS.as_slice()].concat();
    let mut encoded = Vec::with_capacity(list.len() + 4);
    let head = rlp::Header {
        list: true,
        payload_length: list.len(),
    };
    head.encode(&mut encoded);
    encoded.extend(list);
    Some(encoded.into())
}

/// Root of the trie from index to receipt, and the nodes on the way to one.
fn prove(receipts: &[Vec<u8>], index: usize) -> (B256, Vec<Vec<u8>>) {
    let key = |index: usize| Nibbles::unpack(rlp::encode(index));
    let mut leaves: Vec<_> = receipts
        .iter()
        .enumerate()
        .map(|(i, r)| (key(i), r))
        .collect();
    leaves.sort_unstable_by_key(|(key, _)| *key);
    let mut trie = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![key(index)]));
    for (key, receipt) in leaves {
        trie.add_leaf(key, receipt);
    }
    let root = trie.root();
    let nodes = trie.take_proof_nodes().into_nodes_sorted();
    (
        root,
        nodes.into_iter().map(|(_, node)| node.to_vec()).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_trie::{proof::verify_proof, root::ordered_trie_root_encoded};

    fn extra_data(round: u8, seals: &[[u8; 65]]) -> Vec<u8> {
        let mut list = Vec::new();
        let validators = [[1_u8; 20], [2; 20]].map(alloy::primitives::Address::new);
        rlp::Encodable::encode(&[0_u8; 32].as_slice(), &mut list);
        rlp::Encodable::encode(&validators.to_vec(), &mut list);
        list.push(0xc0);
        rlp::Encodable::encode(&round, &mut list);
        let seals: Vec<Bytes> = seals.iter().map(|seal| seal.to_vec().into()).collect();
        rlp::Encodable::encode(&seals, &mut list);
        let mut encoded = Vec::new();
        let head = rlp::Header {
            list: true,
            payload_length: list.len(),
        };
        head.encode(&mut encoded);
        encoded.extend(list);
        encoded
    }

    /// By the rule, not from a recorded block: no QBFT node is to be had here.
    #[test]
    fn a_qbft_block_hashes_without_round_and_seals() {
        let of = |extra_data: Vec<u8>| Header {
            number: 9,
            extra_data: extra_data.into(),
            ..Header::default()
        };
        let hash = keccak256(rlp::encode(of(extra_data(0, &[]))));
        let sealed = of(extra_data(3, &[[7; 65], [8; 65]]));
        assert!(is_of(&sealed, hash));
        assert!(is_of(&sealed, keccak256(rlp::encode(&sealed))));
        let other = Header {
            number: 10,
            ..sealed
        };
        assert!(!is_of(&other, hash));
        for bad in [vec![], vec![0xc0], vec![0x80], vec![0xc5, 1, 2, 3, 4, 5, 6]] {
            assert_eq!(without_seals(&bad), None, "{bad:?}");
            assert!(!is_of(&of(bad), hash));
        }
    }

    #[test]
    fn paths_lead_to_the_root_for_every_index_of_every_small_block() {
        for count in [1, 2, 3, 16, 127, 128, 129, 300] {
            let receipts: Vec<Vec<u8>> = (0..count)
                .map(|i: u32| [&[2_u8; 40][..], &i.to_be_bytes()].concat())
                .collect();
            for index in [0, count / 2, count - 1] {
                let index = index as usize;
                let (root, nodes) = prove(&receipts, index);
                assert_eq!(root, ordered_trie_root_encoded(&receipts), "{count}");
                let nodes: Vec<_> = nodes.into_iter().map(Into::into).collect();
                verify_proof(
                    root,
                    Nibbles::unpack(rlp::encode(index)),
                    Some(receipts[index].clone()),
                    &nodes,
                )
                .unwrap();
            }
        }
    }
}
