//! `chartseal init`: the first facility of an installation, or one more: KMS file
//! and root key, tables, keys and policy set, first administrators and clients, log
//! key and log, submitter key.
//!
//! Run again it makes what is missing, so a run that was cut short is gone on with.
//! Nothing that is there is ever replaced. To a facility without administrators it adds
//! them.

use crate::{
    cli::InitArgs,
    config::Config,
    database,
    setup::{facility, leaf_key, private_folder},
};
use anchor_service::{
    LogKeys,
    keys::{key_file, rotation},
    ledger::evm::SubmitterKey,
};
use command::{CommandError, complain, say};
use lost::Known;
use model::{FacilityName, Random, SystemClock, SystemRandom};
use sealing::{FileKms, KmsError};
use std::{path::Path, process::ExitCode};
use store::{Facility, Log, Reader, Store, StoredLogKey};
use tlog::notes::checkpoint::Origin;

pub mod first;
mod lost;

/// Makes, and says what was made.
pub fn run(args: &InitArgs) -> ExitCode {
    match crate::runtime::block_on(init(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal init: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn init(args: &InitArgs) -> Result<(), CommandError> {
    let config = Config::read(&args.config)?;
    let (keys, anchor) = (config.keys()?, config.anchor()?);
    let store = open(args, &config).await?;
    let host = log_host(args.log_host.as_ref(), Some(&store)).await?;
    // Before anything is made: a name that cannot stand in an origin, what a lost database
    // had, and a facility that nobody could administer.
    let origin = Origin::new(&host, &args.facility, 1)?;
    let known = Known::to(&store).await?;
    known.check(&config, &args.facility, &origin)?;
    let there = facility::find(&store, &args.facility).await?.is_some();
    let gateways = args
        .gateway_config
        .as_deref()
        .map(Config::read)
        .transpose()?;
    let gateways = gateways.as_ref().unwrap_or(&config);
    let first = first::of(args, gateways, !there)?;
    let kms = kms(&keys.file, &store).await?;
    facility::check_keys(&store, &kms).await?;

    private_folder::make(&anchor.log_keys)?;
    let replaced = leaf_key::make(&config, &store, args.new_leaf_key).await?;
    crate::setup::keys::log::take_over(&config, &store, replaced).await?;
    facility::fix_log_host(&store, &host, args.log_host.is_some()).await?;
    let submitter = submitter(&anchor.submitter_key, &SystemRandom)?;
    let name = &args.facility;
    let people = first.clone();
    let made = facility::create(&store, &kms, name, people, &SystemClock, &SystemRandom).await?;
    if there {
        first::recover(args, gateways, &first, &store, &kms).await?;
    }
    let row = facility::find(&store, &args.facility)
        .await?
        .ok_or("the facility was made and is not there")?;
    let had_log = log(&store, &row).await?.is_some();
    let log_keys = LogKeys::new(&anchor.log_keys);
    facility::open_log(&store, &log_keys, &SystemRandom, &host, &row).await?;
    let (log, keys) = log(&store, &row).await?.ok_or("the log is not there")?;
    let new = made || !had_log;
    report(name, new, &log, &keys, &submitter, &config)?;
    if made {
        first::report(&first, gateways);
    }
    Ok(())
}

/// Opens the database. Where there is none it is made, once nothing says that there was one.
async fn open(args: &InitArgs, config: &Config) -> Result<Store, CommandError> {
    match database::open(config) {
        Err(error) if database::is_absent(&*error) => {
            let host = log_host(args.log_host.as_ref(), None).await?;
            let origin = Origin::new(&host, &args.facility, 1)?;
            Known::default().check(config, &args.facility, &origin)?;
            database::make(config)
        }
        opened => opened,
    }
}

fn report(
    name: &FacilityName,
    new: bool,
    log: &Log,
    keys: &[StoredLogKey],
    submitter: &SubmitterKey,
    config: &Config,
) -> Result<(), CommandError> {
    if new {
        say!("made facility `{name}`");
    } else {
        say!("facility `{name}` exists already; nothing of it was replaced");
    }
    say!("  log        {}", log.origin);
    for (vkey, _) in rotation::vkeys(log, keys)? {
        say!("  log key    {vkey}");
    }
    say!("  log id     0x{}", log.log_id);
    say!("  submitter  {}", submitter.address());
    say!("  root keys  {}", config.keys()?.file.display());
    say!("  log keys   {}", config.anchor()?.log_keys.display());
    say!("  leaf key   {}", config.needed_leaf_key()?.display());
    if new {
        say!(
            "\nBack up the root keys, the log keys and the leaf key now, each apart from the database: \
             without the root keys no record opens again.\n\
             Next: `chartseal anchor deploy` once, then `chartseal anchor grant --log {name}`."
        );
    }
    Ok(())
}

/// The facility's log with its keys.
async fn log(
    store: &Store,
    facility: &Facility,
) -> Result<Option<(Log, Vec<StoredLogKey>)>, CommandError> {
    let id = facility.id;
    let find = move |reader: &mut Reader| {
        let Some(log) = reader.logs().find(id)? else {
            return Ok(None);
        };
        let keys = reader.log_keys().of(&log)?;
        Ok(Some((log, keys)))
    };
    Ok(store.read("log", find).await?)
}

async fn log_host(given: Option<&String>, store: Option<&Store>) -> Result<String, CommandError> {
    let fixed = match store {
        // Whether anything shows it is looked at when the leaf key is there.
        Some(store) => anchor_service::find_log_host(store).await?,
        None => None,
    };
    match (given, fixed) {
        (None, Some(fixed)) => Ok(fixed.name),
        (Some(given), _) => Ok(given.clone()),
        (None, None) => Err(
            "give `--log-host`: the host by which this installation's logs are \
                             known, such as `log.hospital.example`; it is fixed for good"
                .into(),
        ),
    }
}

/// The KMS file; made when there is none and no facility that would need the one
/// that was.
async fn kms(file: &Path, store: &Store) -> Result<FileKms, CommandError> {
    match FileKms::open(file) {
        Err(KmsError::FileAbsent { .. }) if facility::list(store).await?.is_empty() => {
            if let Some(parent) = file.parent() {
                private_folder::make(parent)?;
            }
            Ok(FileKms::create(file)?)
        }
        opened => Ok(opened?),
    }
}

fn submitter(path: &Path, random: &dyn Random) -> Result<SubmitterKey, CommandError> {
    if !path.exists() {
        if let Some(parent) = path.parent() {
            private_folder::make(parent)?;
        }
        key_file::create(path, random)?;
    }
    Ok(SubmitterKey::open(path)?)
}
