//! Runs one transaction by the rules of Ethereum's Shanghai fork.

use super::state::View;
use alloy::{
    consensus::{Transaction as _, TxEnvelope},
    primitives::{Address, B256, U256},
};
use revm::{
    Context, ExecuteEvm as _, MainBuilder as _, MainContext as _,
    context::{
        BlockEnv, TxEnv,
        result::{EVMError, InvalidTransaction, ResultAndState},
    },
    primitives::hardfork::SpecId,
};

/// The gas limit of every block, and so of every transaction and call.
pub(crate) const GAS_LIMIT: u64 = 30_000_000;
/// Later forks would add members to the header that only a beacon chain fills.
const FORK: SpecId = SpecId::SHANGHAI;

/// The block in which something runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Environment {
    pub(crate) chain_id: u64,
    pub(crate) number: u64,
    pub(crate) timestamp: u64,
    pub(crate) base_fee: u64,
}

/// What is held against a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// All of them.
    Transaction,
    /// `eth_call`: neither nonce nor base fee, and a contract may be the sender.
    Call,
}

/// Runs `transaction`; the changes are returned, not made.
pub(crate) fn run(
    view: View<'_>,
    environment: Environment,
    transaction: TxEnv,
    rules: Rules,
) -> Result<ResultAndState, InvalidTransaction> {
    let block = BlockEnv {
        number: U256::from(environment.number),
        beneficiary: Address::ZERO,
        timestamp: U256::from(environment.timestamp),
        gas_limit: GAS_LIMIT,
        basefee: environment.base_fee,
        prevrandao: Some(B256::ZERO),
        ..BlockEnv::default()
    };
    let ran = Context::mainnet()
        .modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(FORK);
            cfg.chain_id = environment.chain_id;
            cfg.disable_nonce_check = rules == Rules::Call;
            cfg.disable_base_fee = rules == Rules::Call;
            cfg.disable_eip3607 = rules == Rules::Call;
        })
        .with_ref_db(view)
        .with_block(block)
        .build_mainnet()
        .transact(transaction);
    ran.map_err(|error| match error {
        EVMError::Transaction(invalid) => invalid,
        EVMError::Database(never) => match never {},
        EVMError::Header(_) | EVMError::Custom(_) | EVMError::CustomAny(_) => {
            InvalidTransaction::Str("it cannot be executed here".into())
        }
    })
}

/// A signed transaction in the EVM's form.
pub(crate) fn prepare(transaction: &TxEnvelope, sender: Address) -> TxEnv {
    TxEnv {
        tx_type: transaction.tx_type().into(),
        caller: sender,
        gas_limit: transaction.gas_limit(),
        gas_price: transaction.max_fee_per_gas(),
        gas_priority_fee: transaction.max_priority_fee_per_gas(),
        kind: transaction.kind(),
        value: transaction.value(),
        data: transaction.input().clone(),
        nonce: transaction.nonce(),
        chain_id: transaction.chain_id(),
        access_list: transaction.access_list().cloned().unwrap_or_default(),
        ..TxEnv::default()
    }
}
