//! The chain itself: takes transactions, makes blocks, finds them again.
//!
//! Order of effects for a transaction: run it on the side, write the block to
//! the journal and wait for the disk, only then let state and index follow. A
//! crash before the write loses a transaction that nobody was told of; a crash
//! after it loses nothing, because opening runs every block of the journal
//! again and compares each header. Blocks are read from the file when asked
//! for; memory holds the state and about 150 bytes a block.

use super::{
    ChainError, DevChainConfig, DevChainOptions,
    block::Block,
    evm::{self, Environment, Rules},
    genesis::Genesis,
    journal::Journal,
    state::{State, View},
    submission::{Refusal, Submission},
};
use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256},
};
use revm::context::{
    TxEnv,
    result::{InvalidTransaction, ResultAndState},
};
use std::collections::{BTreeSet, HashMap};

/// The file that holds everything.
const JOURNAL: &str = "chain.journal";

/// The chain, opened.
pub(crate) struct Ledger {
    genesis: Genesis,
    options: DevChainOptions,
    allowed: BTreeSet<Address>,
    journal: Journal,
    state: State,
    head: Block,
    hashes: Vec<B256>,
    block_numbers: HashMap<B256, u64>,
    transaction_blocks: HashMap<B256, u64>,
}

impl Ledger {
    /// Opens the chain, or begins one.
    pub(crate) fn open(
        config: DevChainConfig,
        options: DevChainOptions,
    ) -> Result<Self, ChainError> {
        let mut journal = Journal::open(&config.dir.join(JOURNAL))?;
        let genesis = Genesis::establish(&mut journal, &config, now(&options), options.base_fee)?;
        let head = Block::empty(genesis.header());
        let mut ledger = Self {
            state: genesis.state(),
            hashes: vec![head.hash],
            block_numbers: HashMap::from([(head.hash, 0)]),
            transaction_blocks: HashMap::new(),
            allowed: config.allowed.into_iter().collect(),
            genesis,
            options,
            journal,
            head,
        };
        ledger.replay()?;
        Ok(ledger)
    }

    /// Takes a raw transaction and makes a block of it.
    pub(crate) fn submit(&mut self, bytes: &[u8]) -> Result<B256, Refusal> {
        let submission = Submission::read(bytes, self.genesis.chain_id)?;
        if !self.allowed.contains(&submission.sender) {
            return Err(Refusal::NotPermitted(submission.sender));
        }
        let hash = *submission.transaction.tx_hash();
        if self.transaction_blocks.contains_key(&hash) {
            return Err(Refusal::Known);
        }
        submission.in_turn(self.state.nonce(&submission.sender))?;
        let environment = Environment {
            number: self.head.header.number.saturating_add(1),
            // Not later than now, however many blocks a second there are.
            timestamp: now(&self.options).max(self.head.header.timestamp),
            base_fee: self.options.base_fee,
            chain_id: self.genesis.chain_id,
        };
        let (block, state) = self.make_block(submission, environment)?;
        self.journal.append(&block.encode())?;
        self.adopt(block, state);
        Ok(hash)
    }

    /// Runs a call on the latest state; nothing is changed.
    pub(crate) fn call(&self, transaction: TxEnv) -> Result<ResultAndState, InvalidTransaction> {
        let environment = Environment {
            number: self.head.header.number,
            timestamp: self.head.header.timestamp,
            base_fee: self.options.base_fee,
            chain_id: self.genesis.chain_id,
        };
        evm::run(self.view(), environment, transaction, Rules::Call)
    }

    /// Whether it says what it is.
    pub(crate) const fn is_marked(&self) -> bool {
        self.options.is_marked
    }

    /// The chain id.
    pub(crate) const fn chain_id(&self) -> u64 {
        self.genesis.chain_id
    }

    /// The base fee of the next block, in wei.
    pub(crate) const fn base_fee(&self) -> u64 {
        self.options.base_fee
    }

    /// The latest state.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// The number of the latest block.
    pub(crate) const fn latest(&self) -> u64 {
        self.head.header.number
    }

    /// The number that a tag stands for, which may not exist yet. There is
    /// never anything pending, so that tag means the latest block.
    pub(crate) fn number(&self, tag: BlockNumberOrTag) -> u64 {
        match tag {
            BlockNumberOrTag::Number(number) => number,
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => self.latest(),
            BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized => {
                self.latest().saturating_sub(self.options.finality_depth)
            }
        }
    }

    /// The number of the block with this hash.
    pub(crate) fn number_of_block(&self, hash: &B256) -> Option<u64> {
        self.block_numbers.get(hash).copied()
    }

    /// The number of the block that holds this transaction.
    pub(crate) fn number_of_transaction(&self, hash: &B256) -> Option<u64> {
        self.transaction_blocks.get(hash).copied()
    }

    /// A block.
    pub(crate) fn block(&self, number: u64) -> Result<Option<Block>, ChainError> {
        if number == self.latest() {
            return Ok(Some(self.head.clone()));
        }
        if number == 0 {
            return Ok(Some(Block::empty(self.genesis.header())));
        }
        // Record 0 is the genesis record, so record n is block n.
        let Ok(index) = usize::try_from(number) else {
            return Ok(None);
        };
        let Some(record) = self.journal.read(index)? else {
            return Ok(None);
        };
        Block::decode(&record)
            .map(Some)
            .ok_or_else(|| self.journal.damaged_record(index, "it is not a block"))
    }

    /// Lets go of the file.
    pub(crate) fn close(&mut self) {
        self.journal.close();
    }

    fn replay(&mut self) -> Result<(), ChainError> {
        for index in 1..self.journal.len() {
            let not_a_block = || self.journal.damaged_record(index, "it is not a block");
            let record = self.journal.read(index)?.ok_or_else(not_a_block)?;
            let kept = Block::decode(&record).ok_or_else(not_a_block)?;
            let body = kept.body.clone().ok_or_else(not_a_block)?;
            let environment = Environment {
                number: index as u64,
                timestamp: kept.header.timestamp,
                base_fee: kept.header.base_fee_per_gas.unwrap_or_default(),
                chain_id: self.genesis.chain_id,
            };
            // The sender need not be recovered: another one would give another
            // state root.
            let submission = Submission {
                transaction: body.transaction,
                sender: body.sender,
            };
            match self.make_block(submission, environment) {
                Ok((block, state)) if block == kept => self.adopt(block, state),
                _ => {
                    return Err(ChainError::DoesNotFollow {
                        number: environment.number,
                    });
                }
            }
        }
        Ok(())
    }

    fn make_block(
        &self,
        submission: Submission,
        environment: Environment,
    ) -> Result<(Block, State), InvalidTransaction> {
        let transaction = evm::prepare(&submission.transaction, submission.sender);
        let ran = evm::run(self.view(), environment, transaction, Rules::Transaction)?;
        let state = self.state.after(&ran.state);
        let block = Block::following(self.head.hash, environment, submission, ran.result, &state);
        Ok((block, state))
    }

    fn adopt(&mut self, block: Block, state: State) {
        self.hashes.push(block.hash);
        self.block_numbers.insert(block.hash, block.header.number);
        if let Some(body) = &block.body {
            self.transaction_blocks
                .insert(*body.transaction.tx_hash(), block.header.number);
        }
        self.state = state;
        self.head = block;
    }

    fn view(&self) -> View<'_> {
        View {
            state: &self.state,
            hashes: &self.hashes,
        }
    }
}

fn now(options: &DevChainOptions) -> u64 {
    u64::try_from(options.clock.now().as_seconds()).unwrap_or(0)
}
