//! The sweep: whether every version, audit record and statement has exactly one leaf,
//! which commits to it, and every leaf, waiting or in the log, exactly one row; whether index
//! cards open, and patient heads add them up. What is read by requests is checked then; the
//! sweep comes by what nobody reads, and by what is not there to be read.
//!
//! It needs the keys: a commitment is computed from the opened row. It walks the rows of a
//! facility in the order of their names, which are random; one that is written meanwhile
//! may be left to the next sweep. What it finds is read a second time before it counts.

pub(super) mod cards;
mod fault;
mod job;
mod leaves;
mod progress;
mod rows;
mod rules;
pub(crate) mod status;

pub use fault::{Fault, FaultKind, Faults, SweptTable};
pub use job::SweepJob;
pub use progress::{Pass, Progress, Whole};
pub use status::{SweepState, SweepStatus};

use crate::{
    app::App,
    facility::Facility,
    failure::Failure,
    ports::Ports,
    work::{
        index,
        jobs::{self, Tools, Turn, Worker},
    },
};
use actix_web::web;
use model::{Clock, FacilityName};
use progress::Batch;
use std::{sync::Arc, time::Duration};
use store::{BatchBound, Reader, Store};

/// Rows or leaves of a step: a tile of the log.
const BATCH: u32 = 256;
/// Bytes of envelopes of a step; the first row is read whatever its size.
const BATCH_BYTES: u64 = 8 << 20;
const BOUND: BatchBound = BatchBound {
    rows: BATCH,
    bytes: BATCH_BYTES,
};

/// What sweeps a facility: keys of its own, so that the sweep neither fills nor counts in
/// those of requests, and statements that it has read itself.
pub(crate) struct Sweep {
    facility: Facility,
    store: Store,
    /// Whether every current version had its index card.
    is_indexed: bool,
}

impl Sweep {
    /// Opens a facility to be swept.
    ///
    /// # Errors
    /// When it is not there, or its keys cannot be opened.
    pub(crate) async fn open(name: &FacilityName, ports: Ports<'_>) -> Result<Self, Failure> {
        let index = index::kept(name, ports).await?;
        Ok(Self {
            facility: Facility::open(name, ports).await?,
            store: ports.store.clone(),
            is_indexed: index.is_some_and(|index| index.standing().complete),
        })
    }

    /// A sweep at its beginning.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) async fn begin(&self, clock: &dyn Clock) -> Result<Progress, Failure> {
        let id = self.facility.id;
        let count = move |reader: &mut Reader| {
            let sequenced = reader.sweep().sequenced(id)?;
            Ok(sequenced.saturating_add(reader.leaves().pending_count(id)?))
        };
        let leaves = self.store.search("sweep: size", count).await?;
        Ok(Progress::begin(clock.now(), leaves.saturating_mul(2)))
    }

    /// Does the next step: a batch of rows or leaves.
    ///
    /// # Errors
    /// When the database or the keys cannot be read; the progress is then as it was.
    pub(crate) async fn step(&self, progress: &mut Progress) -> Result<(), Failure> {
        let mut batch = self.look(&progress.pass).await?;
        if !batch.faults.is_empty() {
            // A policy set that was put in force since, or a row on its way.
            self.facility.refresh().await?;
            batch = self.look(&progress.pass).await?;
        }
        progress.advance(&self.facility.name, batch);
        Ok(())
    }

    async fn look(&self, pass: &Pass) -> Result<Batch, Failure> {
        match pass {
            Pass::Rules => self.rules().await,
            Pass::Statements { after } => self.statements(after.as_ref()).await,
            Pass::Versions { after } => self.versions(after.as_ref()).await,
            Pass::Cards { after } => self.cards(after.as_ref()).await,
            Pass::Heads { after } => self.heads(after.as_ref()).await,
            Pass::Uncarded { after } => self.uncarded(after.as_ref()).await,
            Pass::Audits { after } => self.audits(after.as_ref()).await,
            Pass::Logs { after } => self.next_log(*after).await,
            Pass::Leaves {
                epoch,
                after,
                until,
            } => self.leaves(*epoch, *after, *until).await,
            Pass::Pending { after, until } => self.pending(*after, *until).await,
            Pass::Ended => Ok(Batch::of(Pass::Ended)),
        }
    }
}

/// Takes the turns of one process at the sweep of a facility, one by one.
pub struct Sweeper(Worker<SweepJob>);

impl Sweeper {
    /// At a facility of an app; the state is kept each `keep_every` while it works.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn new(
        app: &web::Data<App>,
        facility: &Arc<Facility>,
        keep_every: Duration,
    ) -> Result<Self, Failure> {
        let job = SweepJob::new(app.clone(), Arc::clone(facility));
        let tools = Tools::of(app, facility);
        Ok(Self(Worker::new(job, tools, keep_every)?))
    }

    /// The next turn: a step, unless another process has the job or it rests.
    ///
    /// # Errors
    /// When the database or the keys cannot be read.
    pub async fn turn(&mut self) -> Result<Turn, Failure> {
        self.0.turn().await
    }

    /// Whether its steps have to follow each other faster to be done in time.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.0.is_late()
    }

    /// Keeps the state and gives the job up.
    pub async fn release(&mut self) {
        self.0.release().await;
    }
}

/// One whole sweep of a facility, without a pause. Nothing of it is kept.
///
/// # Errors
/// When the facility cannot be opened, or the database cannot be read.
pub async fn whole(name: &FacilityName, ports: Ports<'_>) -> Result<Whole, Failure> {
    let sweep = Sweep::open(name, ports).await?;
    let mut progress = sweep.begin(&**ports.clock).await?;
    while progress.pass != Pass::Ended {
        sweep.step(&mut progress).await?;
    }
    Ok(progress.ended(ports.clock.now()))
}

/// What the database keeps of the sweep of a facility; `None` before the first, or when it
/// does not open.
///
/// # Errors
/// When the facility cannot be opened, or the database cannot be read.
pub async fn kept(name: &FacilityName, ports: Ports<'_>) -> Result<Option<SweepState>, Failure> {
    let facility = Facility::open(name, ports).await?;
    let tools = Tools {
        facility: Arc::new(facility),
        store: ports.store.clone(),
        clock: Arc::clone(ports.clock),
        random: Arc::clone(ports.random),
    };
    jobs::state::<SweepJob>(tools).await
}
