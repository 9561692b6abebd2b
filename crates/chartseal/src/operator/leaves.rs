//! `chartseal leaves`: which leaves were refused an index, and the way back into the log
//! for those whose rows are good (deploy/runbook.md, "A leaf was refused").

use crate::{cli::LeavesArgs, config::Config, database, setup::facility};
use command::{CommandError, complain, say};
use gateway::{
    log::refused_leaves::{Refused, RefusedLeaves, Standing, Wanted},
    ports::Ports,
};
use model::{Clock, Random, SystemClock, SystemRandom};
use sealing::FileKms;
use std::{process::ExitCode, sync::Arc};

/// Runs the command: 1 when a row lacks its leaf still; else 2 when a facility, or all of
/// them, could not be looked at.
pub fn run(args: &LeavesArgs) -> ExitCode {
    match crate::runtime::block_on(look(args)) {
        Ok(Looked { lacking: 0, failed }) => ExitCode::from(if failed { 2 } else { 0 }),
        Ok(Looked { lacking, .. }) => {
            complain!("chartseal leaves: rows that have no leaf: {lacking}");
            ExitCode::FAILURE
        }
        Err(problem) => {
            complain!("chartseal leaves: {problem}");
            ExitCode::from(2)
        }
    }
}

/// What came of all facilities.
#[derive(Default)]
struct Looked {
    /// Number of rows that have no leaf.
    lacking: u64,
    /// Whether a facility could not be looked at.
    failed: bool,
}

/// Prints a line for each leaf: facility, record tag and version, cause, standing. A
/// facility that cannot be looked at holds up no other.
async fn look(args: &LeavesArgs) -> Result<Looked, CommandError> {
    let config = Config::read(&args.config)?;
    let kms = FileKms::open(&config.keys()?.file)?;
    let store = database::open(&config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let ports = Ports {
        store: &store,
        kms: &kms,
        clock: &clock,
        random: &random,
    };
    let mut looked = Looked::default();
    let mut met = false;
    for row in facility::each(&store).await? {
        let name = match row {
            Ok(row) => row.name,
            Err(problem) => {
                complain!("chartseal leaves: {problem}");
                looked.failed = true;
                continue;
            }
        };
        if args.facility.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        met = true;
        let opened = RefusedLeaves::open(&name, ports).await;
        let told = |refused: &Refused| {
            say!("{name}\t{refused}");
            looked.lacking += u64::from(refused.lacks());
        };
        let done = match opened {
            Ok(leaves) => look_at(args, &leaves, told).await,
            Err(problem) => Err(problem.into()),
        };
        if let Err(problem) = done {
            complain!("chartseal leaves: {name}: {problem}");
            looked.failed = true;
        }
    }
    match &args.facility {
        Some(name) if !met && !looked.failed => {
            Err(format!("there is no facility `{name}`").into())
        }
        _ => Ok(looked),
    }
}

async fn look_at(
    args: &LeavesArgs,
    leaves: &RefusedLeaves,
    mut told: impl FnMut(&Refused),
) -> Result<(), CommandError> {
    if let Some(record) = args.record {
        let row = leaves.put_again(record, args.version).await?;
        told(&row);
        return match row.standing {
            Standing::NoRow => Err("there is no such row, or it does not open".into()),
            _ => Ok(()),
        };
    }
    let wanted = Wanted {
        put_again: args.put_again,
        forget: args.forget,
    };
    Ok(leaves.look(wanted, told).await?)
}
