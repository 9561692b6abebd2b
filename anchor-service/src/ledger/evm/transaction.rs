//! Making, pricing, signing and replacing transactions (EIP-1559, or EIP-155
//! on chains without a base fee).
//!
//! alloy's fillers are not used: its nonce manager burns a nonce on a failed
//! send and does not recover. The nonce is the poster's business.

use super::{key::SubmitterKey, node::Node};
use crate::ledger::{LedgerError, SignedTransaction};
use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope, TxLegacy},
    eips::eip2718::{Decodable2718, Encodable2718},
    primitives::{Bytes, TxKind},
    rpc::types::TransactionRequest,
};

/// Gas beyond the estimate: the head may have moved on to another cost by then.
const GAS_MARGIN: u64 = 20_000;

/// What is to be called or created, by whom.
pub struct Draft {
    /// Number of the chain.
    pub chain_id: u64,
    /// The sender's nonce.
    pub nonce: u64,
    /// The contract, or a new one.
    pub to: TxKind,
    /// Call data or creation code.
    pub input: Bytes,
}

impl Draft {
    /// Asks the node for gas and price, then signs. A call that would revert
    /// fails here, with the contract's reason.
    pub async fn sign(
        self,
        node: &Node,
        key: &SubmitterKey,
    ) -> Result<SignedTransaction, LedgerError> {
        let request = TransactionRequest {
            from: Some(key.address()),
            to: Some(self.to),
            input: self.input.clone().into(),
            ..TransactionRequest::default()
        };
        let estimate = node.estimate_gas(&request).await?;
        let gas_limit = estimate
            .saturating_add(estimate / 4)
            .saturating_add(GAS_MARGIN);
        match base_fee(node).await? {
            Some(base_fee) => {
                let tip = node.suggested_tip().await?;
                let transaction = TxEip1559 {
                    chain_id: self.chain_id,
                    nonce: self.nonce,
                    gas_limit,
                    max_fee_per_gas: twice(base_fee).saturating_add(tip),
                    max_priority_fee_per_gas: tip,
                    to: self.to,
                    input: self.input,
                    ..TxEip1559::default()
                };
                sign_1559(transaction, key)
            }
            None => sign_legacy(
                TxLegacy {
                    chain_id: Some(self.chain_id),
                    nonce: self.nonce,
                    gas_price: node.gas_price().await?,
                    gas_limit,
                    to: self.to,
                    input: self.input,
                    ..TxLegacy::default()
                },
                key,
            ),
        }
    }
}

/// The same call with the same nonce, at a price that nodes accept in place of
/// the first: a tenth more than before, or what is asked now if that is more.
///
/// Where nothing is paid, a tenth of it changes nothing, and a node knows an
/// identical transaction already; there the input gets one more byte, which
/// the contract's decoder does not read.
pub async fn replace(
    raw: &[u8],
    node: &Node,
    key: &SubmitterKey,
) -> Result<SignedTransaction, LedgerError> {
    let envelope = TxEnvelope::decode_2718_exact(raw)
        .map_err(|_| LedgerError::Unsigned("the stored transaction is damaged"))?;
    match envelope {
        TxEnvelope::Eip1559(signed) => {
            let tip = node.suggested_tip().await?;
            let base_fee = base_fee(node).await?.unwrap_or(0);
            sign_1559(raised(signed.strip_signature(), tip, base_fee), key)
        }
        TxEnvelope::Legacy(signed) => {
            let price = node.gas_price().await?;
            sign_legacy(raised_legacy(signed.strip_signature(), price), key)
        }
        _ => Err(LedgerError::Unsigned(
            "the stored transaction is of a strange type",
        )),
    }
}

fn raised(mut transaction: TxEip1559, tip: u128, base_fee: u128) -> TxEip1559 {
    if transaction.max_fee_per_gas == 0 {
        lengthen(&mut transaction.input, &mut transaction.gas_limit);
        return transaction;
    }
    let fee = twice(base_fee).saturating_add(tip);
    let raised_tip = bumped(transaction.max_priority_fee_per_gas).max(tip);
    transaction.max_priority_fee_per_gas = raised_tip;
    transaction.max_fee_per_gas = bumped(transaction.max_fee_per_gas).max(fee).max(raised_tip);
    transaction
}

