//! The versions of many records in the order of time, the newest first: places, and the rows
//! that stand there. What the request itself has written is among them.

use crate::{exchange::Exchange, failure::Failure, record::version::is_delete};
use model::{ResourceType, Tag, Timestamp};
use policies::Action;
use std::{cmp::Reverse, sync::Arc};
use store::{Reader, Subjects, Version, WrittenPlace, WrittenPosition, WrittenRange};

/// Rows read at a time.
const ROWS: usize = 50;
/// Sealed bytes that are held before they are opened; one row more goes beyond.
const HELD_BYTES: usize = 8 * 1024 * 1024;

/// A type, and about whom its versions may be.
pub(super) type OfType = (ResourceType, Subjects);

/// A version that was found, before its row is read.
pub(super) struct Place {
    pub(super) kind: ResourceType,
    pub(super) at: WrittenPlace,
}

/// The place of a version.
pub(super) const fn position(version: &Version) -> WrittenPosition {
    WrittenPosition {
        time: version.time,
        record: version.record,
        number: version.number,
    }
}

/// Whose versions of a type could be permitted; `None` when no one's could.
pub(super) fn subjects(
    exchange: &Exchange<'_>,
    action: &[Action],
    kind: &ResourceType,
) -> Option<Subjects> {
    if exchange.reaches_all(action, kind) {
        return Some(Subjects::All);
    }
    let own = exchange.own_patient();
    let patient = own.filter(|own| exchange.may_reach(action, kind, Some(*own)));
    let nobody = exchange.may_reach(action, kind, None);
    (patient.is_some() || nobody).then_some(Subjects::Some { patient, nobody })
}

/// The next places, at most `limit`.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn read(
    exchange: &Exchange<'_>,
    types: &Arc<[OfType]>,
    range: &WrittenRange,
    limit: u32,
) -> Result<Vec<Place>, Failure> {
    let (facility, of, wanted) = (exchange.facility().id, Arc::clone(types), *range);
    let read = move |reader: &mut Reader| {
        let mut places = Vec::new();
        for (kind, subjects) in of.iter() {
            let found = reader
                .versions()
                .written(facility, kind, *subjects, &wanted, limit)?;
            places.extend(found.into_iter().map(|at| Place {
                kind: kind.clone(),
                at,
            }));
        }
        Ok(places)
    };
    let mut places = exchange.search("history places", read).await??;
    if !exchange.written().is_empty() {
        lay_over(exchange, types, range, &mut places);
    }
    places.sort_unstable_by_key(|place| Reverse(place.at.position));
    places.truncate(limit as usize);
    Ok(places)
}

/// Adds what the request has written, and takes away what that has replaced in time.
fn lay_over(
    exchange: &Exchange<'_>,
    types: &[OfType],
    range: &WrittenRange,
    places: &mut Vec<Place>,
) {
    let written = || exchange.written().iter().map(|write| &write.version);
    let replaced = |place: &WrittenPosition, moment: Timestamp| {
        written().any(|version| {
            version.record == place.record
                && version.number > place.number
                && version.time <= moment
        })
    };
    let of_types = written().filter(|version| {
        let mut types = types.iter();
        types.any(|(kind, subjects)| {
            *kind == version.resource_type && is_about(subjects, version.subject)
        })
    });
    places.extend(
        of_types
            .filter(|version| is_in(range, version))
            .map(|version| Place {
                kind: version.resource_type.clone(),
                at: WrittenPlace {
                    position: position(version),
                    subject: version.subject,
                },
            }),
    );
    if let Some(at) = range.at {
        places.retain(|place| !replaced(&place.at.position, at.from));
    }
}

fn is_about(subjects: &Subjects, subject: Option<Tag>) -> bool {
    match (subjects, subject) {
        (Subjects::All, _) => true,
        (Subjects::Some { nobody, .. }, None) => *nobody,
        (Subjects::Some { patient, .. }, subject) => *patient == subject,
    }
}

fn is_in(range: &WrittenRange, version: &Version) -> bool {
    let place = position(version);
    range.before.is_none_or(|before| place < before)
        && range.since.is_none_or(|since| place.time >= since)
        && range.at.is_none_or(|at| {
            at.until.is_none_or(|until| place.time < until)
                && (place.time >= at.from || !is_delete(version))
        })
}

/// The rows of some places, of the first ones alone where they are large; an error of one is
/// none of the others' concern. A row that was cut since is missing.
///
/// # Errors
/// When none can be read.
pub(super) async fn rows(
    exchange: &Exchange<'_>,
    places: &[Place],
) -> Result<Vec<Result<Version, store::Error>>, Failure> {
    let facility = exchange.facility().id;
    let mut rows: Vec<Result<Version, store::Error>> = Vec::with_capacity(places.len());
    for some in places.chunks(ROWS) {
        let held: usize = rows.iter().map(size).sum();
        let Some(mut left) = HELD_BYTES.checked_sub(held).filter(|left| *left > 0) else {
            break;
        };
        let positions: Vec<_> = some.iter().map(|place| place.at.position).collect();
        let written: Vec<Option<Version>> = positions
            .iter()
            .map(|place| {
                let mut written = exchange.written().iter().map(|write| &write.version);
                written.find(|version| position(version) == *place).cloned()
            })
            .collect();
        let read = move |reader: &mut Reader| {
            let mut rows = Vec::with_capacity(positions.len());
            for (place, written) in positions.into_iter().zip(written) {
                if left == 0 {
                    break;
                }
                let found = match written {
                    Some(version) => Ok(version),
                    None => row(reader, facility, place),
                };
                left = left.saturating_sub(size(&found));
                rows.push(found);
            }
            Ok(rows)
        };
        rows.extend(exchange.search("history rows", read).await??);
    }
    Ok(rows)
}

/// Sealed bytes of a row.
fn size(row: &Result<Version, store::Error>) -> usize {
    row.as_ref().map_or(0, |row| row.envelope.len())
}

fn row(
    reader: &mut Reader,
    facility: store::FacilityId,
    place: WrittenPosition,
) -> Result<Version, store::Error> {
    let found = reader
        .versions()
        .find(facility, place.record, place.number)?;
    found.ok_or(store::Error::Missing(store::MissingVersion {
        record: place.record,
        number: place.number,
    }))
}
