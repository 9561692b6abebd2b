//! Chain evidence of one transaction: header, receipt, and the path in the
//! receipts trie. Rebuilt from all receipts of the block, so it needs no state
//! that nodes prune. Taken at finality: later a node may not have it any more.

use super::{
    header::RawHeader,
    receipt::{Deposits, RpcReceipt},
    rpc::node::Node,
};
use crate::ledger::{Evidence, Inclusion, LedgerError};
use alloy::{primitives::B256, rlp};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer};

/// Collects and checks; what does not fit the block's hash is refused.
pub async fn collect(
    node: &Node,
    transaction: [u8; 32],
    inclusion: Inclusion,
) -> Result<Evidence, LedgerError> {
    let header = header(node, inclusion).await?;
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
        if let Some(evidence) = proved(&header, encoded.collect(), index) {
            return Ok(evidence);
        }
    }
    // Receipts of a kind that we do not know, as the node keeps them.
    let raw = raw_receipts(node, inclusion, &receipts).await?;
    proved(&header, raw, index).ok_or(LedgerError::NoEvidence(
        "the receipts do not give the header's root",
    ))
}

/// The block's header: of the fields that are known, or as the node keeps it, where it has
/// others.
async fn header(node: &Node, inclusion: Inclusion) -> Result<RawHeader, LedgerError> {
    let hash = B256::new(inclusion.block_hash);
    let block = node
        .block(&format!("{:#x}", inclusion.block))
        .await?
        .ok_or(LedgerError::NoEvidence("the node has not the block"))?;
    if let Some(header) = RawHeader::of_block(rlp::encode(&block.header.inner), hash) {
        return Ok(header);
    }
    let raw = node.raw_header(inclusion.block).await?;
    let header = raw.and_then(|raw| RawHeader::of_block(raw.to_vec(), hash));
    // A header that the node does not tell whole, or another block by now.
    header.ok_or(LedgerError::NoEvidence(
        "the header does not hash to the block's hash",
    ))
}

/// The block's receipts in their encoding, as many as the node tells of otherwise; none where
/// it does not tell them so.
async fn raw_receipts(
    node: &Node,
    inclusion: Inclusion,
    told: &[RpcReceipt],
) -> Result<Vec<Vec<u8>>, LedgerError> {
    let raw = node.raw_receipts(inclusion.block).await?;
    let raw = raw
        .filter(|raw| raw.len() == told.len())
        .unwrap_or_default();
    Ok(raw.into_iter().map(|receipt| receipt.to_vec()).collect())
}

/// The evidence, where these receipts are the header's.
fn proved(header: &RawHeader, receipts: Vec<Vec<u8>>, index: usize) -> Option<Evidence> {
    let receipt = receipts.get(index)?;
    let (root, proof) = prove(&receipts, index);
    (root == header.receipts_root()).then(|| Evidence {
        header: hex::encode(header.encoded()),
        index: u64::try_from(index).unwrap_or(u64::MAX),
        proof: proof.iter().map(hex::encode).collect(),
        receipt: hex::encode(receipt),
    })
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
