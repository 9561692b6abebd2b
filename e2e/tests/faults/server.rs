//! A PostgreSQL server of a test's own, which the test may stop, break and start.

use crate::volume::Volume;
use e2e::{free_port, until};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

const USER: &str = "postgres";

/// How a server is stopped (`pg_ctl stop --mode`).
#[derive(Clone, Copy)]
pub enum Stop {
    /// Sessions are cut, the server closes in order.
    Fast,
    /// Every process leaves at once; the next start recovers from the WAL.
    Immediate,
}

pub struct Server {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
    /// The words before a command that make it run as the server's user.
    user: Vec<String>,
    /// Where its cluster is when it has a disk of its own.
    volume: Option<Volume>,
}

/// Enough for a small cluster with WAL to spare.
const DISK: &str = "256m";

impl Server {
    /// A cluster, fsync on, and the server over it.
    pub fn start() -> Self {
        let mut server = Self::new();
        server.make(&server.cluster());
        server.begin();
        server
    }

    /// The same on a disk that can be filled; none where there can be no such disk.
    pub fn start_on_a_disk() -> Option<Self> {
        let mut server = Self::new();
        server.make(&server.cluster());
        server.volume = Some(Volume::mounted(&server.cluster())?);
        server.begin();
        // Segments of WAL that are free again have their room already: without any a
        // full disk ends the server, and its memory disk with it.
        for _ in 0..4 {
            server.ask("SELECT pg_switch_wal() FROM pg_logical_emit_message(false, 'a', 'b')");
        }
        server.ask("CHECKPOINT");
        Some(server)
    }

    /// A standby of this server, which follows it.
    pub fn standby(&self) -> Self {
        let mut standby = Self::new();
        let mut copy = standby.as_user("pg_basebackup");
        copy.args(["-U", USER, "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        copy.args(["--checkpoint", "fast", "--write-recovery-conf", "-D"]);
        text_of(copy.arg(standby.cluster()));
        standby.begin();
        standby
    }

    /// Waits until a standby has all that this server has.
    pub fn wait_for_standby(&self) {
        let reached = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' \
                       AND replay_lsn = pg_current_wal_lsn()";
        until("the standby", 60, || {
            (self.number(reached) == 1).then_some(())
        });
    }

    /// Cuts a standby off from its server: it stays as it is and answers reads.
    pub fn cut_off(&self) {
        self.ask("ALTER SYSTEM SET primary_conninfo = ''");
        self.ask("SELECT pg_reload_conf()");
        let receives = "SELECT count(*) FROM pg_stat_wal_receiver";
        until("the cut", 60, || (self.number(receives) == 0).then_some(()));
    }

    /// Makes a standby the server, at the address of the one that is gone.
    pub fn promote(&mut self, port: u16) {
        assert_eq!(self.ask("SELECT pg_promote()"), "t");
        self.stop(Stop::Fast);
        self.port = port;
        self.begin();
    }

    /// Leaves the disk no room, or gives it back.
    pub fn fill(&self, full: bool) {
        let (disk, id) = (
            self.volume.as_ref().unwrap(),
            self.child.as_ref().unwrap().id(),
        );
        if full {
            disk.fill(id);
        } else {
            disk.empty(id);
        }
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // PostgreSQL refuses to be root.
        let user = match text_of(Command::new("id").arg("-u")).as_str() {
            "0" => {
                let of = |which: &str| text_of(Command::new("id").args([which, USER]));
                let (id, group) = (of("-u"), of("-g"));
                let owner = (id.parse().ok(), group.parse().ok());
                std::os::unix::fs::chown(folder.path(), owner.0, owner.1).unwrap();
                let (id, group) = (format!("--reuid={id}"), format!("--regid={group}"));
                ["setpriv", &id, &group, "--clear-groups"]
                    .map(str::to_owned)
                    .into()
            }
            _ => vec!["env".to_owned()],
        };
        Self {
            folder,
            port: free_port(),
            child: None,
            user,
            volume: None,
        }
    }

    fn cluster(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    fn as_user(&self, program: &str) -> Command {
        let mut command = Command::new(&self.user[0]);
        command.args(&self.user[1..]).arg(programs().join(program));
        command.current_dir(self.folder.path());
        command
    }

    fn make(&self, cluster: &Path) {
        let mut make = self.as_user("initdb");
        make.args(["--username", USER, "--auth", "trust", "--encoding", "UTF8"]);
        text_of(make.args(["--no-locale", "--pgdata"]).arg(cluster));
    }

    /// Starts the server and waits until it lets us in.
    pub fn begin(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("server.log"))
            .unwrap();
        let mut command = match &self.volume {
            // Who mounted is root in a namespace, which PostgreSQL refuses as well.
            Some(volume) if self.user.len() == 1 => {
                let of = |which: &str| text_of(Command::new("id").arg(which));
                let mut command = volume.command(DISK, "unshare");
                command.arg(format!("--map-user={}", of("-u")));
                command.arg(format!("--map-group={}", of("-g")));
                command
            }
            Some(volume) => volume.command(DISK, "env"),
            None => Command::new("env"),
        };
        // Should this program be killed, the server follows.
        command
            .args(&self.user)
            .args(["setpriv", "--pdeathsig", "INT"]);
        command.arg(programs().join("postgres")).arg("-D");
        command.arg(self.cluster());
        command.arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command.current_dir(self.folder.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.child = Some(command.spawn().unwrap());
        until("the PostgreSQL server", 60, || self.try_ask("SELECT 1"));
    }

    /// Stops it and waits until it is gone.
    pub fn stop(&mut self, how: Stop) {
        let signal = match how {
            Stop::Fast => "INT",
            Stop::Immediate => "QUIT",
        };
        let mut child = self.child.take().unwrap();
        let command = format!("kill -{signal} {}", child.id());
        text_of(Command::new("sh").args(["-c", &command]));
        child.wait().unwrap();
    }

    /// For `host:port`.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of the one database, at the server or at what stands before it.
    pub fn url_at(&self, port: u16) -> String {
        let plain = "sslmode=disable&gssencmode=disable";
        format!("postgres://{USER}@127.0.0.1:{port}/postgres?{plain}")
    }

    /// What a statement gives: columns by `|`, rows by line.
    pub fn ask(&self, statement: &str) -> String {
        self.try_ask(statement)
            .unwrap_or_else(|| panic!("no answer to {statement}"))
    }

    fn try_ask(&self, statement: &str) -> Option<String> {
        let url = format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port);
        let output = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-d", &url, "-c", statement])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    /// A single number.
    pub fn number(&self, statement: &str) -> usize {
        self.ask(statement).parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.stop(Stop::Immediate);
        }
    }
}

/// The folder of the newest server: Debian keeps them out of PATH.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    match newest {
        Some((_, folder)) => folder,
        None => PathBuf::from(text_of(
            Command::new("sh").args(["-c", "command -v initdb"]),
        ))
        .parent()
        .unwrap()
        .to_owned(),
    }
}

fn text_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
