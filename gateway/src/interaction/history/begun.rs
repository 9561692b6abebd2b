//! Which versions of a history began their record, or began it again behind a delete: those
//! were answered with 201 (<https://hl7.org/fhir/R4/http.html#update>), and a history says
//! what was answered.

use super::HISTORY;
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    record::version::is_delete,
};
use model::{VersionInteraction, VersionNumber};

/// Whether each of these versions began its record; the newest stands first.
///
/// # Errors
/// When the version before one of them cannot be read now; throttled when the user has opened
/// too much.
pub(super) async fn begun(
    exchange: &Exchange<'_>,
    rows: &[&store::Version],
) -> Result<Vec<bool>, Failure> {
    let mut begun = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let older = rows.get(place + 1);
        begun.push(match (row.interaction, row.number.previous()) {
            (VersionInteraction::Create | VersionInteraction::Update, None) => true,
            (VersionInteraction::Update, Some(before)) => match older {
                Some(older) if older.record == row.record && older.number == before => {
                    is_delete(older)
                }
                _ => is_deleted(exchange, row, before).await?,
            },
            _ => false,
        });
    }
    Ok(begun)
}

/// Whether the version before is a delete that the caller may know of.
async fn is_deleted(
    exchange: &Exchange<'_>,
    row: &store::Version,
    before: VersionNumber,
) -> Result<bool, Failure> {
    let kind = &row.resource_type;
    match exchange.version_row(kind, row.record, before).await {
        // What is hidden is not paid for: what is left would tell its size.
        Ok(Some(before)) if exchange.may_reach(HISTORY, kind, before.subject) => {
            exchange.pay_beside(&before.envelope).await?;
            Ok(is_delete(&before))
        }
        Ok(_) => Ok(false),
        Err(failure) if failure.category == Category::Damaged => Ok(false),
        Err(failure) => Err(failure),
    }
}
