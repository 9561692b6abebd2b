//! What can go wrong with the ledger.

use model::LogId;

/// Why the registry refuses a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The submitter's key has no grant for this log.
    #[error("the submitter has no grant for log `0x{log_id}`; let the registry's admin grant it")]
    NotSubmitter {
        /// The log it wanted to anchor.
        log_id: LogId,
    },
    /// Another anchor came first.
    #[error("log `0x{log_id}` expects seq {expected}, not {given}")]
    WrongSeq {
        /// Which log.
        log_id: LogId,
        /// What the registry wants next.
        expected: u64,
        /// What was sent.
        given: u64,
    },
    /// The root does not extend the head.
    #[error("the root sent for log `0x{log_id}` does not extend the anchored one")]
    NotConsistent {
        /// Which log.
        log_id: LogId,
    },
    /// The log was closed for good.
    #[error(
        "log `0x{log_id}` is closed at the registry: a key of it was stolen; \
         `chartseal anchor new-epoch` begins the log that goes on"
    )]
    Closed {
        /// Which log.
        log_id: LogId,
    },
    /// Any other refusal, by the name of the contract's error.
    #[error("`{0}`")]
    Other(String),
}

impl Refusal {
    /// The log it is about, where the reason names one.
    #[must_use]
    pub const fn log_id(&self) -> Option<LogId> {
        match self {
            Self::NotSubmitter { log_id }
            | Self::WrongSeq { log_id, .. }
            | Self::Closed { log_id }
            | Self::NotConsistent { log_id } => Some(*log_id),
            Self::Other(_) => None,
        }
    }
}

