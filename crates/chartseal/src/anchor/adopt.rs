//! `chartseal anchor adopt`: the newest checkpoint of each log is what its keys signed
//! last, where no file says so yet (docs/operations.md, "Start, ready, stop"). What was
//! adopted may be a database that was put back, so the logs are checked as a whole then.

use crate::{
    anchor::{log_check, registry::Standing},
    cli::ConfigArgs,
    config::Config,
    database,
    services::service::anchoring,
    setup::signed,
};
use anchor_service::{LogKeys, log::adopt::adopt, log_check::LogCheck};
use command::{complain, say};
use model::SystemClock;
use std::{error::Error, process::ExitCode, sync::Arc};

/// Runs the command.
pub fn run(args: &ConfigArgs) -> ExitCode {
    match crate::runtime::block_on(all(args)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(findings) => {
            complain!(
                "chartseal anchor adopt: {findings} findings; the runbook says what to do, \"A log \
                 does not fit itself\""
            );
            ExitCode::FAILURE
        }
        Err(problem) => {
            complain!("chartseal anchor adopt: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Gives the number of findings.
async fn all(args: &ConfigArgs) -> Result<u64, Box<dyn Error>> {
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
    let keys = LogKeys::new(&anchor.log_keys);
    let adopted = adopt(&store, &ledger, signed.clone(), &keys).await?;
    for log in &adopted {
        say!("{} was signed at size {}", log.origin, log.size);
    }
    match adopted.as_slice() {
        [] => say!("nothing to adopt: `{place}` knows every log"),
        _ => say!("noted in `{place}`"),
    }
    let former = log_check::former(&store, anchor).await?;
    let check = LogCheck::new(store, Arc::new(SystemClock)).with_signed(signed);
    let check = check
        .with_chain(Arc::new(ledger), anchor.finality)
        .with_former(former);
    let logs = check.check(None).await?;
    logs.iter().for_each(log_check::tell);
    check.check_names().await?;
    Ok(logs.iter().map(|log| log.findings.total()).sum())
}
