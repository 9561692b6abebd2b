//! Putting a log in the place of one that cannot go on.

use super::operator::{self, Act, Touched};
use crate::{
    audit::administered::Did,
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
        touched: vec![Touched {
            path: format!("log/{}", new.epoch),
            did: Did::Create,
        }],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facility::{
        setup::{FIRST_GENERATION, NewFacility, create_facility},
        statement,
    };
    use model::{Clock, Random, SystemClock, SystemRandom};
    use policies::PolicySource;
    use sealing::{FileKms, Kms as _};
    use std::collections::BTreeSet;
    use store::{Database, Reader, Store};

    const STATE: Continued = Continued {
        log: LogId::new([1; 32]),
        size: 7,
        root: Digest::new([0xcd; 32]),
    };

    /// Of a facility with one log.
    async fn made(folder: &std::path::Path, name: &FacilityName) -> (Store, FileKms) {
        let path = folder.join("chartseal.db");
        let store = Store::open(&Database::Sqlite { path }).unwrap();
        store.leaf_keys().set([&[1; 32]]);
        let kms = FileKms::create(&folder.join("kms")).unwrap();
        kms.add_root(name, FIRST_GENERATION, &SystemRandom).unwrap();
        let new = NewFacility {
            name: name.clone(),
            policies: PolicySource::shipped(),
            administrators: Vec::new(),
            clients: Vec::new(),
            shares_with: BTreeSet::new(),
        };
        let created = create_facility(new, &store, &kms, &SystemClock, &SystemRandom);
        created.await.unwrap();
        let facility = facility_of(&store).await;
        let first = log(facility, 1);
        let insert = move |tx: &mut store::Tx| tx.logs().insert(&first);
        store.run_tx("log", &[], insert).await.unwrap();
        (store, kms)
    }

    async fn facility_of(store: &Store) -> store::FacilityId {
        let list = |reader: &mut Reader| reader.facilities().list();
        store.read("facilities", list).await.unwrap()[0].id
    }

    fn log(facility: store::FacilityId, epoch: u32) -> NewLog {
        let byte = u8::try_from(epoch).unwrap();
        NewLog {
            facility,
            epoch,
            origin: format!("gw.test/log/riverside/{epoch}"),
            log_id: LogId::new([byte; 32]),
            public_key: [byte; 32],
        }
    }

    #[actix_web::test]
    async fn the_next_log_begins_with_the_last_state_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let name: FacilityName = "riverside".parse().unwrap();
        let (store, kms) = made(folder.path(), &name).await;
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
            (Arc::new(SystemClock), Arc::new(SystemRandom));
        let ports = Ports {
            store: &store,
            kms: &kms,
            clock: &clock,
            random: &random,
        };
        let id = facility_of(&store).await;
        let put = put_next_log(&name, log(id, 2), STATE, ports);
        put.await.unwrap();
        let read = move |reader: &mut Reader| {
            let rows = reader.statements().after(id, StatementKind::Continues, 0)?;
            let waiting = reader.leaves().pending(id, u32::MAX)?;
            Ok((rows, waiting, reader.logs().find(id)?))
        };
        let (mut rows, waiting, newest) = store.read("made", read).await.unwrap();
        assert_eq!(newest.unwrap().epoch, 2);
        assert_eq!(rows.len(), 1);
        let row = rows.remove(0).unwrap();
        let facility = Facility::open(&name, ports).await.unwrap();
        let (keys, tags) = (&facility.keys, &facility.tags);
        let (said, leaf) = statement::open_with_leaf(&name, keys, tags, &row)
            .await
            .unwrap();
        let Continued { log, size, root } = STATE;
        assert_eq!(said, Said::Continues { log, size, root });
        // Whatever waits is the new log's.
        assert!(waiting.iter().any(|waiting| waiting.commitment == leaf));
    }
}
