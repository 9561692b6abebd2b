//! `chartseal anchor new-epoch`: another log for a facility, where the one it has cannot
//! go on (docs/operations.md, "Start, ready, stop").

use crate::{
    cli::NewEpochArgs,
    config::Config,
    database,
    setup::{facility, signed},
};
use anchor_service::{LogKeys, log::new_epoch};
use command::{CommandError, complain, say};
use gateway::{
    facility::setup::{self, Continued},
    ports::Ports,
};
use model::{Clock, Random, SystemClock, SystemRandom};
use sealing::FileKms;
use std::{process::ExitCode, sync::Arc};

/// Runs the command.
pub fn run(args: &NewEpochArgs) -> ExitCode {
    match crate::runtime::block_on(begin(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor new-epoch: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn begin(args: &NewEpochArgs) -> Result<(), CommandError> {
    let config = Config::read(&args.config)?;
    let anchor = config.anchor()?;
    let kms = FileKms::open(&config.keys()?.file)?;
    let store = database::open(&config)?;
    let row = facility::find(&store, &args.facility)
        .await?
        .ok_or_else(|| format!("there is no facility `{}`", args.facility))?;
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
        (Arc::new(SystemClock), Arc::new(SystemRandom));
    let signed = signed::keeper(&config)?;
    let last = new_epoch::last_state(&store, signed, &row).await?;
    say!(
        "the log of `{}` ({}) has {} leaves here; its keys signed it last at size {}",
        row.name,
        last.origin,
        last.leaves,
        last.size
    );
    if last.whole && !args.although_whole {
        return leave_whole(args.confirm);
    }
    if !args.confirm {
        say!(
            "\nNothing was written. Where the database has fewer leaves than were signed, first \
             look for a newer backup: what this one lacks is lost with a new log. Then run this \
             again with `--confirm`."
        );
        return Ok(());
    }
    let keys = LogKeys::new(&anchor.log_keys);
    let next = new_epoch::prepare(&store, &keys, &row, &last, &*random).await?;
    let continued = Continued {
        log: last.log_id,
        size: last.size,
        root: last.root,
    };
    let (origin, log_id, vkey) = (next.new.origin.clone(), next.new.log_id, next.vkey);
    let ports = Ports {
        store: &store,
        kms: &kms,
        clock: &clock,
        random: &random,
    };
    setup::put_next_log(&row.name, next.new, continued, ports).await?;
    say!("a new log goes on from there:");
    say!("  log        {origin}");
    say!("  log key    {vkey}");
    say!("  log id     0x{log_id}");
    say!("  log keys   {}", anchor.log_keys.display());
    say!(
        "\nBack the new key up. Let the registry's admin grant it by `chartseal anchor grant \
         --log {}`, start the services, and give key and id to all who verify, beside the old \
         ones: what the old log signed stays proved by it.",
        row.name
    );
    Ok(())
}

/// A log that can go on is not ended.
fn leave_whole(confirmed: bool) -> Result<(), CommandError> {
    let goes_on = "the log can go on, for the database has all that its keys signed; a new one \
                   would have to be granted and made known to all who verify";
    if confirmed {
        return Err(format!(
            "{goes_on}. Where the registry holds a root that is not this log's, begin one by \
             `--although-whole`"
        )
        .into());
    }
    say!("\nNothing was written, and nothing is to be done: {goes_on}.");
    Ok(())
}
