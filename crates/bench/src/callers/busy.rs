//! Several callers at once, each on a connection of its own, each sending its next
//! request when it has the answer to the last; counted is what ends in a window of
//! time after they have warmed up.

use crate::{
    Failed,
    callers::{
        connection::{Connection, Target},
        crud,
        log::Log,
        seeds::Seed,
    },
    house::processor,
    percentile,
    report::{Aim, Report},
};
use hyper::{Method, StatusCode};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const WARMING: Duration = Duration::from_secs(3);
const WINDOW: Duration = Duration::from_secs(12);
const P99: Aim = Aim::Below(60.0);

/// What a caller does again and again.
#[derive(Clone)]
pub enum Work {
    /// The crud loop.
    Crud(Arc<[Seed]>),
    /// Reads of records that are there, by `Type/id`.
    Read(Arc<[String]>),
}

/// What a run of several callers came to.
pub struct Run {
    /// Requests per second.
    pub rate: f64,
    /// The middle of the durations, in milliseconds.
    pub median: f64,
    /// What all but one in a hundred did not exceed, in milliseconds.
    pub p99: f64,
    /// Microseconds of processor time that the measured processes spent on each
    /// request.
    pub processor: f64,
    /// The same of the callers.
    pub callers_processor: f64,
    /// The same of everything on the machine, a database server included.
    pub machine: f64,
}

impl Run {
    /// Prints what the rate is made of.
    pub fn explain(&self, report: &Report, what: &str) {
        report.aside(&format!("{what}: median"), self.median, "ms");
        report.figure(&format!("{what}: p99"), self.p99, "ms", P99);
        let each = "us/request";
        report.aside(&format!("{what}: processor, served"), self.processor, each);
        let own = self.callers_processor;
        report.aside(&format!("{what}: processor, callers and dev L2"), own, each);
        report.aside(
            &format!("{what}: processor, whole machine"),
            self.machine,
            each,
        );
    }
}

/// Runs a number of callers through the window, by turns at each target. `processes` are
/// measured.
pub async fn run(
    targets: &[Target],
    callers: usize,
    work: &Work,
    processes: &[u32],
) -> Result<Run, Failed> {
    let begin = Instant::now() + WARMING;
    let end = begin + WINDOW;
    let mut tasks = JoinSet::new();
    for number in 0..callers {
        let target = targets.get(number % targets.len()).ok_or("no target")?;
        let connection = target.connect().await?;
        tasks.spawn(call_until(end, connection, work.clone(), number));
    }
    let own = [std::process::id()];
    tokio::time::sleep_until(begin.into()).await;
    let times = || {
        let (served, own) = (processor::micros(processes)?, processor::micros(&own)?);
        Ok::<_, Failed>((served, own, processor::machine()?))
    };
    let before = times()?;
    tokio::time::sleep_until(end.into()).await;
    let after = times()?;
    let mut took = Vec::new();
    while let Some(log) = tasks.join_next().await {
        took.extend(log??.ended_in(begin..end));
    }
    let count = took.len() as f64;
    Ok(Run {
        rate: count / WINDOW.as_secs_f64(),
        median: percentile::millis(&mut took, 0.5),
        p99: percentile::millis(&mut took, 0.99),
        processor: (after.0 - before.0) / count,
        callers_processor: (after.1 - before.1) / count,
        machine: (after.2 - before.2) / count,
    })
}

async fn call_until(
    end: Instant,
    mut connection: Connection,
    work: Work,
    number: usize,
) -> Result<Log, Failed> {
    let mut log = Log::default();
    // Callers begin at different places, a prime apart.
    let mut next = number * 7_919;
    while Instant::now() < end {
        match &work {
            Work::Crud(seeds) => crud::round(&mut connection, seeds, &mut log).await?,
            Work::Read(records) => {
                let record = records.get(next % records.len()).ok_or("no records")?;
                let answer = connection
                    .call(Method::GET, record, Vec::new(), StatusCode::OK)
                    .await?;
                log.add(answer.took);
                next += 104_729;
            }
        }
    }
    Ok(log)
}
