//! `chartseal anchor registry set`: moves all logs to another registry, such as one of a
//! newer version (the runbook, "Move to another registry"). And `adopt`: takes over the one
//! that the database names, where nothing shows who put it there.

use crate::{
    anchor::registry::{self, Address, written},
    cli::{AdoptRegistryArgs, MoveArgs, RegistryCommand},
    config::Config,
    database,
    services::service::anchoring::{self, ledger},
};
use anchor_service::{
    config::Config as AnchorSection,
    ledger::evm::{RegistryAdmin, SubmitterKey},
    posting::move_registry::{Ledgers, Mover, MovingLog},
};
use command::{CommandError, complain, say};
use model::{SystemClock, SystemRandom};
use std::{path::Path, process::ExitCode, sync::Arc};
use store::{KeysShown, Reader, Registry, Tx};

/// Runs the command.
pub fn run(command: &RegistryCommand) -> ExitCode {
    let (name, ran) = match command {
        RegistryCommand::Set(args) => ("set", crate::runtime::block_on(set(args))),
        RegistryCommand::Adopt(args) => ("adopt", crate::runtime::block_on(adopt(args))),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor registry {name}: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn set(args: &MoveArgs) -> Result<(), CommandError> {
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
    let me = anchoring::candidate(&SystemRandom)?;
    let ledgers = Ledgers {
        old: &old,
        new: &new,
    };
    let mut mover = Mover::new(&store, ledgers, Arc::new(SystemClock), me);
    let logs = mover.compare().await?;
    logs.iter().for_each(|log| show(log, args.from.0, to));
    if !args.confirm {
        say!("\nAll of it is of these logs. Nothing was written; run this again with `--confirm`.");
        if logs.iter().any(|log| !log.is_carried) {
            say!(
                "What is closed is closed at the new registry first: give `--admin-key` with the \
                 key of its admin too."
            );
        }
        return Ok(());
    }
    if let Some(key) = &args.admin_key {
        close_there(anchor, to, key, &logs).await?;
    }
    mover.set().await?;
    say!(
        "moved; now `chartseal anchor grant --all`, start the services, and give the new address \
         to all who verify, beside the old one"
    );
    Ok(())
}

/// A log as the two registries have it.
fn show(log: &MovingLog, from: Address, to: Address) {
    say!("log of `{}` (0x{})", log.facility, log.log_id);
    let head = log.before.map_or("no anchor".to_owned(), |head| {
        format!(
            "anchor {}, size {}, root {}",
            head.seq, head.size, head.root
        )
    });
    let closed = log.closed.map_or(String::new(), |closed| {
        let next = closed.successor;
        let next = next.map_or(String::new(), |next| format!(", 0x{next} goes on"));
        format!("; closed ({}){next}", closed.reason)
    });
    say!("  at {}: {head}{closed}", written(from));
    let carried = match (log.closed, log.is_carried) {
        (None, _) => "",
        (Some(_), true) => "; closed likewise",
        (Some(_), false) => "; to be closed likewise",
    };
    say!("  at {}: no anchor{carried}", written(to));
}

/// Closes at the registry to go to what is closed at the one that is left. Cut short, it is
/// done again: what is closed by then is passed over.
async fn close_there(
    anchor: &AnchorSection,
    to: Address,
    key: &Path,
    logs: &[MovingLog],
) -> Result<(), CommandError> {
    let open: Vec<_> = logs.iter().filter(|log| !log.is_carried).collect();
    if open.is_empty() {
        return Ok(());
    }
    let key = SubmitterKey::open(key)?;
    let admin = RegistryAdmin::connect(anchor.rpc_url.read()?, anchor.chain_id, key).await?;
    let admin = admin.paying(anchor.fees());
    for log in open {
        if let Some(closed) = log.closed {
            let (successor, reason) = (closed.successor, closed.reason);
            admin.close(to, log.log_id, successor, reason).await?;
            say!("closed log 0x{} at {}", log.log_id, written(to));
        }
    }
    Ok(())
}

/// Shows the registries that nothing shows, and takes them over when told to.
async fn adopt(args: &AdoptRegistryArgs) -> Result<(), CommandError> {
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
