//! Where a transaction of ours stands, and whether it can still take effect, as most of the
//! nodes have it: rows are taken for mined, for moved, and given up by it.

use super::{heads::Heads, rpc::node::Node};
use crate::ledger::{Inclusion, LedgerError};
use alloy::primitives::{Address, B256};
use model::LogId;

/// The block that holds a transaction; `None` when none does. A node that names a block which
/// most have without it is passed over.
pub async fn of(node: &Node, transaction: B256) -> Result<Option<Inclusion>, LedgerError> {
    const WHAT: &str = "a receipt";
    let own = move |alone: Node| async move { own(&alone, transaction).await };
    let verdict = node.by_most(WHAT, own).await?;
    let block_of = |said: &Option<Inclusion>| said.map(|said| said.block);
    node.expose(WHAT, verdict.others, block_of, own).await;
    Ok(verdict.answer)
}

async fn own(node: &Node, transaction: B256) -> Result<Option<Inclusion>, LedgerError> {
    let Some(receipt) = node.receipt(transaction).await? else {
        return Ok(None);
    };
    // A receipt without a block is that of a pending transaction.
    let at = receipt.block_number.zip(receipt.block_hash);
    Ok(at.map(|(block, hash)| Inclusion {
        block,
        block_hash: hash.0,
        succeeded: receipt.inner.status(),
    }))
}

/// Whether, by most of the nodes, each by one block, this nonce of an account is used and none
/// of these anchors is made at the registry.
pub async fn is_void(
    node: &Node,
    registry: Address,
    account: Address,
    nonce: u64,
    anchors: &[(LogId, u64)],
) -> Result<bool, LedgerError> {
    let own = |alone: Node| {
        let anchors = anchors.to_vec();
        async move {
            // By number: a node that has not got so far refuses, instead of answering of before.
            let at = format!("{:#x}", alone.block_number().await?);
            if alone.transaction_count(account, &at).await? <= nonce {
                return Ok(false);
            }
            let node = &alone;
            for (log, seq) in anchors {
                let head = Heads { node, registry }.at(log, &at).await?;
                if head.is_some_and(|head| head.seq >= seq) {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    };
    let verdict = node.by_most("whether a transaction can take effect", own);
    Ok(verdict.await?.answer)
}
