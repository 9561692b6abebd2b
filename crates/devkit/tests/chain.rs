//! The dev chain as alloy sees it: transactions, blocks whose roots can be
//! recomputed, and a restart that brings everything back.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod counter;

use alloy::{
    consensus::{Transaction as _, TxReceipt as _, TxType},
    eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718 as _},
    network::TransactionBuilder as _,
    primitives::{B256, Bloom, U256, keccak256},
    rlp,
    rpc::types::{Block, Filter, TransactionReceipt, TransactionRequest},
};
use alloy_provider::Provider;
use alloy_trie::root::ordered_trie_root_with_encoder;
use counter::{CHAIN_ID, client, config, deploy, input, sent, signer, start, submitter};
use devkit::chain::{ChainError, DevChain, DevChainOptions};
use model::{ManualClock, Timestamp};
use sha2::{Digest as _, Sha256};
use std::{fs, sync::Arc};

/// Everything a client can see of a block.
async fn seen(client: &impl Provider, number: u64) -> (Block, Vec<TransactionReceipt>) {
    let block = client
        .get_block_by_number(number.into())
        .full()
        .await
        .unwrap()
        .unwrap();
    let receipts = client.get_block_receipts(number.into()).await.unwrap();
    (block, receipts.unwrap())
}

#[tokio::test]
async fn a_contract_is_deployed_called_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    let client = client(&chain, submitter());
    assert_eq!(client.get_chain_id().await.unwrap(), CHAIN_ID);
    assert!(
        client
            .get_client_version()
            .await
            .unwrap()
            .starts_with(devkit::chain::CLIENT_NAME)
    );
    let contract = deploy(&client).await;

    let receipt = sent(&client, input(contract, &[1])).await;
    assert_eq!(receipt.transaction_type(), TxType::Eip1559);
    assert_eq!(receipt.from, submitter().address());
    assert_eq!(receipt.to, Some(contract));
    let log = &receipt.inner.logs()[0];
    assert_eq!(log.address(), contract);
    assert_eq!(log.topics(), [B256::with_last_byte(7)]);
    assert_eq!(log.data().data.as_ref(), B256::with_last_byte(1).as_slice());
    assert_eq!(log.block_number, receipt.block_number);

    // Legacy, priced at nothing: no funds are needed for that.
    let price = TransactionRequest::with_gas_price(input(contract, &[1]), 0);
    let legacy = sent(&client, price).await;
    assert_eq!(legacy.transaction_type(), TxType::Legacy);
    assert_eq!(legacy.effective_gas_price, 0);

    let count = client.call(input(contract, &[])).await.unwrap();
    assert_eq!(count.as_ref(), B256::with_last_byte(2).as_slice());
    let slot = client.get_storage_at(contract, U256::ZERO).await.unwrap();
    assert_eq!(slot, U256::from(2));
    let hash = client
        .call(input(contract, b"\x02the precompile"))
        .await
        .unwrap();
    assert_eq!(hash.as_ref(), Sha256::digest(b"the precompile").as_slice());

    let filter = Filter::new()
        .address(contract)
        .event_signature(B256::with_last_byte(7))
        .from_block(0);
    assert_eq!(client.get_logs(&filter).await.unwrap().len(), 2);
    let other = Filter::new()
        .event_signature(B256::with_last_byte(8))
        .from_block(0);
    assert_eq!(client.get_logs(&other).await.unwrap().len(), 0);
    assert_eq!(
        client
            .get_logs(&filter.at_block_hash(legacy.block_hash.unwrap()))
            .await
            .unwrap(),
        legacy.inner.logs()
    );
    chain.stop().await;
}

#[tokio::test]
async fn every_root_and_hash_can_be_recomputed() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    let client = client(&chain, submitter());
    let contract = deploy(&client).await;
    for _ in 0..3 {
        sent(&client, input(contract, &[1])).await;
    }
    let failing = input(contract, &[255]).with_gas_limit(100_000);
    assert!(!sent(&client, failing).await.status());

    let mut parent = B256::ZERO;
    for number in 0..=5 {
        let (block, receipts) = seen(&client, number).await;
        let header = block.header.inner.clone();
        assert_eq!(keccak256(rlp::encode(&header)), block.header.hash);
        assert_eq!(header.parent_hash, parent);
        assert_eq!(header.number, number);
        parent = block.header.hash;

        let root = ordered_trie_root_with_encoder(&receipts, |receipt, out| {
            receipt
                .inner
                .clone()
                .into_primitives_receipt()
                .encode_2718(out);
        });
        assert_eq!(root, header.receipts_root);
        let transactions: Vec<_> = block.transactions.clone().into_transactions_vec();
        let root = ordered_trie_root_with_encoder(&transactions, |transaction, out| {
            transaction.inner.inner().encode_2718(out);
        });
        assert_eq!(root, header.transactions_root);
        let bloom = receipts
            .iter()
            .fold(Bloom::ZERO, |all, receipt| all | receipt.inner.bloom());
        assert_eq!(bloom, header.logs_bloom);
        assert_eq!(
            receipts.iter().map(|receipt| receipt.gas_used).sum::<u64>(),
            header.gas_used
        );
        let by_hash = client.get_block_by_hash(parent).await.unwrap().unwrap();
        assert_eq!(by_hash.header, block.header);
        for transaction in transactions {
            let hash = *transaction.inner.tx_hash();
            let found = client.get_transaction_by_hash(hash).await.unwrap();
            assert_eq!(found.as_ref(), Some(&transaction));
            assert_eq!(by_hash.transactions.hashes().collect::<Vec<_>>(), [hash]);
        }
    }
}

