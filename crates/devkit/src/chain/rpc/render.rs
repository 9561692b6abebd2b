//! Blocks, transactions, receipts and logs in the JSON of the execution API.

use crate::chain::block::{Block, Body};
use alloy::{
    consensus::{
        Block as ConsensusBlock, BlockBody, Sealed, Transaction as _,
        transaction::{Recovered, TransactionInfo, TransactionMeta},
    },
    eips::eip4895::Withdrawals,
    network::primitives::BlockTransactions,
    primitives::U256,
    rlp::Encodable as _,
    rpc::types::{Block as RpcBlock, Header as RpcHeader, Log, Transaction, TransactionReceipt},
};

pub(crate) fn block(block: &Block, full: bool) -> RpcBlock {
    let size = ConsensusBlock {
        header: block.header.clone(),
        body: BlockBody {
            transactions: block.body.iter().map(|b| b.transaction.clone()).collect(),
            ommers: Vec::new(),
            withdrawals: Some(Withdrawals::default()),
        },
    }
    .length();
    let header = RpcHeader::from_consensus(
        Sealed::new_unchecked(block.header.clone(), block.hash),
        None,
        Some(U256::from(size)),
    );
    let transactions = if full {
        BlockTransactions::Full(block.body.iter().map(|b| transaction(block, b)).collect())
    } else {
        let hashes = block.body.iter().map(|b| *b.transaction.tx_hash());
        BlockTransactions::Hashes(hashes.collect())
    };
    RpcBlock::new(header, transactions).with_withdrawals(Some(Withdrawals::default()))
}

pub(crate) fn transaction(block: &Block, body: &Body) -> Transaction {
    Transaction::from_transaction(
        Recovered::new_unchecked(body.transaction.clone(), body.sender),
        TransactionInfo {
            hash: Some(*body.transaction.tx_hash()),
            index: Some(0),
            block_hash: Some(block.hash),
            block_number: Some(block.header.number),
            base_fee: block.header.base_fee_per_gas,
            block_timestamp: Some(block.header.timestamp),
        },
    )
}

pub(crate) fn receipt(block: &Block, body: &Body) -> TransactionReceipt {
    let transaction = &body.transaction;
    let mut logs = logs(block, body).into_iter();
    // `map_logs` keeps the bloom, which the RPC form would have to compute.
    let inner = body.receipt.clone().map_logs(|log| {
        logs.next().unwrap_or(Log {
            inner: log,
            ..Log::default()
        })
    });
    let contract = transaction
        .kind()
        .is_create()
        .then(|| body.sender.create(transaction.nonce()));
    TransactionReceipt {
        inner,
        transaction_hash: *transaction.tx_hash(),
        transaction_index: Some(0),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        gas_used: block.header.gas_used,
        effective_gas_price: transaction.effective_gas_price(block.header.base_fee_per_gas),
        blob_gas_used: None,
        blob_gas_price: None,
        from: body.sender,
        to: transaction.to(),
        contract_address: contract,
    }
}

pub(crate) fn logs(block: &Block, body: &Body) -> Vec<Log> {
    let meta = TransactionMeta {
        tx_hash: *body.transaction.tx_hash(),
        index: 0,
        block_hash: block.hash,
        block_number: block.header.number,
        base_fee: block.header.base_fee_per_gas,
        excess_blob_gas: None,
        timestamp: block.header.timestamp,
    };
    Log::collect_for_receipt(0, meta, body.receipt.logs().iter().cloned())
}
