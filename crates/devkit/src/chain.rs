//! A permissioned L2 for the demo and for tests: one sequencer, no peers, the
//! Ethereum execution rules of the Shanghai fork by revm, JSON-RPC on loopback.
//!
//! Real: transactions, receipts, logs, blooms, every root of the header (the
//! state root included) and so every block hash. Not real: consensus (the
//! sequencer's word is final), fees (the base fee stands still, 0 by default),
//! block times (equal ones may follow each other). Only listed senders get in.
//! State is kept for the latest block alone; there is no `eth_getProof`.

mod block;
mod evm;
mod genesis;
mod journal;
mod ledger;
mod rpc;
mod state;
mod submission;

use crate::loopback::{self, Loopback};
use actix_web::web::Data;
use alloy::primitives::Address;
use ledger::Ledger;
use model::{Clock, SystemClock};
use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What `web3_clientVersion` begins with. A service that must not run against
/// this chain knows it by this name.
pub const CLIENT_NAME: &str = "chartseal-devchain";
/// The same of a chain that plays an operator's.
const UNMARKED_NAME: &str = "test-node";

/// Where the chain lives and whom it admits.
#[derive(Debug, Clone)]
pub struct DevChainConfig {
    /// The directory that keeps the chain; made when absent.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; `None` takes any free one.
    pub port: Option<u16>,
    /// The chain id; it cannot change once the chain exists.
    pub chain_id: u64,
    /// The only senders whose transactions are taken; may change between runs.
    pub allowed: Vec<Address>,
    /// Accounts that hold 1,000,000 ether from the first block on; they cannot
    /// change once the chain exists.
    pub funded: Vec<Address>,
}

/// What hardly anyone changes.
#[derive(Clone)]
pub struct DevChainOptions {
    /// The base fee of every new block, in wei.
    pub base_fee: u64,
    /// How many blocks `safe` and `finalized` stay behind `latest`.
    pub finality_depth: u64,
    /// Gives the blocks their time.
    pub clock: Arc<dyn Clock>,
    /// Whether it says what it is, so that services refuse it. For tests of services it
    /// plays an operator's own L2.
    pub is_marked: bool,
}

impl Default for DevChainOptions {
    fn default() -> Self {
        Self {
            base_fee: 0,
            finality_depth: 0,
            clock: Arc::new(SystemClock),
            is_marked: true,
        }
    }
}

/// Why a chain could not be started, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A file or directory of the chain cannot be used.
    #[error("cannot use `{path}`, where the dev chain lives: {source}")]
    Storage {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has the chain open.
    #[error("the dev chain in `{path}` is in use: stop the other process, or choose another place")]
    InUse {
        /// The chain's file.
        path: PathBuf,
    },
    /// The file holds bytes that no run of this program wrote.
    #[error(
        "`{path}` is damaged at byte {offset} ({what}): \
         restore it from a copy, or remove it to begin a new chain"
    )]
    Damaged {
        /// The chain's file.
        path: PathBuf,
        /// Where the record begins.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The chain was begun with other settings.
    #[error("this dev chain was begun with {kept}, not with {wanted}: choose another place for it")]
    OtherChain {
        /// What the chain has.
        kept: String,
        /// What was asked for.
        wanted: String,
    },
    /// Running a stored block again gave something else.
    #[error(
        "block {number} of the dev chain does not follow from the one before it: \
         restore the chain from a copy, or remove it to begin a new one"
    )]
    DoesNotFollow {
        /// The block's number.
        number: u64,
    },
    /// The server cannot listen.
    #[error("cannot serve the dev chain on 127.0.0.1 port {port}: {source}")]
    Listen {
        /// The port that was asked for; 0 for any.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
}

/// The ledger as every request shares it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    /// A thread that died while holding the lock has left the ledger whole: a
    /// block takes effect only after it is on disk.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running dev chain; it stops when it is dropped.
pub struct DevChain {
    server: Loopback,
    ledger: Shared,
    chain_id: u64,
}

impl DevChain {
    /// Opens or begins the chain and serves it, on threads of its own.
    ///
    /// # Errors
    /// When the chain's file or the port cannot be used, when the file is
    /// damaged, and when the chain was begun with other settings.
    pub fn start(config: DevChainConfig) -> Result<Self, ChainError> {
        Self::start_with(config, DevChainOptions::default())
    }

    /// The same, unmarked: services take it for an operator's L2.
    ///
    /// # Errors
    /// As [`DevChain::start`].
    pub fn start_unmarked(config: DevChainConfig) -> Result<Self, ChainError> {
        let options = DevChainOptions {
            is_marked: false,
            ..DevChainOptions::default()
        };
        Self::start_with(config, options)
    }

    /// The same with a base fee, a finality depth and a clock of one's own.
    ///
    /// # Errors
    /// As [`DevChain::start`].
    pub fn start_with(
        config: DevChainConfig,
        options: DevChainOptions,
    ) -> Result<Self, ChainError> {
        let (port, chain_id) = (config.port, config.chain_id);
        let listen = |source| ChainError::Listen {
            port: port.unwrap_or(0),
            source,
        };
        let ledger = Shared(Arc::new(Mutex::new(Ledger::open(config, options)?)));
        let data = Data::new(ledger.clone());
        let server = loopback::reserve(port)
            .and_then(|reserved| {
                reserved.serve("devchain", move |app| rpc::routes(app, data.clone()))
            })
            .map_err(listen)?;
        Ok(Self {
            server,
            ledger,
            chain_id,
        })
    }

    /// Where JSON-RPC is served.
    #[must_use]
    pub fn rpc_url(&self) -> String {
        self.server.url()
    }

    /// The chain id.
    #[must_use]
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Answers what has been asked, then stops and lets go of the files.
    pub async fn stop(self) {
        self.server.stop().await;
        self.ledger.lock().close();
    }
}
