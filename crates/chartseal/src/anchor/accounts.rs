//! `chartseal anchor deploy`, `grant` and `revoke`: what the registry's admin does, whose
//! key no service holds.

use crate::{
    anchor::registry::{self, Address, Standing},
    cli::{AdminArgs, GrantArgs, RevokeArgs},
    config::Config,
    database,
    setup::facility,
};
use anchor_service::{
    keys::key_file,
    ledger::evm::{RegistryAdmin, SubmitterKey},
};
use command::{CommandError, complain, say};
use gateway::facility::setup;
use model::{FacilityName, LogId, SystemRandom};
use std::process::ExitCode;
use store::{Registry, Store};

/// `chartseal anchor deploy`.
pub fn run_deploy(args: &AdminArgs) -> ExitCode {
    ended("deploy", crate::runtime::block_on(deploy(args)))
}

/// `chartseal anchor grant`.
pub fn run_grant(args: &GrantArgs) -> ExitCode {
    ended("grant", crate::runtime::block_on(grant(args)))
}

/// `chartseal anchor revoke`.
pub fn run_revoke(args: &RevokeArgs) -> ExitCode {
    ended("revoke", crate::runtime::block_on(revoke(args)))
}

fn ended(name: &str, outcome: Result<(), CommandError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal anchor {name}: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Order of effects: deploy, then note. Cut short between the two, the next run
/// deploys another; the first then belongs to nobody's data.
async fn deploy(args: &AdminArgs) -> Result<(), CommandError> {
    let config = Config::read(&args.config)?;
    let anchor = config.anchor()?;
    let store = database::open(&config)?;
    // A registry of an empty database would be a second one.
    drop(facility::some(&store).await?);
    let standing = Standing::read(&store, anchor).await?;
    if let Some(address) = standing.noted.filter(|_| !args.another) {
        say!(
            "registry {} is in use already; nothing was changed",
            registry::written(address)
        );
        return Ok(());
    }
    if let Some(address) = standing.configured.filter(|_| !args.another) {
        return Err(format!(
            "`registry` in `[anchor]` names {} already: `chartseal anchor grant` takes it into \
             use; to deploy a new one leave the key out",
            registry::written(address)
        )
        .into());
    }
    // What is deployed is noted after, with a mac.
    store.leaf_keys().require()?;
    match (args.admin_key.exists(), args.new_key) {
        (true, _) => {}
        (false, true) => drop(key_file::create(&args.admin_key, &SystemRandom)?),
        (false, false) => {
            return Err(format!(
                "there is no key at `{}`: `--new-key` makes the admin's key there, once; a \
                 key that was made before is put back from where it is kept",
                args.admin_key.display()
            )
            .into());
        }
    }
    let key = SubmitterKey::open(&args.admin_key)?;
    say!("registry admin {}", key.address());
    let admin = RegistryAdmin::connect(anchor.rpc_url.read()?, anchor.chain_id, key)
        .await?
        .paying(anchor.fees());
    let address = admin.deploy().await?;
    // First: it is paid for, whatever becomes of the note.
    say!(
        "deployed registry {} on chain {}",
        registry::written(address),
        anchor.chain_id
    );
    if !args.another {
        note(&store, anchor.chain_id, address).await?;
    }
    Ok(())
}

/// Looks at the contract first, grants then, and notes a configured registry after: a
/// grant shows that it is this admin's.
async fn grant(args: &GrantArgs) -> Result<(), CommandError> {
    let config = Config::read(&args.config)?;
    let anchor = config.anchor()?;
    let store = database::open(&config)?;
    let standing = Standing::read(&store, anchor).await?;
    let address = standing.known()?;
    if standing.noted.is_none() {
        store.leaf_keys().require()?;
    }
    let submitter = SubmitterKey::open(&anchor.submitter_key)?.address();
    let key = SubmitterKey::open(&args.admin_key)?;
    let admin = RegistryAdmin::connect(anchor.rpc_url.read()?, anchor.chain_id, key)
        .await?
        .paying(anchor.fees());
    admin.check(address).await?;
    for (facility, log) in logs(&store, args.log.as_ref(), true).await? {
        admin.grant(address, log, submitter.0.0).await?;
        say!("{submitter} may anchor the log of `{facility}` (0x{log})");
    }
    if standing.noted.is_none() {
        note(&store, anchor.chain_id, address).await?;
    }
    Ok(())
}

async fn note(store: &Store, chain_id: u64, address: Address) -> Result<(), CommandError> {
    let registry = Registry { chain_id, address };
    Ok(setup::note_registry(store, registry).await?)
}

/// Takes grants back, at the registry that is in use.
async fn revoke(args: &RevokeArgs) -> Result<(), CommandError> {
    let config = Config::read(&args.grant.config)?;
    let anchor = config.anchor()?;
    let store = database::open(&config)?;
    let address = Standing::read(&store, anchor).await?.known()?;
    let submitter = match args.submitter {
        Some(account) => account.0,
        None => SubmitterKey::open(&anchor.submitter_key)?.address().0.0,
    };
    let key = SubmitterKey::open(&args.grant.admin_key)?;
    let admin = RegistryAdmin::connect(anchor.rpc_url.read()?, anchor.chain_id, key)
        .await?
        .paying(anchor.fees());
    admin.check(address).await?;
    let account = registry::written(submitter);
    for (facility, log) in logs(&store, args.grant.log.as_ref(), false).await? {
        admin.revoke(address, log, submitter).await?;
        say!("{account} may no longer anchor the log of `{facility}` (0x{log})");
    }
    Ok(())
}

/// The logs of one facility, or of all, of every epoch; where it is asked, only those that
/// nobody else put into the database.
async fn logs(
    store: &Store,
    wanted: Option<&FacilityName>,
    checked: bool,
) -> Result<Vec<(FacilityName, LogId)>, CommandError> {
    let mut facilities = facility::list(store).await?;
    facilities.retain(|facility| wanted.is_none_or(|wanted| *wanted == facility.name));
    let ids: Vec<_> = facilities.iter().map(|facility| facility.id).collect();
    let read = move |reader: &mut store::Reader| {
        let mut rows = reader.logs().list()?;
        rows.retain(|log| ids.contains(&log.facility));
        if checked {
            facility::check_logs(reader, &rows)?;
        }
        Ok(rows)
    };
    let rows = store.read("logs", read).await?;
    let mut logs = Vec::new();
    for facility in facilities {
        let of = rows.iter().filter(|log| log.facility == facility.id);
        logs.extend(of.map(|log| (facility.name.clone(), log.log_id)));
    }
    match wanted {
        _ if !logs.is_empty() => Ok(logs),
        Some(name) => {
            Err(format!("facility `{name}` has no log; make it with `chartseal init`").into())
        }
        None => Err("there is no log; make a facility with `chartseal init`".into()),
    }
}
