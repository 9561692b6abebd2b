//! The port, answered from memory.

use super::{Chain, Hash, Lie, MemoryLedger, hash};
use crate::ledger::{
    Anchored, Block, ClosedEvent, EventCursor, EventPage, Evidence, Extension, FinalityRule, Funds,
    Head, Inclusion, Ledger, LedgerError, SentTransaction, SignedTransaction, TimedAnchor,
};
use model::LogId;
use std::sync::MutexGuard;

const AWAY: LedgerError = LedgerError::Unreachable("simulated");

impl MemoryLedger {
    fn asked(&self) -> Result<MutexGuard<'_, Chain>, LedgerError> {
        self.faults.question().map_err(|_| AWAY)?;
        let mut chain = self.chain.lock().unwrap();
        chain.agree()?;
        Ok(chain)
    }
}

impl Ledger for MemoryLedger {
    fn chain_id(&self) -> u64 {
        1
    }

    fn registry(&self) -> [u8; 20] {
        [1 + self.number; 20]
    }

    fn submitter(&self) -> [u8; 20] {
        [2; 20]
    }

    async fn check(&self) -> Result<(), LedgerError> {
        self.faults.question().map_err(|_| AWAY)
    }

    async fn head(&self, log: LogId) -> Result<Option<Head>, LedgerError> {
        let mut chain = self.asked()?;
        let head = chain
            .history()
            .get(&log)
            .and_then(|heads| heads.last().copied());
        Ok(chain.told_head(log, head))
    }

    async fn closed(&self, log: LogId) -> Result<Option<ClosedEvent>, LedgerError> {
        Ok(self.asked()?.closed.get(&log).copied())
    }

    async fn next_nonce(&self) -> Result<u64, LedgerError> {
        Ok(self.asked()?.told_nonce())
    }

    async fn prepare(
        &self,
        nonce: u64,
        anchors: &[Extension],
    ) -> Result<SignedTransaction, LedgerError> {
        let mut chain = self.asked()?;
        if chain.most_anchors.is_some_and(|most| anchors.len() > most) {
            return Err(LedgerError::TooMuchGas);
        }
        chain.judge(anchors).map_err(LedgerError::Refused)?;
        let offer = chain.offer(None)?;
        chain.counter += 1;
        let hash = hash(0x77, chain.counter);
        chain.calls.insert(hash, (nonce, anchors.to_vec()));
        chain.offered.insert(hash, offer);
        Ok(SignedTransaction {
            raw: hash.to_vec(),
            hash,
            nonce,
        })
    }

    async fn replace(&self, raw: &[u8]) -> Result<SignedTransaction, LedgerError> {
        let mut chain = self.asked()?;
        let (nonce, anchors) = chain.calls[raw].clone();
        let offer = chain.offer(Some(raw))?;
        chain.counter += 1;
        let hash = hash(0x77, chain.counter);
        chain.calls.insert(hash, (nonce, anchors));
        chain.offered.insert(hash, offer);
        Ok(SignedTransaction {
            raw: hash.to_vec(),
            hash,
            nonce,
        })
    }

    async fn broadcast(&self, raw: &[u8]) -> Result<(), LedgerError> {
        self.faults.before().map_err(|_| AWAY)?;
        let mut chain = self.chain.lock().unwrap();
        let hash: Hash = raw.try_into().unwrap();
        let (nonce, anchors) = chain.calls[&hash].clone();
        chain.sent.insert(hash);
        for a in anchors {
            chain
                .claimed
                .entry((a.log_id, a.seq))
                .or_default()
                .insert((a.size, a.root));
        }
        if nonce < chain.nonce() {
            return Err(LedgerError::NonceUsed);
        }
        // As in a real pool the newer takes the place of the older.
        let Chain { pool, calls, .. } = &mut *chain;
        pool.retain(|waiting| calls[waiting].0 != nonce);
        pool.insert(hash);
        drop(chain);
        self.faults.after().map_err(|_| AWAY)
    }

