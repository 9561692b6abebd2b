//! What the submitter's account has, held against what is wanted: an account that runs dry
//! is an outage, and is to be known before.

use crate::{
    config::Config,
    failure::StepError,
    ledger::{Funds, GWEI, Ledger, LedgerError},
    log::journal::Journal,
};
use std::sync::{Arc, Mutex, PoisonError};

/// Gas of an anchor of one log (docs/performance.md has what was measured), rounded up.
const GAS_OF_ANCHOR: u128 = 65_000;
const MILLIS_OF_DAY: u64 = 86_400_000;

/// The submitter's account, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    /// What it has.
    pub balance: u128,
    /// What it should have at least.
    pub wanted: u128,
}

impl Purse {
    const fn is_low(self) -> bool {
        self.balance < self.wanted
    }
}

/// What was last found; `None` while nothing is known. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastPurse(Arc<Mutex<Option<Purse>>>);

impl LastPurse {
    pub(crate) fn get(&self) -> Option<Purse> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes it, and gives the one before.
    fn swap(&self, purse: Option<Purse>) -> Option<Purse> {
        std::mem::replace(
            &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner),
            purse,
        )
    }
}

/// Looks at the account.
pub(crate) struct FundsWatch<L> {
    journal: Journal,
    ledger: Arc<L>,
    last: LastPurse,
    /// In wei, where it is configured.
    minimum: Option<u128>,
    posts_a_day: u64,
}

impl<L: Ledger> FundsWatch<L> {
    pub(crate) fn new(journal: Journal, ledger: Arc<L>, config: &Config) -> Self {
        let gwei = config.min_balance_gwei;
        Self {
            journal,
            ledger,
            last: LastPurse::default(),
            minimum: gwei.map(|gwei| u128::from(gwei).saturating_mul(GWEI)),
            posts_a_day: MILLIS_OF_DAY / config.post_millis.max(1),
        }
    }

    pub(crate) fn last(&self) -> LastPurse {
        self.last.clone()
    }

    /// Forgets what was found: another process looks now, or nobody knows.
    pub(crate) fn forget(&self) {
        self.last.swap(None);
    }

    /// Asks for balance and price; the log tells when it becomes low and when it is no more.
    /// A balance that is not known now is not known: the last one would say that all is well.
    pub(crate) async fn step(&self) -> Result<Purse, StepError> {
        let found = self.look().await;
        if found.is_err() {
            self.forget();
        }
        let purse = found?;
        let was_low = self.last.swap(Some(purse)).is_some_and(Purse::is_low);
        let (balance, wanted) = (purse.balance / GWEI, purse.wanted / GWEI);
        match (was_low, purse.is_low()) {
            (false, true) => tracing::error!(
                balance,
                wanted,
                "the submitter's account runs dry: gwei it has, and should have at least"
            ),
            (true, false) => tracing::info!(balance, wanted, "the submitter's account has enough"),
            _ => {}
        }
        Ok(purse)
    }

    async fn look(&self) -> Result<Purse, StepError> {
        let Funds { balance, price } = self.ledger.funds().await?;
        let wanted = match self.minimum {
            Some(minimum) => minimum,
            None => self.usual(price).await?,
        };
        Ok(Purse { balance, wanted })
    }

    /// What a day costs on which every log grows all the time, at today's price: nothing
    /// where gas is free. While it is dearer than what is paid at most, at that.
    async fn usual(&self, price: Result<u128, LedgerError>) -> Result<u128, StepError> {
        let price = match price {
            Err(LedgerError::TooDear { most, .. }) => most.saturating_mul(GWEI),
            price => price?,
        };
        let logs = self.journal.current_logs().await?.len();
        Ok(u128::try_from(logs)
            .unwrap_or(u128::MAX)
            .saturating_mul(GAS_OF_ANCHOR)
            .saturating_mul(u128::from(self.posts_a_day))
            .saturating_mul(price))
    }
}
