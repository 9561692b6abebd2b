//! `chartseal anchor close`: ends a log at the registry when a key of it was stolen, so that
//! whoever has the key anchors nothing under its name (docs/operations.md, "Stolen keys").

use crate::{
    anchor::registry::Standing,
    cli::{CloseArgs, Stolen},
    config::Config,
    database,
    setup::facility,
};
use anchor_service::ledger::evm::{ClosingReason, RegistryAdmin, SubmitterKey};
use command::{CommandError, complain, say};
use model::LogId;
use std::process::ExitCode;
use store::{FacilityId, Store};

/// Runs the command.
pub fn run(args: &CloseArgs) -> ExitCode {
    match crate::runtime::block_on(close(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor close: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The log that is closed, and the one that goes on.
struct Ending {
    log: LogId,
    successor: Option<LogId>,
}

async fn close(args: &CloseArgs) -> Result<(), CommandError> {
    let config = Config::read(&args.config)?;
    let anchor = config.anchor()?;
    let store = database::open(&config)?;
    let address = Standing::read(&store, anchor).await?.known()?;
    let row = facility::find(&store, &args.facility)
        .await?
        .ok_or_else(|| format!("there is no facility `{}`", args.facility))?;
    let ending = ending(&store, row.id, args.current).await?;
    let next = match ending.successor {
        Some(next) => format!("0x{next} goes on in its place"),
        None => "no log is named to go on in its place".to_owned(),
    };
    say!("log 0x{} of `{}`: {next}", ending.log, args.facility);
    if !args.confirm {
        say!(
            "\nNothing was sent. A log that is closed takes no anchor any more, for good; its \
             anchors stay and prove what they did. Then run this again with `--confirm`."
        );
        return Ok(());
    }
    let reason = match args.reason {
        Stolen::LogKey => ClosingReason::LogKey,
        Stolen::SubmitterKey => ClosingReason::SubmitterKey,
    };
    let key = SubmitterKey::open(&args.admin_key)?;
    let admin = RegistryAdmin::connect(anchor.rpc_url.read()?, anchor.chain_id, key)
        .await?
        .paying(anchor.fees());
    let (log, successor) = (ending.log, ending.successor);
    admin.close(address, log, successor, reason).await?;
    say!("closed; let all who verify renew their trust files (`chartseal trust refresh`)");
    Ok(())
}

/// Of a facility's logs the last that has ended, or the one that takes leaves.
async fn ending(store: &Store, owner: FacilityId, current: bool) -> Result<Ending, CommandError> {
    let of_facility = move |reader: &mut store::Reader| {
        let mut logs = reader.logs().list()?;
        logs.retain(|log| log.facility == owner);
        facility::check_logs(reader, &logs)?;
        Ok(logs)
    };
    let mut logs = store.read("logs", of_facility).await?;
    logs.sort_by_key(|log| log.epoch);
    let newest = logs.pop().ok_or("the facility has no log")?;
    match (logs.pop(), current) {
        (_, true) => Ok(Ending {
            log: newest.log_id,
            successor: None,
        }),
        (Some(ended), false) => Ok(Ending {
            log: ended.log_id,
            successor: Some(newest.log_id),
        }),
        (None, false) => Err("no log of the facility has ended: begin the next one by \
             `chartseal anchor new-epoch` first, or close the one there is by `--current`"
            .into()),
    }
}
