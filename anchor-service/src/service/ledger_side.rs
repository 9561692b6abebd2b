//! What waits for the ledger: anchors are posted and followed, and the account that pays
//! for them is looked at.

use super::turn::{Turn, ticks};
use crate::{finality::Finality, funds::FundsWatch, ledger::Ledger, poster::Poster};
use std::time::Duration;
use tokio::time::Instant;

/// How often the submitter's account is looked at.
const FUNDS_EVERY: Duration = Duration::from_secs(60);

/// What waits for the ledger.
pub(super) struct LedgerSide<L> {
    pub(super) poster: Poster<L>,
    pub(super) finality: Finality<L>,
    pub(super) funds: FundsWatch<L>,
}

impl<L: Ledger> LedgerSide<L> {
    pub(super) async fn turn(&mut self, turn: &Turn<'_>) {
        let mut ticks = ticks(turn.config.post_every());
        let mut counted = None::<Instant>;
        while turn.bell.rung().is_none() {
            ticks.tick().await;
            if !turn.tenure.is_held() {
                self.poster.begin();
                self.funds.forget();
                counted = None;
                continue;
            }
            if counted.is_none_or(|counted| counted.elapsed() >= FUNDS_EVERY) {
                counted = Some(Instant::now());
                // Why the node does not answer is named by the steps that need it.
                let _ = self.funds.step().await;
            }
            // Finality first: it notices a reorganisation, after which the
            // poster has old bytes to send rather than new ones to make.
            turn.note("finality", &self.finality.step().await);
            turn.note("post", &self.poster.step().await);
        }
    }
}
