//! Debian packages that the tests need, installed where that is possible
//! without asking anyone: as root, or with sudo that wants no password.

use crate::workspace;
use std::process::{Command, Stdio};

/// Installs packages, or says which are missing and what for.
pub fn install(packages: &[&str], what_for: &str) -> Result<(), String> {
    let list = packages.join(" ");
    let Some(prefix) = privilege() else {
        return Err(format!(
            "{what_for}: not found, and cannot be installed from here; \
             install the Debian packages `{list}` and try again"
        ));
    };
    eprintln!("xtask: installing {list} for {what_for}");
    apt(prefix, &["update", "-q"], "")
        .and_then(|()| apt(prefix, &["install", "-q", "-y"], &list))
        .map_err(|why| {
            format!("{what_for}: could not be installed; install `{list}` and try again\n{why}")
        })
}

/// The user id that this program runs under.
pub fn user_id() -> Result<String, String> {
    workspace::output(Command::new("id").arg("-u")).map(|id| id.trim().to_owned())
}

fn privilege() -> Option<&'static [&'static str]> {
    workspace::in_path("apt-get")?;
    if user_id().is_ok_and(|id| id == "0") {
        return Some(&[]);
    }
    let silent = workspace::output(Command::new("sudo").args(["-n", "true"])).is_ok();
    silent.then_some(&["sudo", "-n"])
}

fn apt(prefix: &[&str], verb: &[&str], packages: &str) -> Result<(), String> {
    // Run level 1 keeps a package's own service from being started.
    let environment = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"];
    let mut words = prefix
        .iter()
        .chain(&environment)
        .chain(&["apt-get"])
        .chain(verb)
        .copied()
        .chain(packages.split_whitespace());
    let program = words.next().unwrap_or("apt-get");
    workspace::output(Command::new(program).args(words).stdin(Stdio::null())).map(drop)
}
