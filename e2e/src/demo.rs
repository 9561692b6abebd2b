//! `chartseal demo` as a child process.

use crate::{caller::Caller, command::Ran, places, waiting::until};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime},
};
use tempfile::TempDir;

/// The tokens of `demo.json`.
const TOKENS: [&str; 7] = [
    "clinician",
    "clinicianOther",
    "patient",
    "admin",
    "adminSecond",
    "auditor",
    "system",
];
const START_SECONDS: u64 = 120;
/// An operator waits a few seconds, no more.
const STOP: Duration = Duration::from_secs(5);

/// What `demo.json` says.
#[derive(Debug, Clone)]
pub struct About {
    /// Base of the token's own facility.
    pub fhir_base: String,
    /// Base of the server.
    pub base: String,
    /// One per role.
    pub tokens: BTreeMap<String, String>,
    /// JSON-RPC of the dev L2.
    pub rpc_url: String,
    /// Its chain id.
    pub chain_id: u64,
    /// Address of the registry contract.
    pub registry: String,
    /// Trust file for `chartseal verify`.
    pub trust_file: PathBuf,
}

/// A running demo. Dropped, it is stopped; its data stays until its folder goes.
#[derive(Debug)]
pub struct Demo {
    child: Child,
    log: PathBuf,
    /// What it said of itself when it was ready.
    pub about: About,
}

impl Demo {
    /// A new folder for one demo: `data` in it, and beside it what the process
    /// prints.
    #[must_use]
    pub fn folder() -> TempDir {
        tempfile::tempdir().expect("a temporary folder")
    }

    /// Starts on `folder/data` and waits until it is ready.
    #[must_use]
    pub fn start(folder: &Path, flags: &[&str]) -> Self {
        match Self::try_start(folder, flags) {
            Ok(demo) => demo,
            Err(ended) => panic!("the demo did not start:\n{}", ended.text),
        }
    }

    /// Starts on `folder/data` and waits until it is ready.
    ///
    /// # Errors
    /// How the process ended, when it did before it was ready.
    pub fn try_start(folder: &Path, flags: &[&str]) -> Result<Self, Ran> {
        Self::try_start_on(folder, 0, flags)
    }

    /// Starts at a port of one's choice, where clients expect it.
    #[must_use]
    pub fn start_on(folder: &Path, port: u16, flags: &[&str]) -> Self {
        match Self::try_start_on(folder, port, flags) {
            Ok(demo) => demo,
            Err(ended) => panic!("the demo did not start:\n{}", ended.text),
        }
    }

    fn try_start_on(folder: &Path, port: u16, flags: &[&str]) -> Result<Self, Ran> {
        let data = folder.join("data");
        let described = data.join("demo.json");
        // A start on old data finds the file of the start before.
        let before = changed(&described);
        let log = free_log(folder);
        let output = File::create(&log).expect("a log file");
        let errors = output.try_clone().expect("the same file");
        let mut child = Command::new(places::program())
            .args(["demo", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(&data)
            .args(flags)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("the program starts");
        let outcome = until("the demo is ready", START_SECONDS, || {
            if let Some(status) = child.try_wait().expect("its state") {
                return Some(Err(Ran {
                    code: status.code().expect("it was not killed"),
                    json: None,
                    text: fs::read_to_string(&log).unwrap_or_default(),
                }));
            }
            let now = changed(&described);
            (now.is_some() && now != before).then_some(Ok(()))
        });
        outcome?;
        let about = About::read(&described, folder);
        Ok(Self { child, log, about })
    }

    /// A caller at the FHIR base with the token of this role.
    #[must_use]
    pub fn caller(&self, role: &str) -> Caller {
        let token = self.about.tokens.get(role).expect("a role of the demo");
        Caller::new(&self.about.fhir_base, Some(token))
    }

    /// The FHIR base without a token.
    #[must_use]
    pub fn stranger(&self) -> Caller {
        Caller::new(&self.about.fhir_base, None)
    }

    /// All that the process printed so far.
    #[must_use]
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }

    /// All that it wrote to its log so far.
    #[must_use]
    pub fn logged(&self) -> String {
        let log = self.about.trust_file.with_file_name("chartseal.log");
        fs::read_to_string(log).expect("its log")
    }

    /// Whether the process still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// SIGTERM, as an operator or a container does it; the status it ended with.
    #[must_use]
    pub fn stop(&mut self) -> ExitStatus {
        self.terminate();
        match self.ended_within(STOP) {
            Some(status) => status,
            None => panic!("still running {STOP:?} after SIGTERM:\n{}", self.printed()),
        }
    }

    /// SIGKILL: no line of its code runs any more.
    pub fn kill9(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    fn terminate(&self) {
        let command = format!("kill -TERM {}", self.child.id());
        drop(Command::new("sh").args(["-c", &command]).status());
    }

    fn ended_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < patience {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return Some(status);
            }
            sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.terminate();
        if self.ended_within(Duration::from_secs(10)).is_none() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

impl About {
    /// Reads `demo.json`, every member of it; a relative path is one from the
    /// folder in which the demo was started.
    fn read(file: &Path, folder: &Path) -> Self {
        let text = fs::read_to_string(file).expect("demo.json");
        let json: Value = serde_json::from_str(&text).expect("demo.json is JSON");
        let text = |pointer: &str| match json.pointer(pointer).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => panic!("demo.json lacks `{pointer}`"),
        };
        Self {
            fhir_base: text("/fhirBase"),
            base: text("/base"),
            tokens: TOKENS
                .iter()
                .map(|role| ((*role).to_owned(), text(&format!("/tokens/{role}"))))
                .collect(),
            rpc_url: text("/l2/rpcUrl"),
            chain_id: json
                .pointer("/l2/chainId")
                .and_then(Value::as_u64)
                .expect("demo.json has a chain id"),
            registry: text("/l2/registry"),
            trust_file: folder.join(text("/trustFile")),
        }
    }
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

/// One file per start, so that an earlier one can still be searched.
fn free_log(folder: &Path) -> PathBuf {
    (1_u32..)
        .map(|number| folder.join(format!("printed-{number}.log")))
        .find(|file| !file.exists())
        .expect("a free name")
}
