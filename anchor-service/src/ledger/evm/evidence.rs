//! Chain evidence of one transaction: header, receipt, and the path in the
//! receipts trie. Rebuilt from all receipts of the block, so it needs no state
//! that nodes prune. Taken at finality: later a node may not have it any more.

use super::node::Node;
use crate::ledger::{Evidence, Inclusion, LedgerError};
use alloy::{
    eips::eip2718::Encodable2718,
    primitives::{B256, keccak256},
    rlp,
    rpc::types::TransactionReceipt,
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
    let header = rlp::encode(&block.header.inner);
    if keccak256(&header) != B256::new(inclusion.block_hash) {
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
    let encoded: Vec<Vec<u8>> = receipts.into_iter().map(consensus_bytes).collect();
    let (root, proof) = prove(&encoded, index);
    if root != block.header.inner.receipts_root {
        return Err(LedgerError::NoEvidence(
            "the receipts do not give the header's root",
        ));
    }
    Ok(Evidence {
        header: hex::encode(header),
        index: u64::try_from(index).unwrap_or(u64::MAX),
        proof: proof.iter().map(hex::encode).collect(),
        receipt: encoded.get(index).map(hex::encode).unwrap_or_default(),
    })
}

fn consensus_bytes(receipt: TransactionReceipt) -> Vec<u8> {
    receipt
        .into_primitives_receipt()
        .into_inner()
        .encoded_2718()
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
