//! `chartseal leaves`: which leaves were refused an index, and the way back into the log
//! for those whose rows are good (deploy/runbook.md, "A leaf was refused").

use crate::{
    cli::LeavesArgs,
    config::Config,
    database, facility,
    output::{complain, say},
};
use gateway::refused_leaves::{RefusedLeaves, Wanted};
use model::{Clock, Random, SystemClock, SystemRandom};
use sealing::FileKms;
use std::{error::Error, process::ExitCode, sync::Arc};

type Failed = Box<dyn Error>;

/// Runs the command: 1 when a row lacks its leaf still, 2 when it could not be looked.
pub fn run(args: &LeavesArgs) -> ExitCode {
    match crate::block_on(look(args)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(lacking) => {
            complain!("chartseal leaves: {lacking} rows have no leaf");
            ExitCode::FAILURE
        }
        Err(problem) => {
            complain!("chartseal leaves: {problem}");
            ExitCode::from(2)
        }
    }
}

/// A line for each: facility, record tag and version, cause, how it stands; gives the
/// number of those that lack their leaf.
async fn look(args: &LeavesArgs) -> Result<u64, Failed> {
    let config = Config::read(&args.config)?;
    let kms = FileKms::open(&config.keys()?.file)?;
    let store = database::open(&config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let mut lacking = 0;
    for row in facility::list(&store).await? {
        if args.facility.as_ref().is_some_and(|only| *only != row.name) {
            continue;
        }
        let leaves = RefusedLeaves::open(&row.name, (&store, &kms), (&clock, &random)).await?;
        if let Some(record) = args.record {
            let (standing, put) = leaves.put_again(record, args.version).await?;
            let standing = if put { "put again" } else { standing.as_str() };
            say!(
                "{}\t{record} {}\t-\t{standing}",
                row.name,
                args.version.get()
            );
            lacking += u64::from(!put && standing != "has-leaf");
            continue;
        }
        let wanted = Wanted {
            put_again: args.put_again,
            forget: args.forget,
        };
        for refused in leaves.look(wanted).await? {
            say!("{}\t{refused}", row.name);
            lacking += u64::from(refused.lacks());
        }
    }
    Ok(lacking)
}
