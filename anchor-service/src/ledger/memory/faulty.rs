//! What a node does wrong, and what must hold all the same.

use super::{Chain, GWEI, MemoryLedger, Offer};
use crate::ledger::{Anchored, Head, Inclusion, LedgerError};
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
    /// An event of the registry that never was.
    Event,
    /// No event where there is one.
    NoEvent,
    /// A chain that is higher than it is.
    Height,
    /// The transaction can take no effect.
    Void,
    /// A tip that nobody could pay.
    Tip,
}

impl Lie {
    pub(crate) const ALL: [Self; 11] = [
        Self::Head,
        Self::OldHead,
        Self::Nonce,
        Self::OldNonce,
        Self::Block,
        Self::Failed,
        Self::Event,
        Self::NoEvent,
        Self::Height,
        Self::Void,
        Self::Tip,
    ];
}

impl Chain {
    /// Whether this answer is the false one.
    pub(super) fn lies(&mut self, lie: Lie) -> bool {
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

    pub(super) fn told_event(&mut self, found: Option<Anchored>) -> Option<Anchored> {
        let mut told = found?;
        if self.lies(Lie::NoEvent) {
            return None;
        }
        if self.lies(Lie::Event) {
            told.transaction = [0x11; 32];
            told.root = Digest::new([0x11; 32]);
        }
        Some(told)
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

    /// Nothing was handed in that offers more than the bounds, and a step has one transaction
    /// mined at most: so all that was paid is bounded.
    pub(crate) fn judge_fees(&self, steps: u64) {
        let chain = self.chain.lock().unwrap();
        assert!(chain.nonce() <= steps, "{} were paid for", chain.nonce());
        for hash in &chain.sent {
            let Offer {
                transaction,
                today,
                misled,
            } = &chain.offered[hash];
            let offered = transaction.max_fee_per_gas;
            let tip = transaction.max_priority_fee_per_gas;
            assert!(offered <= 500 * GWEI, "{offered} wei for a unit of gas");
            assert!(tip <= offered.min(100 * GWEI), "a tip of {tip}");
            let most = (*today * 5).max(10 * GWEI);
            assert!(*misled || offered <= most, "{offered} of {today}");
        }
    }

    /// What was handed in offers for gas: all of it, and the tip in it.
    pub(crate) fn offers(&self) -> Vec<(u128, u128)> {
        let chain = self.chain.lock().unwrap();
        let of = |hash| {
            let sent = &chain.offered[hash].transaction;
            (sent.max_fee_per_gas, sent.max_priority_fee_per_gas)
        };
        chain.sent.iter().map(of).collect()
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