/// What can go wrong with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// No answer; worth asking again.
    #[error("the L2 node gives no answer: {0}; check `rpcUrl` and the node")]
    Unreachable(&'static str),
    /// No answer of a node, but of what serves it or stands before it.
    #[error(
        "the L2 node's address answers with HTTP status {0}; check `rpcUrl`, the node, and what \
         stands before it"
    )]
    Http(u16),
    /// One of several nodes is behind the others.
    #[error("the L2 node's newest block is {0} seconds older than that of the others")]
    NodeBehind(u64),
    /// No answer is that of most nodes.
    #[error(
        "more than half of the L2 nodes in `rpcUrl` have to say the same of {what}, and do not: \
         {said}; what hangs on it waits until they do"
    )]
    NodesDiffer {
        /// Of what.
        what: &'static str,
        /// Who says the same, and who nothing.
        said: String,
    },
    /// However they answer, those that do are not most of the nodes.
    #[error(
        "too few of the L2 nodes in `rpcUrl` answer for more than half of them to say the same of \
         {what}: {said}; what hangs on it waits until they do"
    )]
    TooFewNodes {
        /// Of what.
        what: &'static str,
        /// Who says the same, and who nothing.
        said: String,
    },
    /// One of several nodes answers late.
    #[error(
        "the L2 node had not answered {0} seconds after enough of the others: it is slow, and not \
         waited for"
    )]
    NodeSlow(u64),
    /// One of several nodes says what most deny.
    #[error(
        "the L2 node says of {0} what most of the others deny: it is wrong or on another chain"
    )]
    Denied(&'static str),
    /// The node knows no final block.
    #[error(
        "the L2 node names no `finalized` block: a chain that has just begun has none yet; where \
         nodes know none, set `finality` to `\"immediate\"` (QBFT, IBFT 2) or to a depth"
    )]
    NoFinalBlock,
    /// An answer, but not one to this question as we know it; asking again
    /// will not help.
    #[error("the L2 node's answer is not understood: {0}; check which software it runs")]
    Strange(&'static str),
    /// The node answered with an error.
    #[error("the L2 node refused with code {code}: {message}")]
    Rejected {
        /// JSON-RPC error code.
        code: i64,
        /// The node's words, cut short.
        message: String,
    },
    /// An account cannot pay.
    #[error(
        "the account has no funds for the chain's fees; give some to the submitter's account, \
         and for `deploy` and `grant` to the admin's"
    )]
    NoFunds,
    /// A transaction of ours is on the chain, and the node does not show it.
    #[error(
        "the transaction with nonce {0} is on the chain, but the L2 node shows neither its receipt \
         nor its anchors: it lags, or several nodes answer at one address; the rows wait for it"
    )]
    NoReceipt(u64),
    /// A head of which the registry's own events know nothing.
    #[error(
        "the L2 node names anchor {0} as the newest of a log, and shows no such event of the \
         registry: it lags, or is wrong; nothing is done by its word"
    )]
    NoEvent(u64),
    /// The events of a search lie further back than its questions reach.
    #[error(
        "the L2 node answers `eth_getLogs` for {0} blocks at once, too few to find an old event \
         of the registry; set `rpcUrl` or `--rpc` to a node that answers over more blocks"
    )]
    ShortRanges(u64),
    /// The call does not fit into a block.
    #[error(
        "the transaction takes more gas than a block of the L2 has: one log alone must fit, \
         which takes about 65,000"
    )]
    TooMuchGas,
    /// Gas costs more than the configuration allows.
    #[error(
        "gas would cost {gwei} gwei, and at most {most} are paid: the chain is busy, or the node \
         is wrong; it is tried again, and `maxFeeGwei` and `maxTipGwei` set the bounds"
    )]
    TooDear {
        /// In gwei for a unit of gas, rounded up.
        gwei: u128,
        /// The bound.
        most: u128,
    },
    /// The nonce is already used in the chain.
    #[error("the nonce is already used")]
    NonceUsed,
    /// The next nonce that the node names is not free.
    #[error(
        "the L2 node names {0} as the submitter's next nonce, which a stored transaction that is \
         not final has: the node lags, or the chain went back; nothing is sent under it, and the \
         next step asks again"
    )]
    NonceTaken(u64),
    /// The registry would revert, or did.
    #[error("the registry refuses the anchor: {0}")]
    Refused(Refusal),
    /// The node serves another chain than the one configured.
    #[error("the L2 node serves chain {found}, but `chainId` is {expected}; check `rpcUrl`")]
    ForeignChain {
        /// As configured.
        expected: u64,
        /// As the node says.
        found: u64,
    },
    /// The node is the dev L2 of `chartseal demo`, whose blocks bind nobody.
    #[error("the L2 node is the dev L2 of `chartseal demo` and is for that alone; name another")]
    DevChain,
    /// No contract at the registry's address.
    #[error(
        "there is no contract at `{0}`: the L2 node was emptied or serves another chain, or \
         `registry` names another address; do not deploy a second registry"
    )]
    NoRegistry(String),
    /// Some other contract at the registry's address.
    #[error("the contract at `{0}` is not the registry that this release knows")]
    ForeignRegistry(String),
    /// A registry of version 1.
    #[error(
        "the registry at `{0}` is of version 1 and cannot close a log; \
         `chartseal anchor revoke` takes the submitter's grant back"
    )]
    CannotClose(String),
    /// The node has not what the evidence is made of.
    #[error("no evidence for the block: {0}")]
    NoEvidence(&'static str),
    /// The transaction could not be made or signed.
    #[error("the transaction could not be made: {0}")]
    Unsigned(&'static str),
}

impl LedgerError {
    /// Whether it is the node that fails, so that another may be asked.
    pub(crate) const fn is_of_node(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Http(_) | Self::Strange(_)
        )
    }

    /// Whether it is the same whichever log is asked for: the nodes are away, or others.
    pub(crate) const fn is_of_all_logs(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::Http(_)
                | Self::TooFewNodes { .. }
                | Self::ForeignChain { .. }
                | Self::DevChain
                | Self::NoRegistry(_)
                | Self::ForeignRegistry(_)
        )
    }
}
