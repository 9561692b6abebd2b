//! Facilities that have no log yet. Whoever can write to the database can put a million rows
//! there, so that some are looked at at a time, and in turn.

use super::Journal;
use crate::failure::StepError;
use store::{Error, Facility, FacilityId, Reader};

/// Facilities that one look takes.
const PAGE: u32 = 512;
/// Those of them whose leaves one transaction looks at.
const MOST_AWAITED: usize = 32;
/// Waiting leaves of one of these that are looked at.
const FIRST_LEAVES: u32 = 512;
/// As far as those are counted that wait for a later look.
const MOST_COUNTED: u32 = 10_000;

/// What one look found.
#[derive(Debug)]
pub(crate) struct WithoutLog {
    /// Those of which a row says so that somebody else could not have made: whoever makes a
    /// facility seals its rules, and their leaf waits.
    pub(crate) sealed: Vec<Facility>,
    /// After which the next look begins; `None` for the first.
    pub(crate) next: Option<FacilityId>,
    /// How many there are behind those of a first look, up to 10,000.
    pub(crate) later: u64,
}

/// Those that a leaf with a mac waits for, before their macs are looked at.
struct Awaited {
    facilities: Vec<Facility>,
    next: Option<FacilityId>,
    later: u64,
}

impl Journal {
    /// Looks at the facilities without a log after this one.
    pub(crate) async fn without_log(
        &self,
        after: Option<FacilityId>,
    ) -> Result<WithoutLog, StepError> {
        let read = move |reader: &mut Reader| awaited(reader, after);
        let Awaited {
            facilities,
            next,
            later,
        } = self.read("facilities without a log", read).await?;
        let mut found = WithoutLog {
            sealed: Vec::new(),
            next,
            later,
        };
        if facilities.is_empty() {
            return Ok(found);
        }
        let sealed = self.write("facilities without a log", move |tx| {
            let mut sealed = Vec::new();
            for facility in &facilities {
                let claims = tx.leaves().claims(facility.id, FIRST_LEAVES)?;
                if !claims.good.is_empty() {
                    sealed.push(facility.clone());
                }
            }
            Ok(sealed)
        });
        found.sealed = sealed.await?;
        Ok(found)
    }
}

fn awaited(reader: &mut Reader, after: Option<FacilityId>) -> Result<Awaited, Error> {
    let page = reader.facilities().without_log(after, PAGE)?;
    let is_full = page.len() >= PAGE as usize;
    let mut found = Awaited {
        facilities: Vec::new(),
        next: page.last().map(|(id, _)| *id).filter(|_| is_full),
        later: 0,
    };
    for (id, facility) in page {
        // A row that cannot be read is named at another place.
        if let Ok(facility) = facility
            && reader.leaves().is_awaited(id)?
        {
            found.facilities.push(facility);
        }
        if found.facilities.len() >= MOST_AWAITED {
            found.next = Some(id);
            break;
        }
    }
    if after.is_none() && is_full {
        let all = reader.facilities().count_without_log(MOST_COUNTED)?;
        found.later = all.saturating_sub(u64::from(PAGE));
    }
    Ok(found)
}
