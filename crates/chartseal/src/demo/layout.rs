//! Where the demo keeps what.

use crate::setup::leaf_key;
use anchor_service::{keys::key_file, ledger::evm::SubmitterKey};
use command::CommandError;
use command::whole_file::{self, PRIVATE};
use model::Random;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use store::Store;

/// The places below one directory.
pub struct Layout(PathBuf);

impl Layout {
    /// Makes the directories that are not there, closed to others.
    pub fn create(dir: &Path) -> Result<Self, CommandError> {
        let layout = Self(dir.to_owned());
        for dir in [
            layout.0.clone(),
            layout.keys(),
            layout.log_keys(),
            layout.chain(),
            layout.issuer(),
            layout.tokens(),
        ] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&dir)
                .map_err(|error| {
                    format!(
                        "cannot make `{}`: {error}; choose another `--data`",
                        dir.display()
                    )
                })?;
        }
        Ok(Self(fs::canonicalize(dir)?))
    }

    pub fn database(&self) -> PathBuf {
        self.0.join("chartseal.sqlite")
    }

    /// Refuses to begin anew where a database was and is no more.
    pub fn check_database(&self) -> Result<(), CommandError> {
        let there = fs::metadata(self.database()).is_ok_and(|file| file.len() > 0);
        if self.announcement().exists() && !there {
            return Err(format!(
                "the database `{}` is gone or is empty; restore it from its backup, or choose another `--data`",
                self.database().display()
            )
            .into());
        }
        Ok(())
    }

    /// Refuses to make keys anew for a chain that knows others.
    pub fn check_accounts(&self) -> Result<(), CommandError> {
        if !self.announcement().exists() {
            return Ok(());
        }
        let keys = [self.submitter_key(), self.admin_key()];
        match keys.into_iter().find(|key| !key.exists()) {
            Some(key) => Err(format!(
                "the key `{}` is gone, and the dev L2 knows its account; put it back, or choose \
                 another `--data`",
                key.display()
            )
            .into()),
            None => Ok(()),
        }
    }

    /// Makes the leaf key, or holds that which is there; refuses to begin with another.
    pub async fn hold_leaf_key(&self, store: &Store) -> Result<(), CommandError> {
        let path = self.leaf_key();
        if leaf_key::is_lost(&path, store).await? {
            return Err(format!(
                "the key `{}` is gone, and leaves of the database were made with it; put it \
                 back, or choose another `--data`",
                path.display()
            )
            .into());
        }
        leaf_key::make_at(&path, store)?;
        Ok(())
    }

    /// What to say where another process has the database open.
    pub fn runs_already(&self) -> String {
        let text = fs::read_to_string(self.announcement()).unwrap_or_default();
        let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        let url = json.and_then(|json| Some(json.get("base")?.as_str()?.to_owned()));
        let at = url.map_or_else(String::new, |url| format!(", at {url}"));
        format!(
            "the demo runs already over `{}`{at}; stop it, or choose another `--data`",
            self.0.display()
        )
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("chartseal.log")
    }

    fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    pub fn kms_file(&self) -> PathBuf {
        self.keys().join("kms.json")
    }

    pub fn log_keys(&self) -> PathBuf {
        self.keys().join("logs")
    }

    pub fn leaf_key(&self) -> PathBuf {
        self.keys().join("leaf.key")
    }

    pub fn submitter_key(&self) -> PathBuf {
        self.keys().join("submitter.key")
    }

    pub fn admin_key(&self) -> PathBuf {
        self.keys().join("registry-admin.key")
    }

    pub fn chain(&self) -> PathBuf {
        self.0.join("l2")
    }

    pub fn issuer(&self) -> PathBuf {
        self.0.join("issuer")
    }

    pub fn trust_file(&self) -> PathBuf {
        self.0.join("trust.json")
    }

    pub fn samples(&self) -> PathBuf {
        self.0.join("samples.json")
    }

    pub fn announcement(&self) -> PathBuf {
        self.0.join("demo.json")
    }

    /// One file for each user.
    pub fn tokens(&self) -> PathBuf {
        self.0.join("tokens")
    }

    /// Read by a shell, it sets the names of the tour.
    pub fn env(&self) -> PathBuf {
        self.0.join("env.sh")
    }

    fn ports(&self) -> PathBuf {
        self.0.join("ports.json")
    }
}

/// The ports of dev L2 and dev issuer, kept so that the issuer's name stays the
/// same from start to start.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ports {
    pub chain: Option<u16>,
    pub issuer: Option<u16>,
}

impl Ports {
    pub fn read(layout: &Layout) -> Self {
        let text = fs::read_to_string(layout.ports()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub fn write(&self, layout: &Layout) -> Result<(), CommandError> {
        replace(&layout.ports(), &serde_json::to_vec_pretty(self)?)
    }
}

/// The key in a file; made when it is not there.
pub fn submitter_key(path: &Path, random: &dyn Random) -> Result<SubmitterKey, CommandError> {
    if !path.exists() {
        key_file::create(path, random)?;
    }
    Ok(SubmitterKey::open(path)?)
}

/// The port of a loopback URL.
pub fn port_of(url: &str) -> Option<u16> {
    url::Url::parse(url).ok()?.port()
}

/// An address that a client on this machine can use.
pub fn reachable(listening: SocketAddr) -> SocketAddr {
    if listening.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listening.port())
    } else {
        listening
    }
}

/// Replaces a file whole, so that a reader sees the old or the new; closed to
/// others.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    Ok(whole_file::replace(path, PRIVATE, bytes)?)
}