/// Built by hand for the state of block 0: one account that has sent nothing and
/// holds 1,000,000 ether.
#[tokio::test]
async fn the_state_root_is_that_of_a_merkle_patricia_trie() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    let client = client(&chain, submitter());
    let (genesis, _) = seen(&client, 0).await;
    let account = [
        rlp::encode(0_u64),
        rlp::encode(U256::from(10).pow(U256::from(24))),
        rlp::encode(keccak256([0x80])),
        rlp::encode(keccak256([])),
    ]
    .concat();
    let mut value = Vec::new();
    rlp::Header {
        list: true,
        payload_length: account.len(),
    }
    .encode(&mut value);
    value.extend(account);
    // A trie of one leaf: the key's hash behind the flag of an even leaf.
    let path = [&[0x20][..], keccak256(submitter().address()).as_slice()].concat();
    let items = [rlp::encode(&path[..]), rlp::encode(&value[..])].concat();
    let mut leaf = Vec::new();
    rlp::Header {
        list: true,
        payload_length: items.len(),
    }
    .encode(&mut leaf);
    leaf.extend(items);
    assert_eq!(genesis.header.state_root, keccak256(leaf));
}

#[tokio::test]
async fn a_restart_brings_back_blocks_and_state() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path());
    let writer = client(&first, submitter());
    let contract = deploy(&writer).await;
    for _ in 0..4 {
        sent(&writer, input(contract, &[1])).await;
    }
    let mut before = Vec::new();
    for number in 0..=5 {
        before.push(seen(&writer, number).await);
    }
    let balance = writer.get_balance(submitter().address()).await.unwrap();

    // It is in use until it is stopped.
    assert!(matches!(
        DevChain::start(config(dir.path())),
        Err(ChainError::InUse { .. })
    ));
    first.stop().await;
    let second = start(dir.path());
    let reader = client(&second, submitter());
    for (number, block) in (0..).zip(&before) {
        assert_eq!(&seen(&reader, number).await, block);
    }
    assert_eq!(reader.get_block_number().await.unwrap(), 5);
    assert_eq!(
        reader.get_balance(submitter().address()).await.unwrap(),
        balance
    );
    let count = reader.call(input(contract, &[])).await.unwrap();
    assert_eq!(count.as_ref(), B256::with_last_byte(4).as_slice());
    let next = sent(&reader, input(contract, &[1])).await;
    assert_eq!(next.block_number, Some(6));
    second.stop().await;

    let mut other = config(dir.path());
    other.chain_id += 1;
    assert!(matches!(
        DevChain::start(other),
        Err(ChainError::OtherChain { .. })
    ));
    let mut other = config(dir.path());
    other.funded.clear();
    assert!(matches!(
        DevChain::start(other),
        Err(ChainError::OtherChain { .. })
    ));
}

#[tokio::test]
async fn a_torn_block_is_dropped_and_a_changed_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("chain.journal");
    let chain = start(dir.path());
    let writer = client(&chain, submitter());
    let contract = deploy(&writer).await;
    sent(&writer, input(contract, &[1])).await;
    let whole = fs::read(&file).unwrap();
    sent(&writer, input(contract, &[1])).await;
    chain.stop().await;

    let longer = fs::read(&file).unwrap();
    fs::write(&file, &longer[..longer.len() - 7]).unwrap();
    let chain = start(dir.path());
    let reader = client(&chain, submitter());
    assert_eq!(reader.get_block_number().await.unwrap(), 2);
    let count = reader.call(input(contract, &[])).await.unwrap();
    assert_eq!(count.as_ref(), B256::with_last_byte(1).as_slice());
    assert_eq!(fs::read(&file).unwrap(), whole);
    sent(&reader, input(contract, &[1])).await;
    chain.stop().await;

    let mut changed = fs::read(&file).unwrap();
    changed[whole.len() / 2] ^= 1;
    fs::write(&file, &changed).unwrap();
    assert!(matches!(
        DevChain::start(config(dir.path())),
        Err(ChainError::Damaged { .. })
    ));
}

