//! A throwaway PostgreSQL for one run of the tests: real, on loopback, in a
//! temporary folder, with fsync on.
//!
//! A shell holds the server and waits for its input to end, which it does when
//! this program ends in whatever way, killed included. Then it stops the server
//! and removes the folder.

use crate::{debian, workspace};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);
const USER: &str = "postgres";

/// Runs the rest of its arguments; SIGINT is PostgreSQL's fast shutdown.
const KEEPER: &str = r#"folder=$1; shift
"$@" >"$folder/server.log" 2>&1 &
server=$!
cat >/dev/null
kill -INT "$server" 2>/dev/null
wait "$server"
rm -rf "$folder""#;

/// A running server; dropped, it is stopped and gone.
pub struct Postgres {
    keeper: Child,
    lifeline: Option<ChildStdin>,
    port: u16,
}

impl Postgres {
    /// Finds or installs the server, makes a cluster and starts it.
    pub fn start() -> Result<Self, String> {
        let programs = programs()?;
        let user = server_user()?;
        let folder = make_folder(user.as_ref())?;
        let started = Self::start_in(&programs, &folder, user.as_ref());
        if started.is_err() {
            // Whatever was left; the keeper may have removed it already.
            drop(fs::remove_dir_all(&folder));
        }
        started
    }

    fn start_in(programs: &Path, folder: &Path, user: Option<&User>) -> Result<Self, String> {
        let cluster = folder.join("cluster");
        let mut make = Command::new("env");
        make.args(as_user(user)).arg(programs.join("initdb")).args([
            "--username",
            USER,
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--no-locale",
            "--pgdata",
        ]);
        workspace::output(make.arg(&cluster).current_dir(folder))?;

        let port = free_port()?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(folder)
            .arg("env")
            .args(as_user(user))
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&cluster)
            .arg("-k")
            .arg(folder)
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(["-c", "max_connections=200"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Ctrl-C is for this program; the keeper then follows by itself.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot run `sh`: {error}"))?;
        let server = Self {
            lifeline: keeper.stdin.take(),
            keeper,
            port,
        };
        server.wait_until_ready(programs, folder)?;
        Ok(server)
    }

    /// The URL of the database from which tests make their own.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&self, programs: &Path, folder: &Path) -> Result<(), String> {
        let start = Instant::now();
        let port = self.port.to_string();
        while start.elapsed() < PATIENCE {
            let mut ask = Command::new(programs.join("pg_isready"));
            if workspace::output(ask.args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        Err(format!("PostgreSQL did not start\n{log}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("xtask: PostgreSQL may still run: {error}");
        }
    }
}

/// The folder of the newest `initdb` and `postgres`: Debian keeps them out of
/// PATH, one folder per version.
fn programs() -> Result<PathBuf, String> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    debian::install(&["postgresql"], "PostgreSQL")?;
    find_programs().ok_or_else(|| "PostgreSQL: `initdb` is still not found".to_owned())
}

fn find_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .max();
    let in_path = || Some(workspace::in_path("initdb")?.parent()?.to_path_buf());
    newest.map(|(_, folder)| folder).or_else(in_path)
}

/// The account that the server runs under when we are root, which PostgreSQL
/// refuses to be.
struct User {
    id: u32,
    group: u32,
}

fn server_user() -> Result<Option<User>, String> {
    if debian::user_id()? != "0" {
        return Ok(None);
    }
    if number("-u").is_err() {
        workspace::output(Command::new("useradd").args(["--system", USER]))?;
    }
    Ok(Some(User {
        id: number("-u")?,
        group: number("-g")?,
    }))
}

fn number(which: &str) -> Result<u32, String> {
    let text = workspace::output(Command::new("id").args([which, USER]))?;
    text.trim()
        .parse()
        .map_err(|_| format!("`id` gives no number for the user `{USER}`"))
}

/// The words before a command that make it run as this user; none when it runs
/// as ourselves. setpriv becomes the command, so its process id is the server's.
fn as_user(user: Option<&User>) -> Vec<String> {
    user.map(|user| {
        vec![
            "setpriv".to_owned(),
            format!("--reuid={}", user.id),
            format!("--regid={}", user.group),
            "--clear-groups".to_owned(),
        ]
    })
    .unwrap_or_default()
}

/// A folder of a short name (a socket's path holds 107 bytes), the server's own.
fn make_folder(user: Option<&User>) -> Result<PathBuf, String> {
    let name = format!("chartseal-postgres-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let made = fs::create_dir(&folder)
        .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)))
        .and_then(|()| match user {
            Some(user) => std::os::unix::fs::chown(&folder, Some(user.id), Some(user.group)),
            None => Ok(()),
        });
    match made {
        Ok(()) => Ok(folder),
        Err(error) => Err(format!("cannot make `{}`: {error}", folder.display())),
    }
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port on loopback: {error}"))
}

#[cfg(test)]
mod tests {
    use super::Postgres;
    use std::net::TcpStream;

    #[test]
    fn the_server_answers_until_dropped_and_leaves_nothing() {
        let server = Postgres::start().expect("a server");
        let port = server.port;
        assert!(server.url().contains(&port.to_string()));
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(server);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        let name = format!("chartseal-postgres-{}", std::process::id());
        assert!(!std::env::temp_dir().join(name).exists());
    }
}
