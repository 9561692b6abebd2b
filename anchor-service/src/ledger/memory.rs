//! A ledger in memory, for tests: blocks, a pool, reorganisations, and the
//! registry's rules in a few lines of Rust.

mod closing;
mod faulty;
mod port;

pub(crate) use faulty::Lie;

use super::evm::{Fees, Quote, reprice};
use super::{Anchored, Block, ClosedEvent, Extension, GWEI, Head, LedgerError, Refusal};
use crate::simulation::Faults;
use alloy::consensus::TxEip1559;
use model::{Digest, LogId, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};
use tlog::tree::consistency;

type Hash = [u8; 32];

/// The bounds of the configuration as it is left.
const FEES: Fees = Fees::in_gwei(500, 100);

/// Number of blocks on top that make a block final, wherever depth decides.
pub(crate) const FINAL_DEPTH: usize = 3;

/// The chain; clones are the same chain.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryLedger {
    chain: Arc<Mutex<Chain>>,
    pub(crate) faults: Faults,
    /// Counts the registries of one chain.
    number: u8,
}

#[derive(Debug, Default)]
struct Chain {
    /// What can be read out of signed bytes: nonce and call.
    calls: BTreeMap<Hash, (u64, Vec<Extension>)>,
    pool: BTreeSet<Hash>,
    blocks: Vec<(Block, Vec<(Hash, bool)>)>,
    /// Makes hashes differ.
    counter: u64,
    /// The most blocks there ever were.
    highest: usize,
    /// Logs that the submitter may not anchor.
    ungranted: BTreeSet<LogId>,
    /// Logs that are refused for a reason that names none.
    refused: BTreeSet<LogId>,
    /// Logs that the registry's admin has closed.
    closed: BTreeMap<LogId, ClosedEvent>,
    /// Anchors that fit into a block; `None` for any number.
    most_anchors: Option<usize>,
    /// The node shows no receipts.
    hides_receipts: bool,
    /// How often it was asked for one.
    receipts_asked: u64,
    /// Logs whose events the node does not show.
    hides_events: BTreeSet<LogId>,
    /// How often it was asked for one.
    events_asked: u64,
    /// Blocks on top that make one final; `None` for [`FINAL_DEPTH`].
    final_depth: Option<usize>,
    /// What was forgotten, until it is recalled.
    forgotten: BTreeSet<Hash>,
    /// Whether too few nodes answer for most to agree.
    most_away: bool,
    /// How often they were asked then.
    asked_in_vain: u64,
    /// What the next answer of its kind is false in.
    lie: Option<Lie>,
    /// The base fee, in gwei.
    price: u64,
    /// What was offered for gas.
    offered: BTreeMap<Hash, Offer>,
    /// What was handed in, mined or not.
    sent: BTreeSet<Hash>,
    /// Every anchor ever handed in, by log and seq: roots that were claimed.
    claimed: BTreeMap<(LogId, u64), BTreeSet<(u64, Digest)>>,
}

/// What is offered for gas, and what it cost then.
#[derive(Debug, Clone)]
struct Offer {
    transaction: TxEip1559,
    /// Twice the base fee and the usual tip, in wei.
    today: u128,
    /// Whether the node named a false tip for it.
    misled: bool,
}

/// What the node tips.
const TIP: u128 = GWEI;
/// What it tips where it lies.
const FALSE_TIP: u128 = 10_u128.pow(30);

fn hash(kind: u8, number: u64) -> Hash {
    let mut hash = [kind; 32];
    for (byte, source) in hash.iter_mut().zip(number.to_be_bytes()) {
        *byte = source;
    }
    hash
}

impl Chain {
    /// What the registry holds after all blocks: every anchor, in order.
    fn history(&self) -> BTreeMap<LogId, Vec<Head>> {
        let mut history: BTreeMap<LogId, Vec<Head>> = BTreeMap::new();
        for (block, transactions) in &self.blocks {
            let done = transactions.iter().filter(|(_, succeeded)| *succeeded);
            for extension in done.flat_map(|(hash, _)| &self.calls[hash].1) {
                history.entry(extension.log_id).or_default().push(Head {
                    seq: extension.seq,
                    size: extension.size,
                    root: extension.root,
                    time: block.time,
                });
            }
        }
        history
    }