fn raised_legacy(mut transaction: TxLegacy, price: u128) -> TxLegacy {
    if transaction.gas_price == 0 {
        lengthen(&mut transaction.input, &mut transaction.gas_limit);
    } else {
        transaction.gas_price = bumped(transaction.gas_price).max(price);
    }
    transaction
}

fn twice(fee: u128) -> u128 {
    fee.saturating_mul(2)
}

/// A tenth more, rounded up, and at least one.
fn bumped(fee: u128) -> u128 {
    fee.saturating_add(fee / 10).saturating_add(1)
}

fn lengthen(input: &mut Bytes, gas_limit: &mut u64) {
    let mut longer = input.to_vec();
    longer.push(0);
    *input = longer.into();
    *gas_limit = gas_limit.saturating_add(100);
}

async fn base_fee(node: &Node) -> Result<Option<u128>, LedgerError> {
    let latest = node
        .block("latest")
        .await?
        .ok_or(LedgerError::Strange("the node has no newest block"))?;
    Ok(latest.header.inner.base_fee_per_gas.map(u128::from))
}

fn sign_1559(transaction: TxEip1559, key: &SubmitterKey) -> Result<SignedTransaction, LedgerError> {
    let signature = key.sign(transaction.signature_hash())?;
    let nonce = transaction.nonce;
    Ok(encoded(&transaction.into_signed(signature).into(), nonce))
}

fn sign_legacy(
    transaction: TxLegacy,
    key: &SubmitterKey,
) -> Result<SignedTransaction, LedgerError> {
    let signature = key.sign(transaction.signature_hash())?;
    let nonce = transaction.nonce;
    Ok(encoded(&transaction.into_signed(signature).into(), nonce))
}

fn encoded(envelope: &TxEnvelope, nonce: u64) -> SignedTransaction {
    SignedTransaction {
        raw: envelope.encoded_2718(),
        hash: envelope.tx_hash().0,
        nonce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_is_at_least_a_tenth_and_never_nothing() {
        for fee in [1, 9, 10, 99, 1_000_000_007, 7_000_000_000] {
            assert!(bumped(fee) * 10 >= fee * 11, "{fee}");
        }
        assert_eq!(bumped(0), 1);
        assert_eq!(bumped(u128::MAX), u128::MAX);
    }

    #[test]
    fn both_fees_rise_and_follow_the_chain() {
        let old = TxEip1559 {
            max_fee_per_gas: 100,
            max_priority_fee_per_gas: 10,
            ..TxEip1559::default()
        };
        let quiet = raised(old.clone(), 1, 5);
        assert_eq!(
            (quiet.max_fee_per_gas, quiet.max_priority_fee_per_gas),
            (111, 12)
        );
        let busy = raised(old.clone(), 50, 1_000);
        assert_eq!(
            (busy.max_fee_per_gas, busy.max_priority_fee_per_gas),
            (2_050, 50)
        );
        assert_eq!(quiet.input, old.input);
    }

    #[test]
    fn where_nothing_is_paid_the_bytes_change_instead() {
        let free = TxEip1559 {
            gas_limit: 21_000,
            input: vec![1, 2].into(),
            ..TxEip1559::default()
        };
        let again = raised(free.clone(), 0, 0);
        assert_eq!(again.max_fee_per_gas, 0);
        assert_eq!(again.input, Bytes::from(vec![1, 2, 0]));
        assert!(again.gas_limit > free.gas_limit);
        let legacy = raised_legacy(
            TxLegacy {
                input: vec![7].into(),
                ..TxLegacy::default()
            },
            0,
        );
        assert_eq!(legacy.input, Bytes::from(vec![7, 0]));
        let paid = TxLegacy {
            gas_price: 100,
            ..TxLegacy::default()
        };
        assert_eq!(raised_legacy(paid, 5).gas_price, 111);
    }
}
