//! The audit records of a run, counted: speed without them would be worth nothing.

use crate::{Failed, report::Report};
use store::{AuditPosition, Database, FacilityId, Reader, Store};

/// Audit records read at a time.
const PAGE: u32 = 1_000;

/// Holds the audit records that came since `before` against the requests.
pub fn check(
    report: &Report,
    database: &Database,
    before: u64,
    requests: u64,
) -> Result<(), Failed> {
    let audited = count(database)? - before;
    if audited != requests {
        return Err(format!("{requests} requests left {audited} audit records").into());
    }
    report.note(&format!("{audited} audit records of {requests} requests"));
    Ok(())
}

/// How many audit records a database holds that nobody writes to, in all facilities.
pub fn count(database: &Database) -> Result<u64, Failed> {
    let store = Store::open(database)?;
    let count = store.read_blocking("count of audit records", |reader| {
        let facilities = reader.facilities().list()?;
        facilities
            .iter()
            .try_fold(0, |sum, facility| Ok(sum + audits_of(reader, facility.id)?))
    })?;
    Ok(count)
}

fn audits_of(reader: &mut Reader, facility: FacilityId) -> Result<u64, store::Error> {
    let mut count = 0;
    let mut before = None;
    loop {
        let page = reader.audits().page(facility, None, before, PAGE)?;
        let Some(oldest) = page.last() else {
            return Ok(count);
        };
        count += page.len() as u64;
        before = Some(AuditPosition {
            time: oldest.audit.time,
            record: oldest.audit.record,
        });
    }
}
