//! The writer: takes waiting closures, runs them in one transaction, commits once
//! and answers all.
//!
//! Order of effects. Locks are taken before any closure runs. A closure's rows are
//! visible to those after it in the group. Nothing is answered before COMMIT has
//! returned, so whoever has an answer has it durable; nothing is visible to others
//! before either. A crash before COMMIT leaves nothing, a crash after it leaves
//! everything, answered or not. When the connection is lost during COMMIT, which of
//! the two happened is found out from the database before anything is answered or
//! run again.

use crate::{
    Error, LeafKeys, LockKey, Tx,
    access::sealed::Connected as _,
    backend::Backend,
    engine::{
        database::{Conn, Database, Use},
        lock_key, probe,
        queue::{Job, Queue},
        stats::Counters,
        wal,
    },
    error::Fault,
    tx::Probe,
};
use diesel::QueryResult;
use std::{collections::BTreeSet, sync::Arc, thread, time::Duration};

/// The maximum number of closures in one transaction.
const MAX_GROUP: usize = 50;
/// Attempts at a group as one transaction, before its closures run alone.
const GROUP_ATTEMPTS: u32 = 2;
/// Attempts at a closure that runs alone.
const SINGLE_ATTEMPTS: u32 = 3;
/// How many times, and how often, to ask whether a lost COMMIT took effect.
const COMMIT_PROBES: u32 = 50;
const COMMIT_PROBE_INTERVAL: Duration = Duration::from_millis(100);

/// What an attempt at a transaction came to.
enum Attempt {
    /// Every job has its outcome; the rows of the good ones are durable.
    Settled,
    /// The one job failed, and what it wrote was rolled back.
    Undone,
    /// Rolled back, because a closure failed after it had written: each must run
    /// alone.
    Spoiled,
    /// Rolled back, because the database failed.
    Failed(Fault),
    /// No connection, and none can be opened.
    Unreachable,
    /// The answer to COMMIT was lost, and what became of it is not known (yet).
    Unknown(Option<Probe>, Option<i32>),
}

pub(crate) struct Writer {
    database: Database,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    connection: Option<Connection>,
    wal: Option<wal::Bound>,
    leaf_keys: LeafKeys,
}

struct Connection {
    tx: Tx,
    /// The server process, where there is one.
    process: Option<i32>,
}

impl Writer {
    pub(crate) const fn new(
        database: Database,
        queue: Arc<Queue>,
        counters: Arc<Counters>,
        wal: Option<wal::Bound>,
        leaf_keys: LeafKeys,
    ) -> Self {
        Self {
            database,
            queue,
            counters,
            connection: None,
            wal,
            leaf_keys,
        }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        while let Some(jobs) = self.queue.take(MAX_GROUP) {
            self.group(jobs);
            self.queue.done();
        }
    }

    /// After each transaction, so that not two are written beyond the bound.
    fn keep_log(&mut self) {
        let Some(mut wal) = self.wal.take() else {
            return;
        };
        if let Some(connection) = self.connected() {
            wal.keep(&mut connection.tx.conn);
        }
        self.wal = Some(wal);
    }

    fn group(&mut self, mut jobs: Vec<Job>) {
        self.counters.count(|stats| stats.group(jobs.len()));
        if jobs.len() > 1 && self.settle(&mut jobs, GROUP_ATTEMPTS) {
            jobs.into_iter().for_each(|job| self.answer(job));
            self.keep_log();
            return;
        }
        for job in jobs {
            let mut alone = [job];
            self.settle(&mut alone, SINGLE_ATTEMPTS);
            let [job] = alone;
            self.answer(job);
            self.keep_log();
        }
    }

    fn answer(&self, job: Job) {
        self.counters.count(|stats| {
            let closure = stats.closures.entry(job.name).or_default();
            closure.answered += 1;
            closure.failed += u64::from(job.outcome.is_err());
        });
        job.answer();
    }

    /// Attempts the transaction until every job has its outcome; false when it was
    /// given up and the jobs may do better alone.
    fn settle(&mut self, jobs: &mut [Job], attempts: u32) -> bool {
        let mut error = Error::Unavailable;
        for _ in 0..attempts {
            let attempt = match self.attempt(jobs) {
                Attempt::Unknown(probe, process) => self.resolve(probe, process),
                known => known,
            };
            match attempt {
                Attempt::Settled | Attempt::Undone => return true,
                Attempt::Unreachable => {
                    failed_by(jobs, &Error::Unavailable);
                    return true;
                }
                Attempt::Unknown(..) => {
                    tracing::warn!(
                        closures = jobs.len(),
                        "whether a commit was done is not known"
                    );
                    failed_by(jobs, &Error::Unsettled);
                    return true;
                }
                Attempt::Spoiled => {
                    self.voided(jobs);
                    return false;
                }
                Attempt::Failed(fault) => {
                    tracing::warn!(?fault, closures = jobs.len(), "a transaction was given up");
                    error = fault.error();
                    self.voided(jobs);
                }
            }
        }
        failed_by(jobs, &error);
        false
    }

    fn voided(&self, jobs: &[Job]) {
        self.counters.count(|stats| {
            stats.voided += 1;
            for job in jobs {
                stats.closures.entry(job.name).or_default().retries += 1;
            }
        });
    }

