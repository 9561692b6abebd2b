//! `chartseal sweep` and `chartseal jobs`: one whole sweep now, and how far the long jobs
//! of the gateways are. Both read the database and the keys and write nothing.

use crate::{cli::ConfigArgs, config::Config, database, setup::facility};
use command::{CommandError, complain, say};
use gateway::{
    ports::Ports,
    work::{
        index::{self, IndexProgress, IndexState},
        sweep::{self, SweepState, Whole},
    },
};
use model::{Clock, FacilityName, Random, SystemClock, SystemRandom, Tag};
use sealing::FileKms;
use std::{process::ExitCode, sync::Arc};
use store::Store;

/// What such commands open.
pub(super) struct Opened {
    store: Store,
    kms: FileKms,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Opened {
    pub(super) fn open(args: &ConfigArgs) -> Result<Self, CommandError> {
        let config = Config::read(&args.config)?;
        Ok(Self {
            kms: FileKms::open(&config.keys()?.file)?,
            store: database::open(&config)?,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        })
    }

    pub(super) fn ports(&self) -> Ports<'_> {
        Ports {
            store: &self.store,
            kms: &self.kms,
            clock: &self.clock,
            random: &self.random,
        }
    }
}

/// Sweeps every facility: 1 when faults were found; else 2 when a facility, or all of them,
/// could not be swept; else 0.
pub fn run(args: &ConfigArgs) -> ExitCode {
    match crate::runtime::block_on(sweep_all(args)) {
        Ok(Swept { faults: 0, failed }) => ended(failed),
        Ok(Swept { faults, .. }) => {
            complain!(
                "chartseal sweep: {}; the runbook says what to do, \"The sweep found faults\"",
                counted(faults)
            );
            ExitCode::FAILURE
        }
        Err(problem) => {
            complain!("chartseal sweep: {problem}");
            ExitCode::from(2)
        }
    }
}

fn ended(failed: bool) -> ExitCode {
    ExitCode::from(if failed { 2 } else { 0 })
}

/// What came of all facilities.
struct Swept {
    faults: u64,
    /// Whether one of them could not be swept.
    failed: bool,
}

/// A line for each fault: facility, fault, table, record tag, version, index; then one for
/// the facility. One that cannot be swept holds up no other.
async fn sweep_all(args: &ConfigArgs) -> Result<Swept, CommandError> {
    let opened = Opened::open(args)?;
    let mut faults = 0_u64;
    let failed = each(&opened, "sweep", async |facility| {
        let whole = sweep::whole(facility, opened.ports()).await?;
        for fault in &whole.faults.named {
            say!("{facility}\t{fault}");
        }
        say!("{facility}: {}", told(&whole));
        faults = faults.saturating_add(whole.faults.total());
        Ok(())
    })
    .await?;
    Ok(Swept { faults, failed })
}

fn told(whole: &Whole) -> String {
    let millis = whole.ended.as_millis() - whole.started.as_millis();
    let (rows, faults) = (whole.rows, whole.faults.total());
    format!("{rows} rows and leaves in {millis} ms, {}", counted(faults))
}

fn counted(faults: u64) -> String {
    match faults {
        1 => "1 fault".to_owned(),
        faults => format!("{faults} faults"),
    }
}

/// Shows the jobs: 0, or 2 when those of a facility, or of all, cannot be read.
pub fn run_jobs(args: &ConfigArgs) -> ExitCode {
    match crate::runtime::block_on(list(args)) {
        Ok(failed) => ended(failed),
        Err(problem) => {
            complain!("chartseal jobs: {problem}");
            ExitCode::from(2)
        }
    }
}

/// A line for each facility and kind; gives whether those of one could not be read.
async fn list(args: &ConfigArgs) -> Result<bool, CommandError> {
    let opened = Opened::open(args)?;
    each(&opened, "jobs", async |facility| {
        let state = sweep::kept(facility, opened.ports()).await?;
        say!("{facility}\tsweep\t{}", standing(state.as_ref()));
        let state = index::kept(facility, opened.ports()).await?;
        say!("{facility}\tindex\t{}", indexed(state.as_ref()));
        Ok(())
    })
    .await
}

/// Looks at each facility in turn. One that cannot be read is told, and holds up no other;
/// gives whether there was one.
pub(super) async fn each(
    opened: &Opened,
    command: &str,
    mut look: impl AsyncFnMut(&FacilityName) -> Result<(), CommandError>,
) -> Result<bool, CommandError> {
    let mut failed = false;
    for row in facility::each(&opened.store).await? {
        let looked = match row {
            Ok(row) => {
                (look(&row.name).await).map_err(|problem| format!("{}: {problem}", row.name))
            }
            Err(problem) => Err(problem.to_string()),
        };
        if let Err(problem) = looked {
            complain!("chartseal {command}: {problem}");
            failed = true;
        }
    }
    Ok(failed)
}

fn indexed(state: Option<&IndexState>) -> String {
    let Some(state) = state else {
        return "not begun, or its row does not open".to_owned();
    };
    let IndexProgress {
        complete,
        seen,
        made,
        unread,
    } = state.standing();
    let standing = if complete { "complete" } else { "under way" };
    let mut line = format!("{standing}; the last pass saw {seen} records, made {made} cards");
    if unread > 0 {
        let records: Vec<String> = state.without_card().iter().map(Tag::to_string).collect();
        let reason = format!(
            ", and could make none of {unread}, whose current versions do not open: record {}",
            records.join(", ")
        );
        line.push_str(&reason);
    }
    line
}

fn standing(state: Option<&SweepState>) -> String {
    let Some(state) = state else {
        return "not begun, or its row does not open".to_owned();
    };
    let running = state.running.as_ref().map_or_else(
        || "rests".to_owned(),
        |running| {
            let hundredths = running.millionths() / 10_000;
            let (pass, faults) = (running.pass.as_str(), running.faults.total());
            format!("{hundredths} % ({pass}), {} so far", counted(faults))
        },
    );
    let last = state.last.as_ref().map_or_else(
        || "none ended yet".to_owned(),
        |last| {
            let faults = last.faults.total();
            format!("the last ended {} with {}", last.ended, counted(faults))
        },
    );
    format!("{running}; {last}")
}