    /// The registry's events, in order.
    fn events(&self) -> Vec<Anchored> {
        let mut events = Vec::new();
        for (number, (block, transactions)) in (0..).zip(&self.blocks) {
            for (hash, _) in transactions.iter().filter(|(_, succeeded)| *succeeded) {
                events.extend(self.calls[hash].1.iter().map(|made| Anchored {
                    log_id: made.log_id,
                    seq: made.seq,
                    size: made.size,
                    root: made.root,
                    transaction: *hash,
                    block: number,
                    block_hash: block.hash,
                }));
            }
        }
        events
    }

    fn nonce(&self) -> u64 {
        self.blocks
            .iter()
            .map(|(_, transactions)| transactions.len() as u64)
            .sum()
    }

    /// Whether a transaction waits here, or is in a block.
    fn is_known(&self, hash: &[u8]) -> bool {
        let mut mined = self
            .blocks
            .iter()
            .flat_map(|(_, transactions)| transactions);
        self.pool.contains(hash) || mined.any(|(other, _)| other == hash)
    }

    /// The price of today, or an attempt's at it, as the adapter for EVM chains makes them.
    fn offer(&mut self, before: Option<&[u8]>) -> Result<Offer, LedgerError> {
        let base_fee = u128::from(self.price) * GWEI;
        let misled = self.lies(Lie::Tip);
        let tip = if misled { FALSE_TIP } else { TIP };
        let Quote::Dynamic { fee, tip } = FEES.dynamic(base_fee, tip)? else {
            return Err(LedgerError::Strange("simulated"));
        };
        let before_offer = before.and_then(|raw| self.offered.get(raw)).cloned();
        let is_known = before.is_some_and(|raw| self.is_known(raw));
        let is_raised = is_known && before_offer.as_ref().is_some_and(|offer| offer.misled);
        let mut transaction =
            before_offer.map_or_else(TxEip1559::default, |offer| offer.transaction);
        reprice(&mut transaction, is_known, fee, tip, &FEES)?;
        Ok(Offer {
            transaction,
            today: base_fee * 2 + TIP,
            misled: misled || is_raised,
        })
    }

    fn final_depth(&self) -> usize {
        self.final_depth.unwrap_or(FINAL_DEPTH)
    }

    /// The rules of `AnchorRegistry.sol`.
    fn judge(&self, anchors: &[Extension]) -> Result<(), Refusal> {
        let history = self.history();
        for a in anchors {
            if self.ungranted.contains(&a.log_id) {
                return Err(Refusal::NotSubmitter { log_id: a.log_id });
            }
            if self.refused.contains(&a.log_id) {
                return Err(Refusal::Other("simulated".to_owned()));
            }
            if self.closed.contains_key(&a.log_id) {
                return Err(Refusal::Closed { log_id: a.log_id });
            }
            let head = history.get(&a.log_id).and_then(|heads| heads.last());
            let expected = head.map_or(1, |head| head.seq + 1);
            let (log_id, given) = (a.log_id, a.seq);
            if given != expected {
                return Err(Refusal::WrongSeq {
                    log_id,
                    expected,
                    given,
                });
            }
            let follows = match head {
                None => a.size > 0 && a.consistency.is_empty(),
                Some(h) if h.size == a.size => h.root == a.root && a.consistency.is_empty(),
                Some(h) => {
                    consistency::verify(h.size, &h.root, a.size, &a.root, &a.consistency).is_ok()
                }
            };
            if !follows {
                return Err(Refusal::NotConsistent { log_id });
            }
        }
        Ok(())
    }
}

impl MemoryLedger {
    /// Makes a block of what waits, in order of nonces.
    pub(crate) fn mine(&self, time: Timestamp) {
        let mut chain = self.chain.lock().unwrap();
        chain.counter += 1;
        let number = chain.counter;
        chain.blocks.push((
            Block {
                hash: hash(0xb1, number),
                time,
            },
            Vec::new(),
        ));
        loop {
            let nonce = chain.nonce();
            let waiting = chain
                .pool
                .iter()
                .find(|hash| chain.calls[*hash].0 == nonce)
                .copied();
            let Some(next) = waiting else { break };
            let succeeded = chain.judge(&chain.calls[&next].1).is_ok();
            chain.blocks.last_mut().unwrap().1.push((next, succeeded));
        }
        chain.highest = chain.highest.max(chain.blocks.len());
        let nonce = chain.nonce();
        let Chain { pool, calls, .. } = &mut *chain;
        pool.retain(|hash| calls[hash].0 >= nonce);
    }

