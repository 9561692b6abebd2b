//! Making, pricing, signing and replacing transactions (EIP-1559, or EIP-155
//! on chains without a base fee).
//!
//! alloy's fillers are not used: its nonce manager burns a nonce on a failed
//! send and does not recover. The nonce is the poster's business.

use super::{
    fees::{Fees, Quote},
    gas,
    key::SubmitterKey,
    rpc::node::Node,
};
use crate::ledger::{LedgerError, SentTransaction, SignedTransaction};
use alloy::{
    consensus::{SignableTransaction, Transaction as _, TxEip1559, TxEnvelope, TxLegacy},
    eips::eip2718::{Decodable2718, Encodable2718},
    primitives::{B256, Bytes, TxKind, keccak256},
    rpc::types::TransactionRequest,
};

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
    /// fails here, with the contract's reason, and so does a price above the bounds.
    pub async fn sign(
        self,
        node: &Node,
        key: &SubmitterKey,
        fees: &Fees,
    ) -> Result<SignedTransaction, LedgerError> {
        let request = TransactionRequest {
            from: Some(key.address()),
            to: Some(self.to),
            input: self.input.clone().into(),
            ..TransactionRequest::default()
        };
        let gas_limit = gas::limit(node, &request).await?;
        match fees.ask(node).await? {
            Quote::Dynamic { fee, tip } => {
                let transaction = TxEip1559 {
                    chain_id: self.chain_id,
                    nonce: self.nonce,
                    gas_limit,
                    max_fee_per_gas: fee,
                    max_priority_fee_per_gas: tip,
                    to: self.to,
                    input: self.input,
                    ..TxEip1559::default()
                };
                sign_1559(transaction, key)
            }
            Quote::Legacy { price } => sign_legacy(
                TxLegacy {
                    chain_id: Some(self.chain_id),
                    nonce: self.nonce,
                    gas_price: price,
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

/// The same call with the same nonce, so that nodes take it in place of the first: at
/// today's price where the node does not know the first, else at a tenth more than before,
/// or at today's price if that is more.
///
/// Where nothing is paid, a tenth of it changes nothing, and a node knows an
/// identical transaction already; there the input gets one more byte, which
/// the contract's decoder does not read.
pub async fn replace(
    raw: &[u8],
    node: &Node,
    key: &SubmitterKey,
    fees: &Fees,
) -> Result<SignedTransaction, LedgerError> {
    let envelope = TxEnvelope::decode_2718_exact(raw)
        .map_err(|_| LedgerError::Unsigned("the stored transaction is damaged"))?;
    let is_known = node.is_known(B256::new(envelope.tx_hash().0)).await?;
    let today = fees.ask(node).await?;
    match (envelope, today) {
        (TxEnvelope::Eip1559(signed), Quote::Dynamic { fee, tip }) => {
            let mut transaction = signed.strip_signature();
            reprice(&mut transaction, is_known, fee, tip, fees)?;
            sign_1559(transaction, key)
        }
        (TxEnvelope::Legacy(signed), Quote::Legacy { price }) => {
            let mut transaction = signed.strip_signature();
            if is_known {
                raise_legacy(&mut transaction, price, fees)?;
            } else {
                transaction.gas_price = price;
            }
            sign_legacy(transaction, key)
        }
        _ => Err(LedgerError::Unsigned(
            "the stored transaction is of another type than the chain takes today",
        )),
    }
}

/// A transaction that a block holds, whoever signed it: of any node, for bytes show by their
/// hash whether they are right, and who signed them.
pub async fn sent(node: &Node, hash: [u8; 32]) -> Result<Option<SentTransaction>, LedgerError> {
    let own = |alone: Node| async move {
        let found = own_sent(&alone, hash).await?;
        found.ok_or(LedgerError::Strange("it has not the transaction"))
    };
    match node.of_any(own).await {
        Ok(found) => Ok(Some(found)),
        Err(LedgerError::Strange("it has not the transaction")) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn own_sent(node: &Node, hash: [u8; 32]) -> Result<Option<SentTransaction>, LedgerError> {
    let found = node.transaction(B256::new(hash)).await?;
    let Some(found) = found.filter(|found| found.block_number.is_some()) else {
        return Ok(None);
    };
    let envelope: &TxEnvelope = &found.inner;
    let signed = encoded(envelope, envelope.nonce());
    let signer = envelope
        .signature()
        .recover_address_from_prehash(&envelope.signature_hash());
    match signer {
        Ok(signer) if keccak256(&signed.raw).0 == hash => Ok(Some(SentTransaction {
            submitter: signer.0.0,
            signed,
        })),
        _ => Err(LedgerError::Strange("a transaction does not have its hash")),
    }
}

/// Today's price for what the node does not know, else a raised one.
pub(crate) fn reprice(
    transaction: &mut TxEip1559,
    is_known: bool,
    fee: u128,
    tip: u128,
    fees: &Fees,
) -> Result<(), LedgerError> {
    if is_known {
        return raise(transaction, fee, tip, fees);
    }
    transaction.max_fee_per_gas = fee;
    transaction.max_priority_fee_per_gas = tip;
    Ok(())
}

fn raise(
    transaction: &mut TxEip1559,
    fee: u128,
    tip: u128,
    fees: &Fees,
) -> Result<(), LedgerError> {
    if transaction.max_fee_per_gas == 0 {
        lengthen(&mut transaction.input, &mut transaction.gas_limit);
        return Ok(());
    }
    let raised_tip = bumped(transaction.max_priority_fee_per_gas).max(tip);
    let raised_fee = bumped(transaction.max_fee_per_gas).max(fee).max(raised_tip);
    transaction.max_priority_fee_per_gas = fees.bounded_tip(raised_tip, tip)?;
    transaction.max_fee_per_gas = fees.bounded(raised_fee, fee)?;
    Ok(())
}

fn raise_legacy(transaction: &mut TxLegacy, price: u128, fees: &Fees) -> Result<(), LedgerError> {
    if transaction.gas_price == 0 {
        lengthen(&mut transaction.input, &mut transaction.gas_limit);
    } else {
        let raised = bumped(transaction.gas_price).max(price);
        transaction.gas_price = fees.bounded(raised, price)?;
    }
    Ok(())
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
    use crate::ledger::GWEI;

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
        let raised = |fee, tip| {
            let mut transaction = old.clone();
            raise(&mut transaction, fee, tip, &Fees::default()).unwrap();
            assert_eq!(transaction.input, old.input);
            (
                transaction.max_fee_per_gas,
                transaction.max_priority_fee_per_gas,
            )
        };
        assert_eq!(raised(11, 1), (111, 12));
        assert_eq!(raised(2_050, 50), (2_050, 50));
    }

    #[test]
    fn what_was_raised_often_stops_at_a_multiple_of_the_days_price() {
        let mut transaction = TxEip1559 {
            max_fee_per_gas: 21 * GWEI,
            max_priority_fee_per_gas: GWEI,
            ..TxEip1559::default()
        };
        let today = (21 * GWEI, GWEI);
        let mut raised = 0;
        let refused = loop {
            match raise(&mut transaction, today.0, today.1, &Fees::default()) {
                Ok(()) => raised += 1,
                Err(error) => break error,
            }
            assert!(raised < 100, "without end");
        };
        assert!(
            matches!(refused, LedgerError::TooDear { .. }),
            "{refused:?}"
        );
        assert!(transaction.max_fee_per_gas <= 5 * 21 * GWEI);
        assert!(raised > 10);
    }

    #[test]
    fn where_nothing_is_paid_the_bytes_change_instead() {
        let free = TxEip1559 {
            gas_limit: 21_000,
            input: vec![1, 2].into(),
            ..TxEip1559::default()
        };
        let mut again = free.clone();
        raise(&mut again, 0, 0, &Fees::default()).unwrap();
        assert_eq!(again.max_fee_per_gas, 0);
        assert_eq!(again.input, Bytes::from(vec![1, 2, 0]));
        assert!(again.gas_limit > free.gas_limit);
        let mut legacy = TxLegacy {
            input: vec![7].into(),
            ..TxLegacy::default()
        };
        raise_legacy(&mut legacy, 0, &Fees::default()).unwrap();
        assert_eq!(legacy.input, Bytes::from(vec![7, 0]));
        let mut paid = TxLegacy {
            gas_price: 100,
            ..TxLegacy::default()
        };
        raise_legacy(&mut paid, 5, &Fees::default()).unwrap();
        assert_eq!(paid.gas_price, 111);
    }
}