    /// Runs the jobs in one transaction, once.
    fn attempt(&mut self, jobs: &mut [Job]) -> Attempt {
        let Some(connection) = self.connected() else {
            return Attempt::Unreachable;
        };
        let locks: BTreeSet<LockKey> = jobs.iter().flat_map(|job| job.locks.clone()).collect();
        let attempt = match connection.tx.begin(lock_key::statement(&locks).as_deref()) {
            Err(error) => failed(&error),
            Ok(()) => run_all(connection, jobs),
        };
        if matches!(attempt, Attempt::Failed(Fault::Lost)) || connection.tx.is_broken() {
            self.connection = None;
        }
        if matches!(attempt, Attempt::Settled) {
            self.counters.count(|stats| stats.commits += 1);
        }
        attempt
    }

    /// The connection, made anew when there is none.
    fn connected(&mut self) -> Option<&mut Connection> {
        if self.connection.is_none() {
            let mut conn = self.database.connect(Use::Write).ok()?;
            let process = conn.server_process().ok()?;
            self.connection = Some(Connection {
                tx: Tx::new(conn, self.leaf_keys.clone()),
                process,
            });
        }
        self.connection.as_mut()
    }

    /// Finds out whether a transaction was committed. The old server process may
    /// still be at it, so its end is waited for; then its first audit record is
    /// looked up. A transaction without one cannot be recognised.
    fn resolve(&mut self, probe: Option<Probe>, process: Option<i32>) -> Attempt {
        let Some(probe) = probe else {
            return Attempt::Unknown(probe, process);
        };
        for _ in 0..COMMIT_PROBES {
            match self
                .connected()
                .map(|new| ask(&mut new.tx.conn, probe, process))
            {
                Some(Ok(Some(true))) => return Attempt::Settled,
                Some(Ok(Some(false))) => return Attempt::Failed(Fault::Lost),
                Some(Ok(None)) => {}
                Some(Err(_)) | None => self.connection = None,
            }
            thread::sleep(COMMIT_PROBE_INTERVAL);
        }
        Attempt::Unknown(Some(probe), process)
    }
}

/// Whether the audit record is there; `None` while the old process lives.
fn ask(conn: &mut Conn, probe: Probe, process: Option<i32>) -> QueryResult<Option<bool>> {
    if probe::is_alive(conn, process)? {
        return Ok(None);
    }
    probe::is_stored(conn, probe).map(Some)
}

fn failed_by(jobs: &mut [Job], error: &Error) {
    for job in jobs {
        job.outcome = Err(error.clone());
    }
}

fn failed(error: &diesel::result::Error) -> Attempt {
    Attempt::Failed(Fault::of(error).unwrap_or(Fault::Broken(None)))
}

/// Runs the jobs in the transaction that has begun, and ends it.
fn run_all(connection: &mut Connection, jobs: &mut [Job]) -> Attempt {
    let tx = &mut connection.tx;
    let alone = jobs.len() == 1;
    let ended = jobs.iter_mut().try_for_each(|job| run_one(tx, job, alone));
    let ended = ended.and_then(|()| store_waiting(tx, jobs));
    if let Err(attempt) = ended {
        // A rollback that fails leaves a broken connection, which is dropped.
        let _ = tx.roll_back();
        return attempt;
    }
    match tx.commit() {
        Ok(()) => Attempt::Settled,
        Err(_) if tx.backend() == Backend::Postgres && tx.is_broken() => {
            Attempt::Unknown(tx.probe, connection.process)
        }
        Err(error) => failed(&error),
    }
}

/// Runs one job; an error ends the transaction for all of them.
fn run_one(tx: &mut Tx, job: &mut Job, alone: bool) -> Result<(), Attempt> {
    let backend = tx.backend();
    tx.wrote = false;
    tx.fault = None;
    let (before, probe) = (tx.waiting.mark(), tx.probe);
    job.outcome = job.run(tx);
    let dead = tx.fault.is_some_and(|fault| fault.voids(backend));
    if job.outcome.is_ok() {
        // It may have gone on after a statement that failed; its rows are lost.
        let lost = tx.fault.filter(|_| dead).map(Fault::error);
        job.outcome = tx.refused.take().or(lost).map_or(Ok(()), Err);
    }
    match tx.fault {
        Some(fault @ (Fault::Broken(_) | Fault::Lost)) => Err(Attempt::Failed(fault)),
        _ if job.outcome.is_ok() => Ok(()),
        _ if !(tx.wrote || dead) => {
            // The transaction is recognised by what it leaves, so not by this.
            tx.waiting.forget_after(before);
            tx.probe = probe;
            Ok(())
        }
        _ if alone => Err(Attempt::Undone),
        _ => Err(Attempt::Spoiled),
    }
}

/// Stores the rows that still wait; those of one job can spoil those of the others.
fn store_waiting(tx: &mut Tx, jobs: &mut [Job]) -> Result<(), Attempt> {
    tx.fault = None;
    let Err(error) = tx.settle() else {
        return Ok(());
    };
    match (tx.fault, jobs) {
        (Some(fault @ (Fault::Broken(_) | Fault::Lost)), _) => Err(Attempt::Failed(fault)),
        (_, [job]) => {
            job.outcome = Err(error);
            Err(Attempt::Undone)
        }
        _ => Err(Attempt::Spoiled),
    }
}
