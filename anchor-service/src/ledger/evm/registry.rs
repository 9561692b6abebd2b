//! The registry contract as the adapter sees it: its interface, its code, and
//! its errors in our words. The source is `contracts/AnchorRegistry.sol`; registries of
//! version 1 stay in use.

use crate::ledger::{Extension, Head, LedgerError, Refusal};
use alloy::{
    primitives::{Address, B256, Bytes},
    sol,
    sol_types::{SolCall, SolInterface, SolValue},
};
use model::{Digest, LogId, Timestamp};
use serde::Deserialize;

const ARTEFACT: &str = include_str!("../../../contracts/AnchorRegistry.json");
const ARTEFACT_1: &str = include_str!("../../../contracts/version1/AnchorRegistry.json");

sol! {
    /// Its interface; a test holds it against the artefact.
    interface AnchorRegistry {
        struct Anchor {
            bytes32 logId;
            uint64 seq;
            uint64 size;
            bytes32 root;
            bytes32[] consistency;
        }

        function anchor(bytes32 logId, uint64 seq, uint64 size, bytes32 root, bytes32[] consistency) external;
        function anchorMany(Anchor[] anchors) external;
        function head(bytes32 logId) external view returns (uint64 seq, uint64 size, bytes32 root, uint64 time);
        function grant(bytes32 logId, address submitter) external;
        function revoke(bytes32 logId, address submitter) external;
        function close(bytes32 logId, bytes32 successor, uint8 reason) external;
        function successor(bytes32 logId) external view returns (bytes32 next, uint8 reason);
        function admin() external view returns (address);

        event Anchored(bytes32 indexed logId, uint64 indexed seq, uint64 size, bytes32 root, uint64 time);
        event Granted(bytes32 indexed logId, address indexed submitter);
        event Revoked(bytes32 indexed logId, address indexed submitter);

        event Closed(bytes32 indexed logId, bytes32 indexed successor, uint8 reason);

        error NotAdmin(address caller);
        error NotSubmitter(bytes32 logId, address caller);
        error WrongSeq(bytes32 logId, uint64 expected, uint64 given);
        error ZeroRoot(bytes32 logId);
        error ZeroSize(bytes32 logId);
        error SizeTooLarge(bytes32 logId, uint64 given);
        error SmallerSize(bytes32 logId, uint64 head, uint64 given);
        error RootChanged(bytes32 logId, uint64 size);
        error ProofNotEmpty(bytes32 logId);
        error NotConsistent(bytes32 logId, uint64 head, uint64 given);
        error HashFailed();
        error LogClosed(bytes32 logId);
        error WrongReason(uint8 reason);
        error WrongSuccessor(bytes32 logId, bytes32 successor);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artefact {
    bytecode: String,
    deployed_bytecode: String,
}

fn artefact(text: &str) -> Result<Artefact, LedgerError> {
    serde_json::from_str(text).map_err(|_| DAMAGED)
}

/// The versions of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Without `close`.
    One,
    /// What is deployed today.
    Two,
}

const DAMAGED: LedgerError = LedgerError::Unsigned("the contract's artefact is damaged");

fn code(hex_digits: &str) -> Result<Vec<u8>, LedgerError> {
    hex::decode(hex_digits).map_err(|_| DAMAGED)
}

/// What deploys the contract with this admin.
pub fn creation_code(admin: Address) -> Result<Bytes, LedgerError> {
    let mut bytes = code(&artefact(ARTEFACT)?.bytecode)?;
    bytes.extend(admin.abi_encode());
    Ok(bytes.into())
}

/// Makes sure that the code at an address is that of a registry which this release knows;
/// gives its version.
pub fn check(found: &[u8], address: Address) -> Result<Version, LedgerError> {
    let name = format!("{address:#x}");
    if found.is_empty() {
        return Err(LedgerError::NoRegistry(name));
    }
    for (version, text) in [(Version::Two, ARTEFACT), (Version::One, ARTEFACT_1)] {
        if found == code(&artefact(text)?.deployed_bytecode)? {
            return Ok(version);
        }
    }
    Err(LedgerError::ForeignRegistry(name))
}

/// Call data of `anchorMany`.
pub fn anchor_many(anchors: &[Extension]) -> Bytes {
    let anchors = anchors
        .iter()
        .map(|anchor| AnchorRegistry::Anchor {
            logId: B256::new(*anchor.log_id.as_bytes()),
            seq: anchor.seq,
            size: anchor.size,
            root: B256::new(*anchor.root.as_bytes()),
            consistency: anchor
                .consistency
                .iter()
                .map(|hash| B256::new(*hash.as_bytes()))
                .collect(),
        })
        .collect();
    AnchorRegistry::anchorManyCall { anchors }
        .abi_encode()
        .into()
}

/// Call data of `head`.
pub fn head_call(log: LogId) -> Bytes {
    AnchorRegistry::headCall {
        logId: B256::new(*log.as_bytes()),
    }
    .abi_encode()
    .into()
}

/// The answer to `head`; seq 0 says that there is none.
pub fn head_answer(answer: &[u8]) -> Result<Option<Head>, LedgerError> {
    let strange = LedgerError::Strange("the registry's head");
    let head = AnchorRegistry::headCall::abi_decode_returns(answer).map_err(|_| strange.clone())?;
    if head.seq == 0 {
        return Ok(None);
    }
    Ok(Some(Head {
        seq: head.seq,
        size: head.size,
        root: Digest::new(head.root.0),
        time: time_of(head.time).ok_or(strange)?,
    }))
}

/// Call data of `successor`.
pub fn successor_call(log: LogId) -> Bytes {
    AnchorRegistry::successorCall {
        logId: B256::new(*log.as_bytes()),
    }
    .abi_encode()
    .into()
}

/// The answer to `successor`: the next log, if one is named, and the reason, 0 while the
/// log is open.
pub fn successor_answer(answer: &[u8]) -> Result<(Option<LogId>, u8), LedgerError> {
    let said = AnchorRegistry::successorCall::abi_decode_returns(answer)
        .map_err(|_| LedgerError::Strange("the registry's successor of a log"))?;
    let next = (said.next != B256::ZERO).then(|| LogId::new(said.next.0));
    Ok((next, said.reason))
}

/// A block's time in seconds as a timestamp.
pub fn time_of(seconds: u64) -> Option<Timestamp> {
    let millis = i64::try_from(seconds).ok()?.checked_mul(1_000)?;
    Timestamp::from_millis(millis).ok()
}

/// What a revert says.
pub fn refusal(data: &[u8]) -> Refusal {
    use AnchorRegistry::AnchorRegistryErrors as Reason;
    let log = |id: B256| LogId::new(id.0);
    let name = match Reason::abi_decode(data) {
        Ok(Reason::NotSubmitter(e)) => {
            return Refusal::NotSubmitter {
                log_id: log(e.logId),
            };
        }
        Ok(Reason::WrongSeq(e)) => {
            let (log_id, expected, given) = (log(e.logId), e.expected, e.given);
            return Refusal::WrongSeq {
                log_id,
                expected,
                given,
            };
        }
        Ok(Reason::NotConsistent(e)) => {
            return Refusal::NotConsistent {
                log_id: log(e.logId),
            };
        }
        Ok(Reason::LogClosed(e)) => {
            return Refusal::Closed {
                log_id: log(e.logId),
            };
        }
        Ok(Reason::WrongReason(_)) => "WrongReason",
        Ok(Reason::WrongSuccessor(_)) => "WrongSuccessor",
        Ok(Reason::NotAdmin(_)) => "NotAdmin",
        Ok(Reason::ZeroRoot(_)) => "ZeroRoot",
        Ok(Reason::ZeroSize(_)) => "ZeroSize",
        Ok(Reason::SizeTooLarge(_)) => "SizeTooLarge",
        Ok(Reason::SmallerSize(_)) => "SmallerSize",
        Ok(Reason::RootChanged(_)) => "RootChanged",
        Ok(Reason::ProofNotEmpty(_)) => "ProofNotEmpty",
        Ok(Reason::HashFailed(_)) => "HashFailed",
        Err(_) => "a revert without a known reason",
    };
    Refusal::Other(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::{
        primitives::keccak256,
        sol_types::{SolError, SolEvent},
    };

    /// `name(type,...)` of an ABI entry.
    fn signature(entry: &serde_json::Value) -> String {
        fn kind(input: &serde_json::Value) -> String {
            let kind = input["type"].as_str().unwrap();
            match kind.strip_prefix("tuple") {
                Some(rest) => format!("({}){rest}", list(&input["components"])),
                None => kind.to_owned(),
            }
        }
        fn list(inputs: &serde_json::Value) -> String {
            let kinds: Vec<_> = inputs.as_array().unwrap().iter().map(kind).collect();
            kinds.join(",")
        }
        format!(
            "{}({})",
            entry["name"].as_str().unwrap(),
            list(&entry["inputs"])
        )
    }

    #[test]
    fn the_interface_is_that_of_the_artefact() {
        let artefact: serde_json::Value = serde_json::from_str(ARTEFACT).unwrap();
        let selector = |kind: &str, name: &str| {
            let abi = artefact["abi"].as_array().unwrap();
            let entry = abi
                .iter()
                .find(|e| e["type"] == kind && e["name"] == name)
                .unwrap();
            keccak256(signature(entry))
        };
        use AnchorRegistry as R;
        assert_eq!(R::anchorCall::SELECTOR, selector("function", "anchor")[..4]);
        assert_eq!(
            R::anchorManyCall::SELECTOR,
            selector("function", "anchorMany")[..4]
        );
        assert_eq!(R::headCall::SELECTOR, selector("function", "head")[..4]);
        assert_eq!(R::grantCall::SELECTOR, selector("function", "grant")[..4]);
        assert_eq!(R::revokeCall::SELECTOR, selector("function", "revoke")[..4]);
        assert_eq!(R::adminCall::SELECTOR, selector("function", "admin")[..4]);
        assert_eq!(R::closeCall::SELECTOR, selector("function", "close")[..4]);
        let successor = selector("function", "successor");
        assert_eq!(R::successorCall::SELECTOR, successor[..4]);
        assert_eq!(R::Closed::SIGNATURE_HASH, selector("event", "Closed"));
        assert_eq!(R::Anchored::SIGNATURE_HASH, selector("event", "Anchored"));
        for (name, ours) in [
            ("NotAdmin", R::NotAdmin::SELECTOR),
            ("NotSubmitter", R::NotSubmitter::SELECTOR),
            ("WrongSeq", R::WrongSeq::SELECTOR),
            ("NotConsistent", R::NotConsistent::SELECTOR),
            ("SmallerSize", R::SmallerSize::SELECTOR),
            ("RootChanged", R::RootChanged::SELECTOR),
            ("HashFailed", R::HashFailed::SELECTOR),
            ("LogClosed", R::LogClosed::SELECTOR),
            ("WrongReason", R::WrongReason::SELECTOR),
            ("WrongSuccessor", R::WrongSuccessor::SELECTOR),
        ] {
            assert_eq!(ours, selector("error", name)[..4], "{name}");
        }
        let functions = artefact["abi"].as_array().unwrap().iter();
        let names: Vec<_> = functions
            .filter(|e| e["type"] == "function")
            .map(|e| e["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "admin",
                "anchor",
                "anchorMany",
                "close",
                "grant",
                "head",
                "revoke",
                "successor"
            ]
        );
    }

    #[test]
    fn the_time_of_a_block_is_in_seconds() {
        assert_eq!(time_of(1).unwrap().as_millis(), 1_000);
        assert_eq!(time_of(u64::MAX), None);
    }
}