#[tokio::test]
async fn only_listed_senders_get_in() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    let stranger = client(&chain, signer(2));
    let request = TransactionRequest::default()
        .to(submitter().address())
        .with_gas_limit(21_000)
        .with_max_fee_per_gas(0)
        .with_max_priority_fee_per_gas(0);
    let refusal = stranger
        .send_transaction(request.clone())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("is not permitted on this chain"),
        "{refusal}"
    );
    assert!(refusal.contains(&signer(2).address().to_string()));
    assert_eq!(stranger.get_block_number().await.unwrap(), 0);
    chain.stop().await;

    // Listed at the next start, without funds, at no price.
    let mut wider = config(dir.path());
    wider.allowed.push(signer(2).address());
    let chain = DevChain::start(wider).unwrap();
    let listed = client(&chain, signer(2));
    let receipt = sent(&listed, request).await;
    assert!(receipt.status());
    let transaction = listed
        .get_transaction_by_hash(receipt.transaction_hash)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(transaction.nonce(), 0);
    assert_eq!(receipt.effective_gas_price, 0);
}

#[tokio::test]
async fn tags_fees_and_times_follow_the_options() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(
        Timestamp::from_millis(1_800_000_000_000).unwrap(),
    ));
    let options = DevChainOptions {
        is_marked: true,
        base_fee: 7,
        finality_depth: 2,
        clock: clock.clone(),
    };
    let chain = DevChain::start_with(config(dir.path()), options).unwrap();
    let client = client(&chain, submitter());
    let contract = deploy(&client).await;
    clock.advance_millis(5_000);
    sent(&client, input(contract, &[1])).await;
    // A clock that goes back does not take the blocks with it.
    clock.advance_millis(-60_000);
    sent(&client, input(contract, &[1])).await;

    let mut numbers = Vec::new();
    for tag in [
        BlockNumberOrTag::Earliest,
        BlockNumberOrTag::Finalized,
        BlockNumberOrTag::Safe,
        BlockNumberOrTag::Latest,
        BlockNumberOrTag::Pending,
    ] {
        let block = client.get_block(BlockId::Number(tag)).await.unwrap();
        numbers.push(block.unwrap().header.number);
    }
    assert_eq!(numbers, [0, 1, 1, 3, 3]);
    let mut times = Vec::new();
    for number in 0..=3 {
        times.push(seen(&client, number).await.0.header.timestamp - 1_800_000_000);
    }
    assert_eq!(times, [0, 0, 5, 5]);
    assert_eq!(client.get_gas_price().await.unwrap(), 7);
    assert_eq!(client.get_max_priority_fee_per_gas().await.unwrap(), 0);
    let history = client
        .get_fee_history(10, BlockNumberOrTag::Latest, &[20.0, 50.0])
        .await
        .unwrap();
    assert_eq!(history.oldest_block, 0);
    assert_eq!(history.base_fee_per_gas, [7, 7, 7, 7, 7]);
    assert_eq!(history.gas_used_ratio.len(), 4);
    assert_eq!(history.reward.unwrap().len(), 4);
    let too_cheap = input(contract, &[1])
        .with_gas_limit(100_000)
        .with_max_fee_per_gas(6)
        .with_max_priority_fee_per_gas(0);
    let refusal = client.send_transaction(too_cheap).await.unwrap_err();
    assert!(refusal.to_string().contains("less than block base fee"));
}

#[tokio::test]
async fn estimates_suffice_and_are_tight() {
    let dir = tempfile::tempdir().unwrap();
    let chain = start(dir.path());
    let client = client(&chain, submitter());
    let contract = deploy(&client).await;
    let from = submitter().address();
    let request = input(contract, &[1]).with_from(from);
    let estimate = client.estimate_gas(request.clone()).await.unwrap();
    let enough = sent(&client, request.clone().with_gas_limit(estimate)).await;
    assert!(enough.status());
    // The second count is cheaper: slot 0 is no longer zero.
    let estimate = client.estimate_gas(request.clone()).await.unwrap();
    assert!(estimate < enough.gas_used);
    let too_little = sent(&client, request.with_gas_limit(estimate - 1)).await;
    assert!(!too_little.status());
    let transfer = TransactionRequest::default()
        .with_from(from)
        .to(signer(9).address())
        .with_value(U256::ONE);
    assert_eq!(client.estimate_gas(transfer).await.unwrap(), 21_000);
}
