//! What waits for the ledger: anchors are posted and followed, and the account that pays
//! for them is looked at.

use super::turn::{Turn, ticks};
use crate::{
    config::Config,
    ledger::Ledger,
    log::{journal::Journal, known_logs::KnownLogs},
    posting::{finality::Finality, funds::FundsWatch, late_evidence::LateEvidence, poster::Poster},
    service::alarm::Bell,
};
use model::Clock;
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
    pub(super) fn new(
        (journal, logs): (Journal, KnownLogs),
        ledger: Arc<L>,
        clock: Arc<dyn Clock>,
        bell: Bell,
        config: &Config,
    ) -> Self {
        let (over, at) = (journal.clone(), Arc::clone(&ledger));
        Self {
            late_evidence: LateEvidence::new(over, at, Arc::clone(&clock)),
            funds: FundsWatch::new(journal.clone(), Arc::clone(&ledger), config),
            finality: Finality::new(journal.clone(), Arc::clone(&ledger), config.finality),
            poster: Poster::new((journal, logs), ledger, clock, bell, config),
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
