//! The audit records of a run, counted: speed without them would be worth nothing.

use crate::{Failed, report::Report};
use store::{AuditRange, AuditsOf, Database, Store};

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

/// Holds the audit records against the least that the requests must have left, and the
/// most.
pub fn check_between(
    report: &Report,
    database: &Database,
    least: u64,
    most: u64,
) -> Result<(), Failed> {
    let audited = count(database)?;
    if !(least..=most).contains(&audited) {
        return Err(format!("{audited} audit records, not {least} to {most}").into());
    }
    report.note(&format!(
        "{audited} audit records; {least} to {most} must be"
    ));
    Ok(())
}

/// How many audit records a database holds that nobody writes to, in all facilities.
pub fn count(database: &Database) -> Result<u64, Failed> {
    let store = Store::open(database)?;
    let count = store.read_blocking("count of audit records", |reader| {
        let facilities = reader.facilities().list()?;
        facilities.iter().try_fold(0, |sum, facility| {
            let (of, all) = (AuditsOf::Facility, AuditRange::default());
            let own = reader.audits().count(facility.id, &of, &all, u32::MAX)?;
            Ok(sum + own as u64)
        })
    })?;
    Ok(count)
}
