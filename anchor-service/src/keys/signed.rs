//! What the keys of each log signed last, kept outside the database: a database that
//! goes back to an earlier state cannot take this back with it. Nothing is sequenced or
//! signed that does not extend it, so a key never signs two histories.
//!
//! Order of effects: the state is durable here before its checkpoint is in the database,
//! and so before anybody sees it.

pub(crate) mod error;
mod file;
pub(crate) mod state;
mod table;

pub use error::SignedError;
pub use file::SignedFile;
pub use state::{DamagedStates, SignedKeeper, SignedState, SignedStates};
pub use table::SignedTable;

use crate::{
    failure::StepError,
    log::journal::{Journal, Log, Signers},
};
use model::Digest;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tlog::notes::{checkpoint::Origin, log_key::LogKey};

/// The states as this process knows them.
#[derive(Clone)]
pub(crate) struct Signed {
    keeper: Arc<dyn SignedKeeper>,
    known: Arc<Mutex<SignedStates>>,
    damaged: Arc<Mutex<DamagedStates>>,
}

impl Signed {
    pub(crate) fn new(keeper: Arc<dyn SignedKeeper>) -> Self {
        Self {
            keeper,
            known: Arc::default(),
            damaged: Arc::default(),
        }
    }

    pub(crate) fn place(&self) -> String {
        self.keeper.place()
    }

    /// The logs of which a state is kept.
    pub(crate) fn origins(&self) -> Vec<Origin> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys().cloned().collect()
    }

    /// The newest state of a log.
    pub(crate) fn of(&self, log: &Origin) -> Option<SignedState> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(log).cloned()
    }

    /// Whether what is kept of a log can be read.
    ///
    /// # Errors
    /// When it cannot: it is not known what was signed last.
    pub(crate) fn readable(&self, log: &Origin) -> Result<(), SignedError> {
        let damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.get(log.as_str()).cloned().map_or(Ok(()), Err)
    }

    /// What is kept and cannot be read, by the name under which it is.
    pub(crate) fn damaged(&self) -> DamagedStates {
        let damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.clone()
    }

    /// The newest state that the log's keys signed, as far as anything here shows it: what
    /// is kept, or a later checkpoint in the database that is signed by one of these. Another
    /// machine may have signed since.
    pub(crate) async fn newest(
        &self,
        journal: &Journal,
        log: &Log,
        keys: &[Arc<LogKey>],
    ) -> Result<Option<(u64, Digest)>, StepError> {
        self.readable(&log.origin)?;
        let kept = self.of(&log.origin);
        let signers = Signers {
            kept: kept.clone(),
            ..Signers::of(keys)
        };
        let kept = kept.map(|state| state.claim());
        let stored = journal.newest_checkpoint(log, signers).await?;
        let later = stored.filter(|stored| stored.size > kept.map_or(0, |(size, _)| size));
        Ok(later.map(|later| (later.size, later.root)).or(kept))
    }

    /// Reads again what is kept.
    ///
    /// # Errors
    /// When any of it cannot be read.
    pub(crate) async fn refresh(&self) -> Result<(), SignedError> {
        self.refresh_each().await?;
        let damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.values().next().cloned().map_or(Ok(()), Err)
    }

    /// The same for who asks of each log whether it is [readable](Self::readable).
    pub(crate) async fn refresh_each(&self) -> Result<(), SignedError> {
        let (states, damaged) = self.aside(|keeper| keeper.read_each()).await?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = states;
        let mut before = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        for (origin, error) in &damaged {
            // Of a name that no log has nobody else tells.
            if !before.contains_key(origin) {
                tracing::error!(%error, "a signed state is damaged; its log is left out");
            }
        }
        *before = damaged;
        Ok(())
    }

    /// Keeps these in the place of those that are known. When another signed in between,
    /// its states are known from then on.
    pub(crate) async fn advance(&self, after: SignedStates) -> Result<(), SignedError> {
        let before = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.clone()
        };
        let states = after.clone();
        let swapped = self.aside(move |keeper| keeper.swap(&before, &states));
        if let Err(error) = swapped.await {
            if matches!(error, SignedError::Changed { .. }) {
                self.refresh_each().await?;
            }
            return Err(error);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(after);
        Ok(())
    }

    /// Runs what waits for a disk where it holds up nothing else.
    async fn aside<T: Send + 'static>(
        &self,
        run: impl FnOnce(&dyn SignedKeeper) -> Result<T, SignedError> + Send + 'static,
    ) -> Result<T, SignedError> {
        let keeper = Arc::clone(&self.keeper);
        let done = tokio::task::spawn_blocking(move || run(&*keeper)).await;
        done.unwrap_or_else(|error| {
            Err(SignedError::Unusable {
                place: self.place(),
                problem: error.to_string(),
            })
        })
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({})", self.place())
    }
}
