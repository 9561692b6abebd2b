//! Receipts as nodes tell them, in the encoding that the receipts root is made of. Chains
//! have types of their own, which a reader for Ethereum alone refuses, and with them every
//! block that holds one: the first transaction of each OP Stack block is a deposit.

use alloy::{
    primitives::{Address, B256, Bytes, Log, LogData, U8, U64},
    rlp::{Encodable as _, Header},
};
use serde::Deserialize;

/// A deposit of the OP Stack
/// (<https://specs.optimism.io/protocol/deposits.html#deposit-receipt>).
const DEPOSIT: u8 = 0x7e;

/// The members that the encoding is made of; others are not read.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcReceipt {
    /// Which transaction's.
    pub transaction_hash: B256,
    #[serde(rename = "type", default)]
    kind: U8,
    status: U64,
    cumulative_gas_used: U64,
    logs_bloom: Bytes,
    logs: Vec<RpcLog>,
    #[serde(default)]
    deposit_nonce: Option<U64>,
    #[serde(default)]
    deposit_receipt_version: Option<U64>,
}

#[derive(Debug, Clone, Deserialize)]
struct RpcLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

/// What deposits have in the encoding, which changed with the chain's upgrades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deposits {
    /// Nonce and version (from Canyon on), where the node tells them.
    WithNonce,
    /// As any other receipt.
    Plain,
}

impl Deposits {
    /// All ways, the newest first.
    pub const ALL: [Self; 2] = [Self::WithNonce, Self::Plain];
}

impl RpcReceipt {
    /// EIP-2718: the type, unless it is 0, before the list of status, gas, bloom and logs.
    pub fn encoded(&self, deposits: Deposits) -> Vec<u8> {
        let mut list = Vec::new();
        self.status.encode(&mut list);
        self.cumulative_gas_used.encode(&mut list);
        self.logs_bloom.encode(&mut list);
        let logs: Vec<Log> = self.logs.iter().map(RpcLog::in_consensus).collect();
        logs.encode(&mut list);
        let kind: u8 = self.kind.to();
        if kind == DEPOSIT && deposits == Deposits::WithNonce {
            let told = [self.deposit_nonce, self.deposit_receipt_version];
            for number in told.into_iter().flatten() {
                number.encode(&mut list);
            }
        }
        let mut encoded = Vec::with_capacity(list.len() + 8);
        if kind != 0 {
            encoded.push(kind);
        }
        let head = Header {
            list: true,
            payload_length: list.len(),
        };
        head.encode(&mut encoded);
        encoded.extend(list);
        encoded
    }
}

impl RpcLog {
    fn in_consensus(&self) -> Log {
        Log {
            address: self.address,
            data: LogData::new_unchecked(self.topics.clone(), self.data.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::{
        consensus::{Eip658Value, Receipt, ReceiptEnvelope, ReceiptWithBloom},
        eips::eip2718::Encodable2718 as _,
        primitives::Bloom,
    };
    use serde_json::{Value, json};

    fn told(kind: u8) -> Value {
        json!({
            "transactionHash": B256::repeat_byte(7),
            "type": format!("{kind:#x}"),
            "status": "0x1",
            "cumulativeGasUsed": "0x1d4c0",
            "logsBloom": Bloom::repeat_byte(1),
            "logs": [{
                "address": Address::repeat_byte(2),
                "topics": [B256::repeat_byte(3)],
                "data": "0xabcd",
                "blockNumber": "0x9",
            }],
            "blockNumber": "0x9",
            "l1Fee": "0x0",
        })
    }

    fn read(told: Value) -> RpcReceipt {
        serde_json::from_value(told).unwrap()
    }

    /// The library's encoding of the same receipt.
    fn known(wrap: impl FnOnce(ReceiptWithBloom<Receipt>) -> ReceiptEnvelope) -> Vec<u8> {
        let log = Log {
            address: Address::repeat_byte(2),
            data: LogData::new_unchecked(vec![B256::repeat_byte(3)], vec![0xab, 0xcd].into()),
        };
        let receipt = Receipt {
            status: Eip658Value::Eip658(true),
            cumulative_gas_used: 120_000,
            logs: vec![log],
        };
        wrap(ReceiptWithBloom::new(receipt, Bloom::repeat_byte(1))).encoded_2718()
    }

    #[test]
    fn known_types_are_encoded_as_the_library_does() {
        let encoded = |kind| read(told(kind)).encoded(Deposits::WithNonce);
        assert_eq!(encoded(0), known(ReceiptEnvelope::Legacy));
        assert_eq!(encoded(1), known(ReceiptEnvelope::Eip2930));
        assert_eq!(encoded(2), known(ReceiptEnvelope::Eip1559));
        assert_eq!(encoded(3), known(ReceiptEnvelope::Eip4844));
        assert_eq!(encoded(4), known(ReceiptEnvelope::Eip7702));
        let mut failed = told(2);
        failed["status"] = json!("0x0");
        let failed = read(failed).encoded(Deposits::Plain);
        assert_eq!(failed[4], 0x80, "the empty string stands for 0");
    }

    #[test]
    fn a_deposit_has_nonce_and_version_where_the_chain_has_them() {
        let mut deposit = told(DEPOSIT);
        deposit["depositNonce"] = json!("0x2a");
        deposit["depositReceiptVersion"] = json!("0x1");
        let deposit = read(deposit);
        let plain = deposit.encoded(Deposits::Plain);
        let whole = deposit.encoded(Deposits::WithNonce);
        assert_eq!((plain[0], whole[0]), (DEPOSIT, DEPOSIT));
        assert_eq!(whole[whole.len() - 2..], [0x2a, 0x01]);
        assert_eq!(plain[4..], whole[4..whole.len() - 2]);
        // Other chains' types are as any (Arbitrum's internal transaction).
        let internal = read(told(0x6a));
        let encoded = internal.encoded(Deposits::WithNonce);
        assert_eq!(encoded[1..], known(ReceiptEnvelope::Eip1559)[1..]);
    }
}
