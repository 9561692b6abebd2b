//! What waits for the ledger: anchors are posted and followed, and the account that pays
//! for them is looked at.

use super::{
    parts::Parts,
    turn::{Turn, ticks},
};
use crate::{
    config::Config,
    ledger::Ledger,
    posting::{finality::Finality, funds::FundsWatch, late_evidence::LateEvidence, poster::Poster},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How often the submitter's account is looked at, and a piece of the old anchors.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often all old anchors without evidence are asked for again.
const WALK_EVERY: Duration = Duration::from_secs(86_400);

/// What waits for the ledger.
pub(super) struct LedgerSide<L> {
    pub(super) poster: Poster<L>,
    pub(super) finality: Finality<L>,
    pub(super) funds: FundsWatch<L>,
    pub(super) late_evidence: LateEvidence<L>,
}

impl<L: Ledger> LedgerSide<L> {
    pub(super) fn new(parts: &Parts<L>, config: &Config) -> Self {
        let journal = || parts.journal.clone();
        let ledger = || Arc::clone(&parts.ledger);
        let clock = || Arc::clone(&parts.clock);
        Self {
            late_evidence: LateEvidence::new(journal(), ledger(), clock()),
            funds: FundsWatch::new(journal(), ledger(), config),
            finality: Finality::new(journal(), ledger(), config.finality),
            poster: Poster::new(
                journal(),
                parts.logs.clone(),
                ledger(),
                clock(),
                parts.bell.clone(),
                config,
            ),
        }
    }

    pub(super) async fn turn(&mut self, turn: &Turn<'_>) {
        let mut ticks = ticks(turn.config.post_every());
        let (mut looked, mut walked) = (None::<Instant>, Instant::now());
        while turn.bell.rung().is_none() {
            ticks.tick().await;
            if !turn.tenure.is_held() {
                self.poster.begin();
                self.funds.forget();
                looked = None;
                continue;
            }
            if looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) {
                looked = Some(Instant::now());
                turn.note("funds", &self.funds.step().await);
                if walked.elapsed() >= WALK_EVERY {
                    walked = Instant::now();
                    self.late_evidence.begin();
                }
                turn.note("evidence", &self.late_evidence.step().await);
            }
            // Finality first: it notices a reorganisation, after which the
            // poster has old bytes to send rather than new ones to make.
            turn.note("finality", &self.finality.step().await);
            turn.note("post", &self.poster.step().await);
        }
    }
}
