//! What a node does wrong, and what must hold all the same.

use super::{Chain, GWEI, MemoryLedger};
use crate::ledger::{Head, Inclusion, LedgerError};
use model::{Digest, LogId};
use std::collections::{BTreeMap, BTreeSet};

/// What an answer is false in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// A head that never was.
    Head,
    /// The head as it was a block ago.
    OldHead,
    /// A transaction number too large.
    Nonce,
    /// A transaction number that is used.
    OldNonce,
    /// A block that never was holds the transaction.
    Block,
    /// The transaction that took effect failed.
    Failed,
}

impl Lie {
    pub(crate) const ALL: [Self; 6] = [
        Self::Head,
        Self::OldHead,
        Self::Nonce,
        Self::OldNonce,
        Self::Block,
        Self::Failed,
    ];
}

impl Chain {
    /// Whether this answer is the false one.
    fn lies(&mut self, lie: Lie) -> bool {
        self.lie.take_if(|next| *next == lie).is_some()
    }

    /// Whether enough nodes answer.
    pub(super) fn agree(&mut self) -> Result<(), LedgerError> {
        if !self.most_away {
            return Ok(());
        }
        self.asked_in_vain += 1;
        Err(LedgerError::TooFewNodes {
            what: "it",
            said: "simulated".to_owned(),
        })
    }

    pub(super) fn told_head(&mut self, log: LogId, head: Option<Head>) -> Option<Head> {
        if self.lies(Lie::OldHead) {
            let newest = self.blocks.pop();
            let mut before = self.history();
            self.blocks.extend(newest);
            return before.remove(&log).and_then(|heads| heads.last().copied());
        }
        if !self.lies(Lie::Head) {
            return head;
        }
        head.map(|head| Head {
            seq: head.seq + 1,
            size: head.size + 1,
            root: Digest::new([0x11; 32]),
            ..head
        })
    }

    pub(super) fn told_nonce(&mut self) -> u64 {
        let nonce = self.nonce();
        if self.lies(Lie::Nonce) {
            return nonce + 2;
        }
        if self.lies(Lie::OldNonce) {
            nonce.saturating_sub(1)
        } else {
            nonce
        }
    }

    pub(super) fn told_receipt(&mut self, found: Option<Inclusion>) -> Option<Inclusion> {
        let mut told = found?;
        if self.lies(Lie::Block) {
            told.block_hash = [0x11; 32];
        }
        if self.lies(Lie::Failed) {
            told.succeeded = false;
        }
        Some(told)
    }
}

impl MemoryLedger {
    /// Answers a question of this kind falsely, once.
    pub(crate) fn lie(&self, lie: Lie) {
        self.chain.lock().unwrap().lie = Some(lie);
    }

    /// Whether one node answers alone, of several.
    pub(crate) fn set_most_away(&self, away: bool) {
        self.chain.lock().unwrap().most_away = away;
    }

    /// How often nodes were asked of which too few answer.
    pub(crate) fn asked_in_vain(&self) -> u64 {
        self.chain.lock().unwrap().asked_in_vain
    }

    /// Answers truly.
    pub(crate) fn be_honest(&self) {
        self.chain.lock().unwrap().lie = None;
    }

    /// What gas costs from now on, in gwei.
    pub(crate) fn set_price(&self, gwei: u64) {
        self.chain.lock().unwrap().price = gwei;
    }

    /// What was forgotten waits again.
    pub(crate) fn recall(&self) {
        let mut chain = self.chain.lock().unwrap();
        let nonce = chain.nonce();
        let Chain {
            pool,
            forgotten,
            calls,
            ..
        } = &mut *chain;
        for hash in std::mem::take(forgotten) {
            let (own, _) = calls[&hash];
            // As in a real pool, not beside another of its number.
            if own >= nonce && pool.iter().all(|waiting| calls[waiting].0 != own) {
                pool.insert(hash);
            }
        }
    }

    /// Nothing was offered beyond the bounds, and a step has one transaction mined at most:
    /// so all that was paid is bounded.
    pub(crate) fn judge_fees(&self, steps: u64) {
        let chain = self.chain.lock().unwrap();
        assert!(chain.nonce() <= steps, "{} were paid for", chain.nonce());
        let mined = chain
            .blocks
            .iter()
            .flat_map(|(_, transactions)| transactions);
        let paid =
            mined.map(|(hash, _)| chain.offered.get(hash).map_or(0, |(offered, _)| *offered));
        assert!(paid.sum::<u128>() <= u128::from(steps) * 500 * GWEI);
        for (offered, today) in chain.offered.values() {
            assert!(*offered <= 500 * GWEI, "{offered} wei for a unit of gas");
            assert!(
                *offered <= (*today * 5).max(10 * GWEI),
                "{offered} of {today}"
            );
        }
    }

    /// The roots that were handed in, by log and size.
    pub(crate) fn roots(&self) -> BTreeMap<LogId, BTreeMap<u64, BTreeSet<Digest>>> {
        let mut roots: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for ((log, _), claims) in self.claimed() {
            for (size, root) in claims {
                let of_log = roots.entry(log).or_default();
                of_log.entry(size).or_default().insert(root);
            }
        }
        roots
    }
}
