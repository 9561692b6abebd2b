//! A block: its header and the one transaction that it holds. Block 0 has none.

use super::{
    evm::{Environment, GAS_LIMIT},
    state::State,
    submission::Submission,
};
use alloy::{
    consensus::{
        Header, Receipt, ReceiptEnvelope, TxEnvelope,
        proofs::{calculate_receipt_root, calculate_transaction_root},
    },
    eips::eip2718::{Decodable2718 as _, Encodable2718 as _},
    primitives::{Address, B256, Bytes, Log},
    rlp::{self, Decodable as _},
};
use revm::context::result::ExecutionResult;

/// A block as it was sequenced.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) header: Header,
    pub(crate) hash: B256,
    pub(crate) body: Option<Body>,
}

/// The block's transaction and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Body {
    pub(crate) transaction: TxEnvelope,
    pub(crate) sender: Address,
    pub(crate) receipt: ReceiptEnvelope<Log>,
}

impl Block {
    /// A block without a transaction.
    pub(crate) fn empty(header: Header) -> Self {
        Self {
            hash: header.hash_slow(),
            header,
            body: None,
        }
    }

    /// The block that follows `parent` by running `submission`.
    pub(crate) fn following(
        parent: B256,
        environment: Environment,
        submission: Submission,
        result: ExecutionResult,
        state: &State,
    ) -> Self {
        let gas_used = result.tx_gas_used();
        let receipt = Receipt {
            status: result.is_success().into(),
            cumulative_gas_used: gas_used,
            logs: result.into_logs(),
        };
        let Submission {
            transaction,
            sender,
        } = submission;
        let receipt = ReceiptEnvelope::from_typed(transaction.tx_type(), receipt.with_bloom());
        let header = Header {
            parent_hash: parent,
            state_root: state.root(),
            transactions_root: calculate_transaction_root(std::slice::from_ref(&transaction)),
            receipts_root: calculate_receipt_root(std::slice::from_ref(&receipt)),
            logs_bloom: *receipt.logs_bloom(),
            number: environment.number,
            gas_limit: GAS_LIMIT,
            gas_used,
            timestamp: environment.timestamp,
            base_fee_per_gas: Some(environment.base_fee),
            withdrawals_root: Some(alloy_trie::EMPTY_ROOT_HASH),
            ..Header::default()
        };
        Self {
            hash: header.hash_slow(),
            header,
            body: Some(Body {
                transaction,
                sender,
                receipt,
            }),
        }
    }

    /// The journal's record: header, sender, transaction and receipt, each in
    /// its consensus encoding.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut parts = vec![Bytes::from(rlp::encode(&self.header))];
        if let Some(body) = &self.body {
            parts.push(Bytes::copy_from_slice(body.sender.as_slice()));
            parts.push(body.transaction.encoded_2718().into());
            parts.push(body.receipt.encoded_2718().into());
        }
        rlp::encode(parts)
    }

    /// Reads a record; `None` when it is none.
    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let parts: Vec<Bytes> = rlp::decode_exact(record).ok()?;
        let [header, sender, transaction, receipt] = parts.as_slice() else {
            return None;
        };
        let header = Header::decode(&mut header.as_ref()).ok()?;
        Some(Self {
            hash: header.hash_slow(),
            header,
            body: Some(Body {
                sender: Address::try_from(sender.as_ref()).ok()?,
                transaction: TxEnvelope::decode_2718(&mut transaction.as_ref()).ok()?,
                receipt: ReceiptEnvelope::decode_2718(&mut receipt.as_ref()).ok()?,
            }),
        })
    }
}
