//! The file of the leaf keys, which gateways and anchor-service share: by them the
//! anchor-service knows that a waiting leaf is a gateway's. They open nothing.
//!
//! A line for each key, the first of which makes macs while every one of them counts: a
//! key is changed by two of them for a while (docs/operations.md, "The leaf key").

use crate::{config::Config, setup::private_folder};
use anchor_service::keys::{
    key_file::{self, KeyFileError},
    key_rows::OtherMac,
};
use command::{CommandError, say};
use model::SystemRandom;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use store::Store;

/// Keys of a file, at most.
const MAX_KEYS: usize = 4;
/// How often the file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Lets the store work with the keys of the file.
///
/// # Errors
/// When the file is missing or cannot be used.
pub fn hold(path: &Path, store: &Store) -> Result<(), KeyFileError> {
    let secrets = key_file::read_several(path, MAX_KEYS).map_err(|error| match error {
        KeyFileError::Missing { path } => KeyFileError::MissingLeafKey { path },
        other => other,
    })?;
    store
        .leaf_keys()
        .set(secrets.iter().map(|secret| &**secret));
    Ok(())
}

/// [`hold`] for a command, which may have no need of them: a missing file is told when
/// something is to be written.
///
/// # Errors
/// When the file is there and cannot be used.
pub fn hold_if_there(config: &Config, store: &Store) -> Result<(), CommandError> {
    match config.leaf_key().map(|path| hold(&path, store)) {
        Some(Err(KeyFileError::MissingLeafKey { .. })) | None => Ok(()),
        Some(held) => Ok(held?),
    }
}

/// Makes the key where there is none, and holds it. Where one was in use before, another is
/// made only if that is `wanted`; says what becomes of macs of that one.
///
/// # Errors
/// When the key in use is missing; when it cannot be made or used.
pub async fn make(config: &Config, store: &Store, wanted: bool) -> Result<OtherMac, CommandError> {
    let path = config.needed_leaf_key()?;
    if !wanted && is_lost(&path, store).await? {
        return Err(format!(
            "the leaf key is missing at `{}`, and leaves of this database were made with it: \
             copy it from where another service has it, or from its backup; where none is left, \
             `chartseal init --new-leaf-key` makes another",
            path.display()
        )
        .into());
    }
    if make_at(&path, store)? {
        say!(
            "made the leaf key {}; every gateway and anchor-service needs this file, and \
             another installation its own",
            path.display()
        );
        return Ok(OtherMac::Replaced);
    }
    if wanted {
        say!(
            "the leaf key {} is there; no other was made",
            path.display()
        );
    }
    Ok(OtherMac::Stays)
}

/// Whether the file is missing, and a key was in use that it held.
///
/// # Errors
/// When the database cannot be read.
pub async fn is_lost(path: &Path, store: &Store) -> Result<bool, CommandError> {
    if path.exists() {
        return Ok(false);
    }
    let any = store.read("macs of leaves", |reader| reader.leaves().any_mac());
    Ok(any.await?)
}

/// Makes the key at a place where there is none, and holds it; whether it was made.
///
/// # Errors
/// When it cannot be made or used.
pub fn make_at(path: &Path, store: &Store) -> Result<bool, CommandError> {
    let makes = !path.exists();
    if makes {
        if let Some(parent) = path.parent() {
            private_folder::make(parent)?;
        }
        key_file::create(path, &SystemRandom)?;
    }
    hold(path, store)?;
    Ok(makes)
}

/// The file while services run.
#[derive(Debug, Clone)]
pub struct LeafKeyFile {
    path: PathBuf,
    store: Store,
    trouble: Arc<Mutex<Option<String>>>,
}

impl LeafKeyFile {
    /// Holds the keys, and looks at the file every minute until the runtime ends. While it
    /// cannot be read the keys before are held.
    ///
    /// # Errors
    /// When the file is missing or cannot be used.
    pub fn watch(config: &Config, store: &Store) -> Result<Self, CommandError> {
        let path = config.needed_leaf_key()?;
        hold(&path, store)?;
        tracing::info!(keys = store.leaf_keys().ids(), "leaf keys");
        let file = Self {
            path,
            store: store.clone(),
            trouble: Arc::default(),
        };
        let watched = file.clone();
        actix_web::rt::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_INTERVAL).await;
                watched.look();
            }
        });
        Ok(file)
    }

    /// What was wrong with the file at the last look, if anything.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look(&self) {
        let before = self.store.leaf_keys().ids();
        let now = hold(&self.path, &self.store).err();
        let keys = self.store.leaf_keys().ids();
        if keys != before {
            tracing::info!(keys, before, "the leaf keys changed");
        }
        let now = now.map(|error| error.to_string());
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*trouble, &now) {
            (before, Some(problem)) if before.as_ref() != Some(problem) => {
                tracing::error!(%problem, "the leaf key cannot be read any more");
            }
            (Some(_), None) => tracing::info!("the leaf key can be read again"),
            _ => {}
        }
        *trouble = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use store::Database;

    #[test]
    fn a_file_that_went_away_is_noticed_and_the_keys_are_held_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("db");
        let store = Store::open(&Database::Sqlite { path: database }).expect("a store");
        let path = folder.path().join("keys").join("leaf.key");
        assert!(matches!(
            hold(&path, &store),
            Err(KeyFileError::MissingLeafKey { .. })
        ));
        assert!(make_at(&path, &store).expect("made"));
        assert!(!make_at(&path, &store).expect("there"));
        let file = LeafKeyFile {
            path: path.clone(),
            store: store.clone(),
            trouble: Arc::default(),
        };
        file.look();
        assert_eq!(file.trouble(), None);
        let aside = folder.path().join("aside");
        fs::rename(&path, &aside).expect("moved");
        file.look();
        assert!(file.trouble().is_some());
        let kept = store.leaf_keys().ids();
        assert_eq!(kept.len(), 8);
        let one = fs::read_to_string(&aside).expect("a key");
        fs::write(&aside, format!("{}{one}", "0".repeat(64) + "\n")).expect("written");
        fs::rename(&aside, &path).expect("moved back");
        file.look();
        assert_eq!(file.trouble(), None);
        let now = store.leaf_keys().ids();
        assert_eq!(now.split(' ').next_back(), Some(kept.as_str()), "{now}");
        assert_eq!(now.len(), 17);
    }
}
