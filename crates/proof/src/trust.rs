//! The trust file `chartseal-trust/1`: what a verifier believes before it sees a
//! proof, where it has it from, and how much it demands.

mod read;
mod write;

use crate::Registry;
use model::{Digest, FacilityName, LogId};
use tlog::notes::checkpoint::{Origin, Vkey, WitnessVkey};

pub(crate) const FORMAT: &str = "chartseal-trust/1";

/// A trust file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The logs, each origin once.
    pub logs: Vec<TrustedLog>,
    /// The chains, each registry once.
    pub chains: Vec<TrustedChain>,
    /// What a proof must show; left out, what the file can give.
    pub require: Option<Require>,
    /// How old the newest anchor may be, in seconds.
    pub max_anchor_age: Option<u64>,
}

impl Trust {
    /// What a proof of this log must show: what the file says, else as much as it knows of
    /// the log. `Block` is never meant, for nothing here can give it.
    #[must_use]
    pub fn demands(&self, log: Option<&TrustedLog>) -> Require {
        let anchored = |log: &TrustedLog| {
            let anchors = self.chains.iter().flat_map(|chain| &chain.anchors);
            anchors
                .into_iter()
                .any(|anchor| anchor.log_id == log.log_id)
        };
        self.require.unwrap_or(match log {
            Some(log) if anchored(log) => Require::Anchor,
            _ => Require::Checkpoint,
        })
    }
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedLog {
    /// Its name in checkpoints.
    pub origin: Origin,
    /// Its name on the chain.
    pub log_id: LogId,
    /// The facility whose records it holds.
    pub facility: FacilityName,
    /// Where this entry comes from.
    pub source: Source,
    /// The keys that sign its checkpoints.
    pub vkeys: Vec<Vkey>,
    /// Who else must have signed. Not checked in this release.
    pub witnesses: Option<TrustedWitnesses>,
    /// The key that signs promises. Not checked in this release.
    pub promise: Option<Vkey>,
}

/// Witnesses, of whom `k` must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedWitnesses {
    /// Number of witnesses that must have signed.
    pub k: u64,
    /// Their keys.
    pub vkeys: Vec<WitnessVkey>,
}

/// One registry on one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedChain {
    /// The chain (EIP-155).
    pub chain_id: u64,
    /// The registry contract.
    pub registry: Registry,
    /// How its headers are hashed and made final.
    pub kind: ChainKind,
    /// Where this entry comes from.
    pub source: Source,
    /// Final anchors, the first of each size; need not be complete.
    pub anchors: Vec<TrustedAnchor>,
    /// The newest anchor of each log, heartbeats included.
    pub heads: Vec<TrustedHead>,
    /// Blocks believed to be final. Not used in this release.
    pub blocks: Option<Vec<TrustedBlock>>,
    /// Validator sets by first block. Not used in this release.
    pub validators: Option<Vec<TrustedValidators>>,
    /// Logs that the registry's admin has closed.
    pub closed: Option<Vec<ClosedLog>>,
}

/// A final anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedAnchor {
    /// The log.
    pub log_id: LogId,
    /// The anchor's number for this log.
    pub seq: u64,
    /// Size of the log.
    pub size: u64,
    /// Root of the log.
    pub root: Digest,
}

/// The newest anchor of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedHead {
    /// The log.
    pub log_id: LogId,
    /// The anchor's number for this log.
    pub seq: u64,
    /// Size of the log.
    pub size: u64,
    /// Root of the log.
    pub root: Digest,
    /// Time of its block, seconds since 1970.
    pub time: u64,
}

/// A log that takes no anchor any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedLog {
    /// The log.
    pub log_id: LogId,
    /// Which key was stolen.
    pub reason: ClosingReason,
    /// The log that goes on in its place, if one is named.
    pub successor: Option<LogId>,
}

/// A block believed to be final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedBlock {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Digest,
}

/// A validator set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedValidators {
    /// The first block that it signs.
    pub from_block: u64,
    /// The validators' addresses.
    pub addresses: Vec<Registry>,
}

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From the one whose records are to be proved.
    Operator,
    /// From a node of the verifier's choice.
    Node,
    /// From somebody else.
    Other,
}

/// Why a log was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosingReason {
    /// The log's key may be another's: what it signed counts only where it is anchored.
    LogKey,
    /// A submitter's key may be another's, who can sign nothing.
    SubmitterKey,
}

/// Kind of chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainKind {
    /// Headers as on Ethereum.
    Ethereum,
    /// Besu's QBFT.
    Qbft,
}

/// What a proof must show, in rising order; each level demands those before,
/// but `Block` takes the place of `Anchor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Require {
    /// The leaf is in the tree that the checkpoint names.
    Inclusion,
    /// The log signed that checkpoint.
    Checkpoint,
    /// The trust file knows its anchor.
    Anchor,
    /// The chain's own evidence shows the anchor.
    Block,
}

/// The enum of words of the format: its texts both ways.
macro_rules! words {
    ($name:ident, $what:literal, $rule:literal, $($variant:ident = $word:literal),+) => {
        impl $name {
            /// The word as it stands in the trust file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = model::Invalid;

            fn from_str(text: &str) -> Result<Self, model::Invalid> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(model::Invalid { what: $what, rule: $rule }),
                }
            }
        }
    };
}
words!(
    Source,
    "source",
    "`operator`, `node` or `other`",
    Operator = "operator",
    Node = "node",
    Other = "other"
);
words!(
    ChainKind,
    "kind",
    "`ethereum` or `qbft`",
    Ethereum = "ethereum",
    Qbft = "qbft"
);
words!(
    ClosingReason,
    "reason",
    "`log-key` or `submitter-key`",
    LogKey = "log-key",
    SubmitterKey = "submitter-key"
);
words!(
    Require,
    "require",
    "`inclusion`, `checkpoint`, `anchor` or `block`",
    Inclusion = "inclusion",
    Checkpoint = "checkpoint",
    Anchor = "anchor",
    Block = "block"
);

impl Trust {
    /// The log of this origin.
    pub(crate) fn log(&self, origin: &Origin) -> Option<&TrustedLog> {
        self.logs.iter().find(|log| log.origin == *origin)
    }

    /// The entry of this registry on this chain.
    pub(crate) fn chain(&self, chain_id: u64, registry: Registry) -> Option<&TrustedChain> {
        let same = |chain: &&TrustedChain| chain.chain_id == chain_id && chain.registry == registry;
        self.chains.iter().find(same)
    }

    /// Whether a chain says that the log was closed because its key was stolen.
    pub(crate) fn lost_key(&self, log: LogId) -> bool {
        let closed = self
            .chains
            .iter()
            .flat_map(|chain| chain.closed.iter().flatten());
        let mut of_log = closed.filter(|closed| closed.log_id == log);
        of_log.any(|closed| closed.reason == ClosingReason::LogKey)
    }

    /// Whether a chain holds a final anchor of this size and root.
    pub(crate) fn is_anchored(&self, log: LogId, size: u64, root: &Digest) -> bool {
        let mut anchors = self.chains.iter().flat_map(|chain| &chain.anchors);
        anchors.any(|anchor| anchor.log_id == log && anchor.size == size && anchor.root == *root)
    }
}
