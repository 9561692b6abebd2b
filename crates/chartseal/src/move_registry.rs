//! `chartseal anchor registry set`: moves all logs to another registry, such as one of a
//! newer version (docs/operations.md, "Another registry"). And `adopt`: takes over the one
//! that the database names, where nothing shows who put it there.

use crate::{
    cli::{AdoptRegistryArgs, MoveArgs, RegistryCommand},
    config::Config,
    database,
    output::{complain, say},
    registry::{self, written},
    service::anchoring::ledger,
};
use anchor_service::move_registry;
use model::SystemClock;
use std::{error::Error, process::ExitCode};
use store::{KeysShown, Reader, Registry, Tx};

type Failed = Box<dyn Error>;

/// Runs the command.
pub fn run(command: &RegistryCommand) -> ExitCode {
    let (name, ran) = match command {
        RegistryCommand::Set(args) => ("set", crate::block_on(set(args))),
        RegistryCommand::Adopt(args) => ("adopt", crate::block_on(adopt(args))),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor registry {name}: {problem}");
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
    let noted = registry::find(&store).await?.shown()?.now;
    let from = Registry {
        chain_id: anchor.chain_id,
        address: args.from.0,
    };
    if noted != Some(from) {
        let noted = noted.map_or("none".to_owned(), told);
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
    move_registry::set(&store, &old, &new).await?;
    say!(
        "moved; now `chartseal anchor grant --all`, start the services, and give the new address \
         to all who verify, beside the old one"
    );
    Ok(())
}

/// Shows the registries that nothing shows, and takes them over when told to.
async fn adopt(args: &AdoptRegistryArgs) -> Result<(), Failed> {
    let config = Config::read(&args.config)?;
    let store = database::open(&config)?;
    store.leaf_keys().require()?;
    let found = registry::find(&store).await?;
    if matches!(found.by(), KeysShown::Newest | KeysShown::Older) {
        say!("nothing to adopt: the registry of the database, if it names one, has its mac");
        return Ok(());
    }
    let now = found.now.ok_or(
        "the row `registry` of `meta` names no registry, or is not there: put it back as it is \
         in a backup",
    )?;
    say!("the logs are anchored at registry {}", told(now));
    let logs = store.read("logs", |reader: &mut Reader| reader.logs().list());
    for log in logs.await? {
        for former in found.of(log.id) {
            say!(
                "  log {}: up to anchor {} at registry {}",
                log.origin,
                former.last_seq,
                told(former.registry)
            );
        }
    }
    if !args.confirm {
        say!(
            "\nNothing was written. Compare each with what `anchor deploy` and `anchor registry set` \
             printed or verifiers have. When all are right, run this again with `--confirm`; when \
             not, see \"A registry that nobody put there\" in the runbook."
        );
        return Ok(());
    }
    let adopt = move |tx: &mut Tx| tx.registries().adopt(&found);
    store.run_tx("adopt registry", &[], adopt).await?;
    say!("\nadopted: services anchor there.");
    Ok(())
}

fn told(registry: Registry) -> String {
    format!(
        "{} on chain {}",
        written(registry.address),
        registry.chain_id
    )
}
