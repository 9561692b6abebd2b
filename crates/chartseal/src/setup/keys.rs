//! `chartseal keys`: which keys there are and who can open them, and another key for a
//! log. No key is ever printed; public keys are.

pub mod log;

use crate::{
    cli::{KeysArgs, KeysCommand},
    config::Config,
    database,
    setup::facility,
};
use anchor_service::ledger::evm::SubmitterKey;
use command::{CommandError, complain, say};
use sealing::{FileKms, Kms as _};
use std::{path::Path, process::ExitCode};
use store::{Facility, Log, LogKeySet, Store, StoredKek};

/// Runs the command.
pub fn run(args: &KeysArgs) -> ExitCode {
    match asked(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal keys: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn asked(args: &KeysArgs) -> Result<(), CommandError> {
    let config = args.config.as_deref().ok_or(
        "give the configuration file by `--config FILE` or in the environment as \
         `CHARTSEAL_CONFIG`",
    )?;
    let config = Config::read(config)?;
    match &args.command {
        KeysCommand::List => crate::runtime::block_on(list(&config)),
        KeysCommand::Custody => custody(&config),
        KeysCommand::Rotate(args) => crate::runtime::block_on(log::rotate(&config, args)),
        KeysCommand::Adopt(args) => crate::runtime::block_on(log::adopt(&config, args)),
    }
}

/// What the database holds of one facility.
struct Keys {
    keks: Vec<StoredKek>,
    data_keys: Vec<(u8, u64)>,
    logs: Vec<(Log, LogKeySet)>,
}

async fn keys_of(store: &Store, facility: &Facility) -> Result<Keys, CommandError> {
    let id = facility.id;
    let read = move |reader: &mut store::Reader| {
        let mut logs = reader.logs().list()?;
        logs.retain(|log| log.facility == id);
        let log_keys = reader.log_keys().of_all(&logs)?;
        Ok(Keys {
            keks: reader.keys().list_keks(id)?,
            data_keys: reader.keys().count_by_kind(id)?,
            logs: logs.into_iter().zip(log_keys).collect(),
        })
    };
    Ok(store.read("keys", read).await?)
}

async fn list(config: &Config) -> Result<(), CommandError> {
    let kms = FileKms::open(&config.keys()?.file)?;
    let store = database::open(config)?;
    let signed = log::signed(config)?;
    let facilities = facility::list(&store).await?;
    if facilities.is_empty() {
        say!("there is no facility; make one with `chartseal init`");
    }
    for facility in facilities {
        let keys = keys_of(&store, &facility).await?;
        say!("facility {}", facility.name);
        for kek in &keys.keks {
            let opens = match kms.unwrap_kek(&facility.name, kek.generation, &kek.wrapped) {
                Ok(_) => "opens".to_owned(),
                Err(error) => format!("does not open: {error}"),
            };
            say!(
                "  key encryption key, generation {} of {}, under {}: {opens}",
                kek.generation,
                kek.created,
                kms.custody()
            );
        }
        for (kind, count) in &keys.data_keys {
            say!("  data keys, {}: {count}", scope(*kind));
        }
        for (log, keys) in &keys.logs {
            say!("  log {} (epoch {})", log.origin, log.epoch);
            say!("    log id 0x{}", log.log_id);
            match log::shown(log, keys, signed.as_ref()) {
                Ok(keys) => keys.iter().for_each(|key| say!("    log key {key}")),
                Err(problem) => say!("    {problem}"),
            }
        }
    }
    Ok(())
}

/// The kinds of docs/storage-format.md.
const fn scope(kind: u8) -> &'static str {
    match kind {
        1 => "one for each patient",
        2 => "facility",
        3 => "audit",
        4 => "index roots",
        5 => "records of several patients",
        6 => "export jobs",
        7 => "id root",
        8 => "query texts of a month",
        _ => "of an unknown kind",
    }
}

fn custody(config: &Config) -> Result<(), CommandError> {
    let kms = FileKms::open(&config.keys()?.file)?;
    say!("root keys: {}", kms.custody());
    say!("  whoever reads this file and the database reads every record; the gateway opens it");
    say!("key encryption keys and data keys: in the database, wrapped");
    say!("  opened by the gateway, in memory, five minutes at most");
    if let Some(path) = config.leaf_key() {
        say!("leaf key: `{}`", path.display());
        say!(
            "  whoever reads it and writes to the database puts leaves into the logs; gateways and \
             the anchor-service open it"
        );
    }
    if let Ok(anchor) = config.anchor() {
        say!("log keys: files in `{}`", anchor.log_keys.display());
        say!("  whoever reads one signs that log; the anchor-service opens them");
        say!(
            "submitter key: {}",
            submitter(&anchor.submitter_key).unwrap_or_else(|problem| problem)
        );
        say!("  whoever reads it posts anchors that extend the log, and nothing else");
    }
    say!("registry admin's key: no service holds it; the file given to `chartseal anchor`");
    say!("  whoever reads it says who may post; no anchor can be changed with it");
    Ok(())
}

fn submitter(path: &Path) -> Result<String, String> {
    let key = SubmitterKey::open(path).map_err(|error| error.to_string())?;
    Ok(format!("`{}` (account {})", path.display(), key.address()))
}
