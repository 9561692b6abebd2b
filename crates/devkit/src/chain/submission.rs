//! A raw transaction on its way in: what it is, who signed it, and every reason
//! to turn it away. The texts follow geth's where clients look for them.

use super::ChainError;
use alloy::{
    consensus::{Transaction as _, TxEnvelope, TxType},
    eips::eip2718::Decodable2718 as _,
    primitives::Address,
};
use revm::context::result::InvalidTransaction;

/// As geth: a longer transaction is refused unread.
const MAXIMUM_SIZE: usize = 128 * 1024;

/// A transaction whose signature holds.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) transaction: TxEnvelope,
    pub(crate) sender: Address,
}

/// Why a transaction was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("oversized data: a transaction has at most {MAXIMUM_SIZE} bytes")]
    TooLong,
    #[error("the bytes are not a signed transaction")]
    Unreadable,
    #[error("transaction type not supported: send a legacy, EIP-2930 or EIP-1559 transaction")]
    TypeNotSupported,
    #[error("invalid chain id for signer: sign for chain {0}")]
    OtherChain(u64),
    #[error("invalid sender: the signature is not one by EIP-2")]
    BadSignature,
    #[error("sender `{0}` is not permitted on this chain: its operator must list it")]
    NotPermitted(Address),
    #[error("already known")]
    Known,
    #[error("nonce too low: next nonce {next}, tx nonce {given}")]
    NonceTooLow { next: u64, given: u64 },
    #[error(
        "nonce too high: next nonce {next}, tx nonce {given} \
         (this chain keeps no transactions for later)"
    )]
    NonceTooHigh { next: u64, given: u64 },
    #[error("insufficient funds for gas * price + value: {0}")]
    Funds(InvalidTransaction),
    #[error("max fee per gas less than block base fee: {0}")]
    Fee(InvalidTransaction),
    #[error("intrinsic gas too low: {0}")]
    IntrinsicGas(InvalidTransaction),
    #[error("exceeds block gas limit: {0}")]
    GasLimit(InvalidTransaction),
    #[error("invalid transaction: {0}")]
    Invalid(InvalidTransaction),
    #[error("the block cannot be kept: {0}")]
    NotKept(#[from] ChainError),
}

impl From<InvalidTransaction> for Refusal {
    fn from(invalid: InvalidTransaction) -> Self {
        use InvalidTransaction as Reason;
        match invalid {
            Reason::LackOfFundForMaxFee { .. } => Self::Funds(invalid),
            Reason::GasPriceLessThanBasefee => Self::Fee(invalid),
            Reason::CallGasCostMoreThanGasLimit { .. }
            | Reason::GasFloorMoreThanGasLimit { .. } => Self::IntrinsicGas(invalid),
            Reason::CallerGasLimitMoreThanBlock => Self::GasLimit(invalid),
            other => Self::Invalid(other),
        }
    }
}

impl Submission {
    /// Reads the bytes and recovers the signer (EIP-2718, EIP-155, EIP-2).
    pub(crate) fn read(bytes: &[u8], chain_id: u64) -> Result<Self, Refusal> {
        if bytes.len() > MAXIMUM_SIZE {
            return Err(Refusal::TooLong);
        }
        let transaction = TxEnvelope::decode_2718_exact(bytes).map_err(|_| Refusal::Unreadable)?;
        match transaction.tx_type() {
            TxType::Legacy | TxType::Eip2930 | TxType::Eip1559 => {}
            _ => return Err(Refusal::TypeNotSupported),
        }
        if transaction.chain_id() != Some(chain_id) {
            return Err(Refusal::OtherChain(chain_id));
        }
        let signature = transaction.signature();
        if signature.normalize_s().is_some() {
            return Err(Refusal::BadSignature);
        }
        let sender = signature
            .recover_address_from_prehash(&transaction.signature_hash())
            .map_err(|_| Refusal::BadSignature)?;
        Ok(Self {
            transaction,
            sender,
        })
    }

    /// Holds the nonce against the sender's next one.
    pub(crate) fn in_turn(&self, next: u64) -> Result<(), Refusal> {
        let given = self.transaction.nonce();
        if given < next {
            Err(Refusal::NonceTooLow { next, given })
        } else if given > next {
            Err(Refusal::NonceTooHigh { next, given })
        } else {
            Ok(())
        }
    }
}
