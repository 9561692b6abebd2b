//! The keys of logs: what is shown of them, another one, and taking over those of which
//! nothing shows who put them into the database.

use crate::{
    cli::{AdoptKeysArgs, RotateArgs},
    config::Config,
    database,
    setup::{facility, signed},
};
use anchor_service::{
    LogKeys, SignedStates, StepError,
    keys::{
        key_rows::{OtherMac, adopt_log_keys, follow},
        rotation,
    },
};
use command::CommandError;
use command::{complain, say};
use model::{Clock as _, SystemClock, SystemRandom};
use store::{KeysShown, Log, LogKeySet, Store, StoredLogKey, Tx};

/// What the logs' keys signed last, where this configuration has to do with signing.
pub(super) fn signed(config: &Config) -> Result<Option<SignedStates>, CommandError> {
    match config.anchor() {
        Ok(_) => Ok(Some(signed::keeper(config)?.read()?)),
        Err(_) => Ok(None),
    }
}

/// The keys of a log as verifiers take them, with what there is to say of each.
pub(super) fn shown(
    log: &Log,
    keys: &LogKeySet,
    signed: Option<&SignedStates>,
) -> Result<Vec<String>, CommandError> {
    let shown = keys.shown()?;
    let origin = log.origin.parse()?;
    let last = signed.and_then(|signed| signed.get(&origin));
    if last.is_some_and(|last| !follow(&origin, shown, last)) {
        let origin = origin.to_string();
        return Err(StepError::KeysTurnedBack { origin }.into());
    }
    written(log, shown)
}

fn written(log: &Log, keys: &[StoredLogKey]) -> Result<Vec<String>, CommandError> {
    let vkeys = rotation::vkeys(log, keys)?;
    let write = |(vkey, key)| format!("{vkey}{}", since(&key));
    Ok(vkeys.into_iter().map(write).collect())
}

/// What there is to say of a log's key that was changed or came after one.
fn since(key: &StoredLogKey) -> String {
    match (key.created, key.retired) {
        (_, Some(retired)) => format!(", signs no more since {retired}"),
        (Some(created), None) => format!(", signs since {created}"),
        (None, None) => String::new(),
    }
}

/// Takes over what the files here and the last signatures show; what is left is told by
/// whatever needs it.
pub async fn take_over(
    config: &Config,
    store: &Store,
    other: OtherMac,
) -> Result<(), CommandError> {
    let Ok(anchor) = config.anchor() else {
        return Ok(());
    };
    let keys = LogKeys::new(&anchor.log_keys);
    if let Err(problem) = adopt_log_keys(store, &keys, signed::keeper(config)?, other).await {
        complain!("{problem}");
    }
    Ok(())
}

pub async fn rotate(config: &Config, args: &RotateArgs) -> Result<(), CommandError> {
    let store = database::open(config)?;
    let facility = facility::find(&store, &args.facility)
        .await?
        .ok_or_else(|| format!("there is no facility `{}`", args.facility))?;
    take_over(config, &store, OtherMac::Stays).await?;
    let now = SystemClock.now();
    if args.finish {
        let keys = config.anchor().ok();
        let keys = keys.map(|anchor| LogKeys::new(&anchor.log_keys));
        let vkey = rotation::finish(&store, keys.as_ref(), &facility, now).await?;
        say!(
            "the log of `{}` is signed by this key alone:",
            facility.name
        );
        say!("  log key    {vkey}");
        say!(
            "Keep the old key in trust files: what it has signed stays signed. Its file is \
             needed no more."
        );
        return Ok(());
    }
    let folder = &config.anchor()?.log_keys;
    let vkey =
        rotation::rotate(&store, &LogKeys::new(folder), &facility, now, &SystemRandom).await?;
    say!("the log of `{}` is signed by this key too:", facility.name);
    say!("  log key    {vkey}");
    say!("  log keys   {}", folder.display());
    say!(
        "\nBack the new file up. Give the new key to all who verify, beside the old one; then \
         end the old one by `chartseal keys rotate --facility {} --finish`.",
        facility.name
    );
    Ok(())
}

/// Shows the keys of a facility's logs that nothing shows, and takes them over when told to.
pub async fn adopt(config: &Config, args: &AdoptKeysArgs) -> Result<(), CommandError> {
    let store = database::open(config)?;
    // Without it nothing shows the keys of any log.
    store.leaf_keys().require()?;
    let facility = facility::find(&store, &args.facility)
        .await?
        .ok_or_else(|| format!("there is no facility `{}`", args.facility))?;
    let read = move |reader: &mut store::Reader| {
        let mut logs = reader.logs().list()?;
        logs.retain(|log| log.facility == facility.id);
        let keys = reader.log_keys().of_all(&logs)?;
        Ok(logs.into_iter().zip(keys).collect::<Vec<_>>())
    };
    let mut unshown = store.read("log keys", read).await?;
    unshown.retain(|(_, keys)| matches!(keys.by(), KeysShown::Never | KeysShown::Wrong));
    if unshown.is_empty() {
        say!(
            "nothing to adopt: the keys of every log of `{}` have their mac",
            args.facility
        );
        return Ok(());
    }
    for (log, keys) in &unshown {
        let keys = keys.as_they_stand();
        say!(
            "log {} (epoch {}), log id 0x{}",
            log.origin,
            log.epoch,
            log.log_id
        );
        for key in written(log, keys)? {
            say!("  log key {key}");
        }
        if args.confirm {
            let (id, keys) = (log.id, keys.to_vec());
            let adopt = move |tx: &mut Tx| tx.log_keys().adopt(id, &keys);
            store.run_tx("adopt log keys", &[], adopt).await?;
        }
    }
    if args.confirm {
        say!("\nadopted: services sign with these, and `keys list` shows them.");
    } else {
        say!(
            "\nNothing was written. Compare each key, and since when it signs no more, with what \
             `init` and `keys rotate` printed or verifiers have. When all are right, run this \
             again with `--confirm`; when not, see \"Keys of a log that nobody put there\" in the \
             runbook."
        );
    }
    Ok(())
}
