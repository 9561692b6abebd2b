//! `chartseal anchor post-again`: takes it that the chain has lost final blocks, and lets the
//! anchors in them be posted again (the runbook, "The chain lost final blocks").

use crate::{
    anchor::registry::Standing, cli::PostAgainArgs, config::Config, database,
    services::service::anchoring,
};
use anchor_service::posting::lost_blocks::{LostOfLog, PostAgain};
use command::{complain, say};
use model::{SystemClock, SystemRandom};
use std::{error::Error, process::ExitCode, sync::Arc};

/// Runs the command.
pub fn run(args: &PostAgainArgs) -> ExitCode {
    match crate::runtime::block_on(post_again(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor post-again: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn post_again(args: &PostAgainArgs) -> Result<(), Box<dyn Error>> {
    let config = Config::read(&args.config)?;
    let anchor = config.anchor()?;
    let store = database::open(&config)?;
    let registry = Standing::read(&store, anchor).await?.known()?;
    let ledger = anchoring::ledger(anchor, registry)?;
    let me = anchoring::candidate(&SystemRandom)?;
    let mut again = PostAgain::new(&store, &ledger, Arc::new(SystemClock), me);
    if !args.confirm {
        let found = again.find().await?;
        found.iter().for_each(show);
        match found.as_slice() {
            [] => say!("nothing is lost: the registry has every anchor that was final here"),
            _ => say!(
                "\nNothing was written. Nodes that only lag catch up by themselves. Where these \
                 blocks are lost for good, stop every anchor-service and run this again with \
                 `--confirm`."
            ),
        }
        return Ok(());
    }
    let accepted = again.accept().await?;
    accepted.iter().for_each(show);
    let count: usize = accepted.iter().map(|log| log.lost.len()).sum();
    say!("{count} anchors wait to be posted again; start the services");
    Ok(())
}

/// A log with what is lost of it.
fn show(log: &LostOfLog) {
    let (facility, log_id, found) = (&log.facility, log.log_id, log.found);
    say!("log of `{facility}` (0x{log_id}): the registry is at anchor {found}; it had");
    for lost in &log.lost {
        say!(
            "  anchor {}, size {}, root {}",
            lost.seq,
            lost.size,
            lost.root
        );
    }
}