    /// Takes the newest blocks away; their transactions wait again or are lost.
    /// Blocks that were final by [`FINAL_DEPTH`] stay.
    pub(crate) fn reorganise(&self, depth: usize, lost: bool) {
        let mut chain = self.chain.lock().unwrap();
        let is_final = chain.highest.saturating_sub(chain.final_depth());
        let stay = chain.blocks.len().saturating_sub(depth).max(is_final);
        let gone: Vec<_> = chain.blocks.split_off(stay);
        if !lost {
            chain.pool.extend(
                gone.iter()
                    .flat_map(|(_, txs)| txs.iter().map(|(hash, _)| *hash)),
            );
        }
    }

    /// Takes a log's grant away, or gives it.
    pub(crate) fn grant(&self, log: LogId, granted: bool) {
        let mut chain = self.chain.lock().unwrap();
        if granted {
            chain.ungranted.remove(&log);
        } else {
            chain.ungranted.insert(log);
        }
    }

    /// Refuses a log without a word of which it is, or takes it again.
    pub(crate) fn refuse(&self, log: LogId, refuses: bool) {
        let mut chain = self.chain.lock().unwrap();
        if refuses {
            chain.refused.insert(log);
        } else {
            chain.refused.remove(&log);
        }
    }

    /// Blocks that were final are gone, from the newest that holds an anchor on.
    pub(crate) fn lose_last_anchor(&self) {
        let mut chain = self.chain.lock().unwrap();
        let holds = |(_, transactions): &(Block, Vec<(Hash, bool)>)| !transactions.is_empty();
        let stay = chain.blocks.iter().rposition(holds).unwrap();
        chain.blocks.truncate(stay);
        chain.highest = stay;
    }

    /// Number of blocks that are gone, final or not.
    pub(crate) fn lose(&self, depth: usize) {
        let mut chain = self.chain.lock().unwrap();
        let stay = chain.blocks.len().saturating_sub(depth);
        chain.blocks.truncate(stay);
        chain.highest = stay;
    }

    /// Makes blocks final under this number of others.
    pub(crate) fn set_final_depth(&self, depth: usize) {
        self.chain.lock().unwrap().final_depth = Some(depth);
    }

    /// Blocks on top that make one final.
    pub(crate) fn final_depth(&self) -> usize {
        self.chain.lock().unwrap().final_depth()
    }

    /// How many anchors fit into a block.
    pub(crate) fn fit(&self, most: usize) {
        self.chain.lock().unwrap().most_anchors = Some(most);
    }

    /// Whether the node shows no receipts.
    pub(crate) fn hide_receipts(&self, hides: bool) {
        self.chain.lock().unwrap().hides_receipts = hides;
    }

    /// How often it was asked for a receipt.
    pub(crate) fn receipts_asked(&self) -> u64 {
        self.chain.lock().unwrap().receipts_asked
    }

    /// Whether the node shows no events of a log.
    pub(crate) fn hide_events(&self, log: LogId, hides: bool) {
        let mut chain = self.chain.lock().unwrap();
        if hides {
            chain.hides_events.insert(log);
        } else {
            chain.hides_events.remove(&log);
        }
    }

    /// How often it was asked for an event.
    pub(crate) fn events_asked(&self) -> u64 {
        self.chain.lock().unwrap().events_asked
    }

    /// Nodes forget what waits.
    pub(crate) fn forget(&self) {
        let mut chain = self.chain.lock().unwrap();
        let gone = std::mem::take(&mut chain.pool);
        chain.forgotten.extend(gone);
    }

    /// All anchors of a log on the chain.
    pub(crate) fn history(&self, log: LogId) -> Vec<Head> {
        self.chain
            .lock()
            .unwrap()
            .history()
            .remove(&log)
            .unwrap_or_default()
    }

    /// The roots handed in for each anchor, mined or not.
    pub(crate) fn claimed(&self) -> BTreeMap<(LogId, u64), BTreeSet<(u64, Digest)>> {
        self.chain.lock().unwrap().claimed.clone()
    }

    /// Anchors as a thief of the submitter's key would.
    pub(crate) fn intrude(&self, anchors: Vec<Extension>, time: Timestamp) {
        let mut chain = self.chain.lock().unwrap();
        chain.counter += 1;
        let hash = hash(0xee, chain.counter);
        let nonce = chain.nonce();
        chain.calls.insert(hash, (nonce, anchors));
        chain.pool = [hash].into();
        drop(chain);
        self.mine(time);
    }
}
