//! `chartseal anchor adopt`: the newest checkpoint of each log is what its keys signed
//! last, where no file says so yet (docs/operations.md, "Start, ready, stop").

use crate::{
    cli::ConfigArgs,
    config::Config,
    database,
    output::{complain, say},
    registry::Standing,
    service::anchoring,
    signed,
};
use anchor_service::adopt::adopt;
use std::{error::Error, process::ExitCode};

/// Runs the command.
pub fn run(args: &ConfigArgs) -> ExitCode {
    match crate::block_on(all(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor adopt: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn all(args: &ConfigArgs) -> Result<(), Box<dyn Error>> {
    let config = Config::read(&args.config)?;
    let anchor = config.anchor()?;
    let store = database::open(&config)?;
    let standing = Standing::read(&store, anchor).await?;
    let registry = standing
        .noted
        .or(standing.configured)
        .ok_or("no registry is known, so nothing was anchored and there is nothing to adopt")?;
    let ledger = anchoring::ledger(anchor, registry)?;
    let signed = signed::keeper(&config)?;
    let place = signed.place();
    let adopted = adopt(&store, &ledger, signed).await?;
    for log in &adopted {
        say!("{} was signed at size {}", log.origin, log.size);
    }
    match adopted.as_slice() {
        [] => say!("nothing to adopt: `{place}` knows every log"),
        _ => say!("noted in `{place}`"),
    }
    Ok(())
}
