//! Damaged index cards and patient heads, made anew by a command of the operator
//! (deploy/runbook.md, "Index cards or patient heads are damaged").
//!
//! Order. The audit record comes first. Then cards that do not open, or are those of older
//! versions, are taken away, so that the index makes them again from the versions, each of
//! which is opened as a read opens it. At last each head that does not add up the cards of its
//! patient is added up anew. Gateways may serve meanwhile: until its head fits, a search
//! within a patient is refused.

use super::{Failed, IndexJob, IndexState, TRIES};
use crate::{
    audit::administered::Did,
    facility::{
        Facility,
        setup::operator::{self, Act, Touched},
    },
    failure::Failure,
    ports::Ports,
    record::index_card::{head, made::Carding},
    work::{jobs::Job as _, sweep::cards},
};
use ::cards::INDEX_EPOCH;
use model::{FacilityName, Scope, Tag};
use std::sync::Arc;
use store::{Reader, SweptHead, Tx};

/// Cards that are read at a time.
const CARDS: u32 = 64;
/// Patients that are read at a time.
const PATIENTS: u32 = 256;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Number of cards that were not what was stored.
    pub damaged: u64,
    /// Number of heads that were added up anew.
    pub heads: u64,
    /// Number of heads that do not fit and stay: the key of their patient is not there.
    pub heads_left: u64,
    /// Number of current versions that have no card, because they do not open.
    pub unread: u64,
    /// The first of their records.
    pub without_card: Vec<Tag>,
}

/// Makes the damaged and missing cards and heads of a facility anew.
///
/// # Errors
/// When the facility cannot be opened, the audit record cannot be written, or the database or
/// the keys cannot be read.
pub async fn rebuild(name: &FacilityName, ports: Ports<'_>) -> Result<Rebuilt, Failure> {
    let facility = Arc::new(Facility::open(name, ports).await?);
    note(&facility, ports).await?;
    let mut job = IndexJob {
        facility: Arc::clone(&facility),
        store: ports.store.clone(),
        random: Arc::clone(ports.random),
        clock: Arc::clone(ports.clock),
        failed: Failed::default(),
    };
    let damaged = drop_damaged(&job).await?;
    let state = index(&mut job).await?;
    let mut rebuilt = Rebuilt {
        damaged,
        unread: state.unread,
        without_card: state.without_card().to_vec(),
        ..Rebuilt::default()
    };
    rebuild_heads(&job, &mut rebuilt).await?;
    Ok(rebuilt)
}

/// Makes the cards of current versions that have none. The job itself passes over what
/// cannot be had as often as it is tried.
async fn index(job: &mut IndexJob) -> Result<IndexState, Failure> {
    let (mut state, mut failures) = (IndexState::begin(), 0);
    while !state.has_ended() {
        failures = match job.step(&mut state).await {
            Ok(()) => 0,
            Err(failure) if failures == TRIES => return Err(failure),
            Err(_) => failures + 1,
        };
    }
    Ok(state)
}

/// Leaves the audit record of the command.
async fn note(facility: &Arc<Facility>, ports: Ports<'_>) -> Result<(), Failure> {
    let act = Act {
        name: "index-rebuild",
        command: "chartseal index rebuild",
        touched: vec![Touched {
            path: format!("index/{INDEX_EPOCH}"),
            did: Did::Update,
        }],
    };
    let audit = operator::audit(facility, &act, ports.clock.now(), &**ports.random).await?;
    let id = facility.id;
    let insert = move |tx: &mut Tx| tx.audits().insert(id, &audit);
    Ok(ports.store.run_tx("index: audit", &[], insert).await?)
}

/// Takes away cards that do not open, or are those of older versions; how many.
async fn drop_damaged(job: &IndexJob) -> Result<u64, Failure> {
    let (facility, store, id) = (&job.facility, &job.store, job.facility.id);
    let (mut after, mut dropped) = (None::<Vec<u8>>, 0);
    loop {
        let from = after.clone();
        let read = move |reader: &mut Reader| reader.cards().swept(id, from.as_deref(), CARDS);
        let rows = store.search("index: cards", read).await?;
        let Some(last) = rows.last() else {
            return Ok(dropped);
        };
        after = Some(last.name.record.clone());
        for row in rows {
            let opens = match &row.card {
                Ok(card) => cards::opens(facility, card).await?,
                Err(_) => false,
            };
            if !opens || row.is_old {
                let drop = move |tx: &mut Tx| tx.cards().drop_damaged(id, &row);
                dropped += u64::from(store.run_tx("index: damaged card", &[], drop).await?);
            }
        }
    }
}

/// Adds up anew the heads that do not fit.
async fn rebuild_heads(job: &IndexJob, rebuilt: &mut Rebuilt) -> Result<(), Failure> {
    let (store, id) = (&job.store, job.facility.id);
    let mut after = None::<Vec<u8>>;
    loop {
        let from = after.clone();
        let read =
            move |reader: &mut Reader| reader.cards().swept_patients(id, from.as_deref(), PATIENTS);
        let patients = store.search("index: patients", read).await?;
        let Some(last) = patients.last() else {
            return Ok(());
        };
        after = Some(last.clone());
        // A tag of another form is that of no patient, and no search comes by it.
        for patient in patients.iter().filter_map(|tag| Tag::from_slice(tag).ok()) {
            rebuild_head(job, patient, rebuilt).await?;
        }
    }
}

async fn rebuild_head(job: &IndexJob, patient: Tag, rebuilt: &mut Rebuilt) -> Result<(), Failure> {
    let (facility, id) = (&job.facility, job.facility.id);
    let read = move |reader: &mut Reader| reader.cards().swept_head(id, patient);
    let SweptHead { head, members } = job.store.search("index: head", read).await?;
    let fits = match &head {
        Some(stored) => head::fits(facility, patient, stored, &members).await?,
        None => members.is_empty(),
    };
    if fits {
        return Ok(());
    }
    let key = facility.keys.existing(Scope::Patient(patient)).await;
    let Ok(key) = Failure::settled(key)? else {
        tracing::error!(facility = %facility.name, %patient,
            "a patient head cannot be added up, for the key of the patient is not there");
        rebuilt.heads_left += 1;
        return Ok(());
    };
    let keeper = Carding::of(facility, &job.random).head(patient, &key);
    let add_up = move |tx: &mut Tx| tx.cards().rebuild_head(id, &*keeper);
    job.store.run_tx("index: head", &[], add_up).await?;
    rebuilt.heads += 1;
    Ok(())
}
