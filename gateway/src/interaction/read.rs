//! read and vread: `GET [base]/[type]/[id]` and `.../_history/[vid]`
//! (<https://hl7.org/fhir/R4/http.html#read>).

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{
        precondition::{Newest, Preconditions},
        reply::{Reply, VersionMark},
    },
    interaction::kinds::{ALL_TYPES, Does, Place, Row},
    record::{
        sight::Looked,
        version::{OpenVersion, is_delete},
    },
};
use fhir::IssueCode;
use model::{LogicalId, ResourceType, Restful, VersionNumber};
use policies::Action;

/// How a record is read.
pub static READ: Row = Row::get(Place::Instance, Does::Shows, &[Restful::Read], ALL_TYPES);
/// How one of its versions is.
pub static VREAD: Row = Row::get(Place::Version, Does::Shows, &[Restful::Vread], ALL_TYPES);

/// The current version of a record.
///
/// # Errors
/// Not found for what is absent or hidden alike; gone after a delete; precondition
/// failed.
pub async fn read(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    preconditions: &Preconditions,
) -> Result<Reply, Failure> {
    let looked = exchange.look(&[Action::Read], kind, id, None).await?;
    let version = permitted(exchange, Action::Read, kind, id, looked).await?;
    let newest = exchange.newest(&version.row, preconditions).await?;
    answer(&version, &newest, preconditions)
}

/// One version of a record.
///
/// # Errors
/// Not found for what is absent or hidden alike; gone for the delete's version;
/// precondition failed.
pub async fn vread(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    id: &LogicalId,
    number: VersionNumber,
    preconditions: &Preconditions,
) -> Result<Reply, Failure> {
    let looked = exchange
        .look(&[Action::Vread], kind, id, Some(number))
        .await?;
    let version = permitted(exchange, Action::Vread, kind, id, looked).await?;
    let mark = VersionMark {
        number: version.row.number,
        time: version.row.time,
    };
    answer(&version, &Newest::only(mark), preconditions)
}

fn answer(
    version: &OpenVersion,
    asked: &Newest,
    preconditions: &Preconditions,
) -> Result<Reply, Failure> {
    if is_delete(&version.row) {
        return Err(deleted());
    }
    let freshness = preconditions.check_read(asked)?;
    Ok(Reply::version(
        asked.mark,
        freshness,
        version.content.to_vec(),
    ))
}

/// The refusal of a record that was deleted.
pub(crate) fn deleted() -> Failure {
    Failure::new(
        Category::Gone,
        IssueCode::Deleted,
        "the record was deleted; its earlier versions can still be read",
    )
}

/// Asks for what was found and shows it.
///
/// # Errors
/// Not found for what is absent or hidden alike.
async fn permitted(
    exchange: &mut Exchange<'_>,
    action: Action,
    kind: &ResourceType,
    id: &LogicalId,
    looked: Looked,
) -> Result<OpenVersion, Failure> {
    match exchange.ask_shown(action, kind, id, looked).await? {
        Some((asked, found)) => exchange.release(asked, found),
        None => Err(Failure::not_found()),
    }
}
