//! `chartseal demo` as a child process: the program as its users run it.

use crate::{
    Failed,
    callers::{client::Client, connection::Target},
    house::program::Program,
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use store::Database;

const PATIENCE: Duration = Duration::from_secs(120);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A running demo; dropped, it is killed.
pub struct Demo {
    child: Child,
    about: Value,
    folder: PathBuf,
}

impl Demo {
    /// Starts on `folder/data` and waits until it is ready.
    pub async fn start(folder: &Path, flags: &[&str]) -> Result<Self, Failed> {
        let data = data_of(folder);
        let described = data.join("demo.json");
        if described.exists() {
            // A start on old data would find the file of the start before.
            fs::remove_file(&described)?;
        }
        let child = Command::new(Program::usual()?.path())
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let mut demo = Self {
            child,
            about: Value::Null,
            folder: folder.to_owned(),
        };
        let start = Instant::now();
        while !described.exists() {
            if let Some(status) = demo.child.try_wait()? {
                return Err(format!("the demo ended with {status} before it was ready").into());
            }
            if start.elapsed() > PATIENCE {
                return Err("the demo did not get ready".into());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        demo.about = serde_json::from_slice(&fs::read(described)?)?;
        Ok(demo)
    }

    /// A caller at the FHIR base with the token of a role.
    pub fn client(&self, role: &str) -> Result<Client, Failed> {
        let token = self.text(&format!("/tokens/{role}"))?;
        Client::new(self.text("/fhirBase")?, token)
    }

    /// The same for callers on connections of their own.
    pub fn target(&self, role: &str) -> Result<Target, Failed> {
        let token = self.text(&format!("/tokens/{role}"))?;
        Target::new(self.text("/fhirBase")?, token)
    }

    /// The trust file for what it proves.
    pub fn trust(&self) -> Result<Vec<u8>, Failed> {
        Ok(fs::read(self.folder.join(self.text("/trustFile")?))?)
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) -> Result<(), Failed> {
        terminate(&self.child)?;
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the demo ended with {status}").into())
        }
    }

    fn text(&self, pointer: &str) -> Result<&str, Failed> {
        let value = self.about.pointer(pointer).and_then(Value::as_str);
        value.ok_or_else(|| format!("demo.json lacks `{pointer}`").into())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// The database of the demo that runs, or ran, in this folder.
pub fn database_of(folder: &Path) -> Database {
    Database::Sqlite {
        path: data_of(folder).join("chartseal.sqlite"),
    }
}

/// SIGTERM.
pub fn terminate(child: &Child) -> Result<(), Failed> {
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()?;
    Ok(())
}

fn data_of(folder: &Path) -> PathBuf {
    folder.join("data")
}
