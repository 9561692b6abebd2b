//! The one commit that makes a request true: its parts and their pending leaves, with the
//! epochs compared.
//!
//! The commit stands before the answer. If it fails, nothing was written and
//! nothing is disclosed.

use crate::exchange::Exchange;
use store::Tx;

/// Commits the parts of a request.
///
/// # Errors
/// When they could not be committed; the caller of the request must get nothing.
pub(super) async fn commit(exchange: Exchange<'_>) -> Result<(), store::Error> {
    let Exchange {
        context,
        parts,
        rules,
        ..
    } = exchange;
    let (app, facility) = (&context.app, context.facility.id);
    let (parts, epochs) = (parts.in_order(), rules.epochs());
    let locks = parts.locks(&context.facility.name);
    let (stored, is_long) = (parts.stored(), parts.is_long());
    // Order of effects: the epochs are compared first, so that a request decided
    // on what is no longer in force leaves no trace; then the answer, which refuses a
    // key that was answered meanwhile; then versions, which refuse a number already
    // taken; then what administrators change, which moves the epoch; then the audit.
    // One commit, or nothing.
    let write = move |tx: &mut Tx| {
        for (facility, epoch) in &epochs {
            tx.epochs()
                .require(*facility, std::slice::from_ref(epoch))?;
        }
        parts.apply(tx, facility)
    };
    if is_long {
        app.store.run_long_tx("exchange", &locks, write).await?;
    } else {
        app.store.run_tx("exchange", &locks, write).await?;
    }
    let stored = app.throttle.stored(&context.caller, stored.into_iter());
    app.counters.stored(stored);
    Ok(())
}
