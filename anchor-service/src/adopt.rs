//! Takes the newest checkpoint that the database holds for what a log's keys signed
//! last, where nothing outside the database says so: for installations of releases that
//! kept it nowhere else, and after the file was lost. It cannot see checkpoints that the
//! database has lost; so it wants the registry's word too, and is for an operator to do.

use crate::{
    alarm::Bell,
    failure::StepError,
    guard,
    journal::Journal,
    ledger::Ledger,
    signed::{Signed, SignedKeeper, SignedState},
};
use model::FacilityName;
use std::sync::Arc;
use store::Store;

/// A log whose state was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Whose log.
    pub facility: FacilityName,
    /// The log's origin.
    pub origin: String,
    /// Leaves under the checkpoint.
    pub size: u64,
}

/// Adopts the newest checkpoint of each log of which no state is kept; gives them.
///
/// # Errors
/// When a log contradicts its checkpoint, the registry or a kept state, or one of them
/// cannot be read. Nothing is kept then.
pub async fn adopt<L: Ledger>(
    store: &Store,
    ledger: &L,
    keeper: Arc<dyn SignedKeeper>,
) -> Result<Vec<Adopted>, StepError> {
    let (journal, bell) = (Journal::new(store.clone()), Bell::default());
    let signed = Signed::new(keeper);
    signed.refresh().await?;
    let (mut adopted, mut states) = (Vec::new(), Vec::new());
    for log in journal.all_logs().await? {
        let newest = journal.newest_checkpoint(log.id).await?;
        let Some(checkpoint) = newest.filter(|_| signed.of(&log.origin).is_none()) else {
            continue;
        };
        states.push(SignedState::of(&log.origin, &checkpoint));
        adopted.push(Adopted {
            facility: log.facility,
            origin: log.origin.to_string(),
            size: checkpoint.size,
        });
    }
    if states.is_empty() {
        return Ok(adopted);
    }
    guard::check_checkpoints(&journal, &bell).await?;
    ledger.check().await?;
    journal.is_bound_to(ledger).await?;
    guard::check_heads(&journal, ledger, &bell).await?;
    signed.advance(states.into_iter().collect()).await?;
    Ok(adopted)
}
