//! Putting a log in the place of one that cannot go on.

use super::operator::{self, Act};
use crate::{
    facility::{Facility, statement::Said},
    failure::Failure,
    ports::Ports,
};
use model::{Digest, FacilityName, LogId, Scope};
use std::sync::Arc;
use store::{NewLog, StatementKind};

/// The log before, and the last state that it signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Continued {
    /// Its name on the chain.
    pub log: LogId,
    /// Leaves under that state.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Stores a facility's next log, with a statement of what it continues: every leaf that
/// waits, and every later one, is the new log's.
///
/// # Errors
/// When the facility does not open, its statements are not all there, or a log of this
/// epoch is there.
pub async fn put_next_log(
    name: &FacilityName,
    new: NewLog,
    continued: Continued,
    ports: Ports<'_>,
) -> Result<(), Failure> {
    let facility = Arc::new(Facility::open(name, ports).await?);
    facility.read_statements(StatementKind::Continues).await?;
    let random = &**ports.random;
    let now = ports.clock.now();
    let Continued { log, size, root } = continued;
    let key = facility.keys.for_scope(Scope::Facility).await?;
    let own = facility.own_seal(&key, random);
    let said = Said::Continues { log, size, root };
    let statement = facility
        .statements
        .make(&own, StatementKind::Continues, now, &said)?;
    let act = Act {
        name: "log",
        command: "chartseal",
        touched: vec![(format!("log/{}", new.epoch), "create")],
    };
    let audit = operator::audit(&facility, &act, now, random).await?;
    let id = facility.id;
    let put = move |tx: &mut store::Tx| {
        tx.logs().insert(&new)?;
        tx.statements().insert(id, &statement)?;
        tx.audits().insert(id, &audit)
    };
    Ok(ports.store.run_tx("next log", &[], put).await?)
}
