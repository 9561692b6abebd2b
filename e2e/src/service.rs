//! `chartseal gateway`, `anchor` and `serve` as child processes.

use crate::{places, waiting::until};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Longer than requests under way are waited for.
const STOP: Duration = Duration::from_secs(25);
const READY_SECONDS: u64 = 60;

/// A running service. Dropped, it is killed.
#[derive(Debug)]
pub struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts one; what it writes to standard error goes to `log`.
    #[must_use]
    pub fn start(command: &str, config: &Path, log: &Path) -> Self {
        let mut program = Command::new(places::program());
        Self::spawn(program.args([command, "--config"]).arg(config), log)
    }

    /// The same of a command that is, or becomes, the service.
    #[must_use]
    pub fn spawn(command: &mut Command, log: &Path) -> Self {
        let errors = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .expect("the program starts");
        Self {
            child,
            log: log.to_owned(),
        }
    }

    /// Waits until `ready` says so; a process that ends before fails the test.
    pub fn wait_until(&mut self, what: &str, mut ready: impl FnMut() -> bool) {
        until(what, READY_SECONDS, || {
            if let Some(status) = self.child.try_wait().expect("its state") {
                panic!("{what}: ended with {status}:\n{}", self.logged());
            }
            ready().then_some(())
        });
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// All that it wrote so far.
    #[must_use]
    pub fn logged(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }

    /// SIGHUP, as sent by whoever renews certificates.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        drop(Command::new("sh").args(["-c", &command]).status());
    }

    /// SIGTERM; the status it ended with.
    #[must_use]
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        let start = Instant::now();
        while start.elapsed() < STOP {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("still running {STOP:?} after SIGTERM:\n{}", self.logged());
    }

    /// SIGKILL: no line of its code runs any more.
    pub fn kill9(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
