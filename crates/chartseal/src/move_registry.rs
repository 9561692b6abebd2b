//! `chartseal anchor registry set`: moves all logs to another registry, such as one of a
//! newer version (docs/operations.md, "Another registry").

use crate::{
    cli::{MoveArgs, RegistryCommand},
    config::Config,
    database,
    output::{complain, say},
    registry::written,
    service::anchoring::ledger,
};
use anchor_service::move_registry;
use gateway::setup;
use model::SystemClock;
use std::{error::Error, process::ExitCode};

type Failed = Box<dyn Error>;

/// Runs the command.
pub fn run(command: &RegistryCommand) -> ExitCode {
    let RegistryCommand::Set(args) = command;
    match crate::block_on(set(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor registry set: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn set(args: &MoveArgs) -> Result<(), Failed> {
    let config = Config::read(&args.config)?;
    let anchor = config.anchor()?;
    let store = database::open(&config)?;
    let to = anchor
        .registry_address()?
        .ok_or("write the registry to go to as `registry` into `[anchor]`")?;
    let noted = setup::noted_registry(&store).await?;
    let from = (anchor.chain_id, args.from.0);
    if noted != Some(from) {
        let noted = noted.map_or("none".to_owned(), |(chain, address)| {
            format!("{} on chain {chain}", written(address))
        });
        return Err(format!("the registry in use is {noted}, not that of `--from`").into());
    }
    if to == args.from.0 {
        return Err("`registry` in `[anchor]` names the registry that is left".into());
    }
    let (old, new) = (ledger(anchor, args.from.0)?, ledger(anchor, to)?);
    for log in move_registry::compare(&store, &old, &new, &SystemClock).await? {
        say!("log of `{}` (0x{})", log.facility, log.log_id);
        let head = log.before.map_or("no anchor".to_owned(), |head| {
            format!(
                "anchor {}, size {}, root {}",
                head.seq, head.size, head.root
            )
        });
        say!("  at {}: {head}", written(args.from.0));
        say!("  at {}: no anchor", written(to));
    }
    if !args.confirm {
        say!("\nAll of it is of these logs. Nothing was written; run this again with `--confirm`.");
        return Ok(());
    }
    let (name, before) = setup::registry_note(anchor.chain_id, args.from.0);
    let (_, after) = setup::registry_note(anchor.chain_id, to);
    move_registry::set(&store, &old, &new, (name, before, after)).await?;
    say!(
        "moved; now `chartseal anchor grant --all`, start the services, and give the new address \
         to all who verify, beside the old one"
    );
    Ok(())
}