    async fn inclusion(&self, transaction: Hash) -> Result<Option<Inclusion>, LedgerError> {
        let mut chain = self.asked()?;
        chain.receipts_asked += 1;
        if chain.hides_receipts {
            return Ok(None);
        }
        let found = (0..)
            .zip(&chain.blocks)
            .find_map(|(number, (block, transactions))| {
                let (_, succeeded) = transactions.iter().find(|(hash, _)| *hash == transaction)?;
                Some(Inclusion {
                    block: number,
                    block_hash: block.hash,
                    succeeded: *succeeded,
                })
            });
        Ok(chain.told_receipt(found))
    }

    async fn anchored(&self, log: LogId, seq: u64) -> Result<Option<Anchored>, LedgerError> {
        let mut chain = self.asked()?;
        chain.events_asked += 1;
        if chain.hides_events.contains(&log) {
            return Ok(None);
        }
        let events = chain.events().into_iter();
        let mut of_seq = events.filter(|event| (event.log_id, event.seq) == (log, seq));
        let found = of_seq.next();
        Ok(chain.told_event(found))
    }

    async fn anchored_in(&self, block: u64) -> Result<Vec<Anchored>, LedgerError> {
        let mut events = self.asked()?.events();
        events.retain(|event| event.block == block);
        Ok(events)
    }

    async fn is_void(&self, nonce: u64, anchors: &[(LogId, u64)]) -> Result<bool, LedgerError> {
        let mut chain = self.asked()?;
        if chain.lies(Lie::Void) {
            return Ok(true);
        }
        let history = chain.history();
        let head = |log| history.get(&log).map_or(0, |heads| heads.len() as u64);
        Ok(chain.nonce() > nonce && anchors.iter().all(|(log, seq)| head(*log) < *seq))
    }

    async fn transaction(&self, hash: Hash) -> Result<Option<SentTransaction>, LedgerError> {
        let chain = self.asked()?;
        let transactions = |(_, transactions): &(Block, Vec<(Hash, bool)>)| {
            transactions.iter().any(|(mined, _)| *mined == hash)
        };
        let mined = chain.blocks.iter().any(transactions);
        Ok(mined.then(|| SentTransaction {
            submitter: [2; 20],
            signed: SignedTransaction {
                raw: hash.to_vec(),
                hash,
                nonce: chain.calls[&hash].0,
            },
        }))
    }

    async fn funds(&self) -> Result<Funds, LedgerError> {
        drop(self.asked()?);
        Ok(Funds {
            balance: 0,
            price: Ok(0),
        })
    }

    async fn block(&self, number: u64) -> Result<Option<Block>, LedgerError> {
        let chain = self.asked()?;
        Ok(chain
            .blocks
            .get(usize::try_from(number).unwrap())
            .map(|(block, _)| *block))
    }

    async fn final_height(&self, rule: FinalityRule) -> Result<Option<u64>, LedgerError> {
        let mut chain = self.asked()?;
        let higher = if chain.lies(Lie::Height) { 1_000 } else { 0 };
        let newest = (chain.blocks.len() as u64 + higher).checked_sub(1);
        Ok(match rule {
            FinalityRule::Depth(depth) => newest.and_then(|newest| newest.checked_sub(depth)),
            FinalityRule::Tag | FinalityRule::Immediate => newest,
        })
    }

    async fn anchor_page(&self, log: LogId, from: EventCursor) -> Result<EventPage, LedgerError> {
        let chain = self.asked()?;
        let mut events = Vec::new();
        for anchored in chain.events().into_iter().rev() {
            if anchored.log_id == log && anchored.block <= from.block {
                let block = &chain.blocks[usize::try_from(anchored.block).unwrap()].0;
                let time = u64::try_from(block.time.as_millis() / 1_000).unwrap();
                events.push(TimedAnchor { anchored, time });
            }
        }
        Ok(EventPage {
            events,
            older: None,
        })
    }

    async fn evidence(
        &self,
        transaction: Hash,
        inclusion: Inclusion,
    ) -> Result<Evidence, LedgerError> {
        drop(self.asked()?);
        Ok(Evidence {
            header: hex::encode(inclusion.block_hash),
            index: 0,
            proof: Vec::new(),
            receipt: hex::encode(transaction),
        })
    }
}
