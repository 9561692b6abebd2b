//! A disk of a few MB that can be filled and emptied: a tmpfs in a mount namespace of
//! the process that uses it. Root may make one, and so may anybody where the system
//! lets users have namespaces of their own (Debian does). Where neither is so, the size
//! of the process's files is limited instead (`RLIMIT_FSIZE`), which its writes meet as
//! another error at the same places.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Mounts, copies what is there before, becomes the command.
const IN_VOLUME: &str = r#"set -e
folder=$1; size=$2; shift 2
cp -a "$folder" "$folder.before"
mount -t tmpfs -o "size=$size,mode=700" chartseal-test "$folder"
cp -a "$folder.before/." "$folder"
exec "$@""#;
/// A write beyond the limit is an error then, and not the end of the process.
const LIMITED: &str = r#"trap '' XFSZ; exec "$@""#;

pub struct Volume {
    folder: PathBuf,
    /// The words that make a mount namespace; none where there can be none.
    namespace: Option<&'static [&'static str]>,
}

impl Volume {
    /// Of what is in this folder.
    pub fn over(folder: &Path) -> Self {
        Self::mounted(folder).unwrap_or_else(|| Self::limited(folder))
    }

    /// None of its own, but a limit on files, which holds for the log too.
    pub fn limited(folder: &Path) -> Self {
        println!("the disk: a limit on files");
        Self {
            folder: folder.to_owned(),
            namespace: None,
        }
    }

    /// The same, none where it cannot be mounted.
    pub fn mounted(folder: &Path) -> Option<Self> {
        let ways: [&[&str]; 2] = [
            &["unshare", "--mount"],
            &["unshare", "--map-root-user", "--mount"],
        ];
        let works = |way: &&&[&str]| {
            let mut command = Command::new(way[0]);
            command
                .args(&way[1..])
                .args(["mount", "-t", "tmpfs", "none"]);
            let tried = command.arg(folder).stderr(Stdio::null()).status();
            tried.is_ok_and(|status| status.success())
        };
        let namespace = Some(*ways.iter().find(works)?);
        println!("the disk: a tmpfs");
        Some(Self {
            folder: folder.to_owned(),
            namespace,
        })
    }

    /// A command that becomes this program, with the volume in the folder's place.
    pub fn command(&self, size: &str, program: impl AsRef<OsStr>) -> Command {
        let words = self.namespace.unwrap_or(&["sh", "-c", LIMITED, "sh"]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        if self.namespace.is_some() {
            command.args(["sh", "-c", IN_VOLUME, "sh"]);
            command.arg(&self.folder).arg(size);
        }
        command.arg(program);
        command
    }

    /// Leaves no room.
    pub fn fill(&self, process: u32) {
        if self.namespace.is_none() {
            return limit(process, "1");
        }
        let mut ballast = File::create(self.ballast(process)).unwrap();
        for size in [1 << 16, 1 << 12] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives the room back.
    pub fn empty(&self, process: u32) {
        if self.namespace.is_none() {
            return limit(process, "unlimited");
        }
        fs::remove_file(self.ballast(process)).unwrap();
    }

    /// As the process sees its folder.
    fn ballast(&self, process: u32) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{process}/root"));
        let folder = self.folder.canonicalize().unwrap();
        root.join(folder.strip_prefix("/").unwrap()).join("ballast")
    }
}

fn limit(process: u32, bytes: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &process.to_string()])
        .arg(format!("--fsize={bytes}:"))
        .status();
    assert!(status.unwrap().success());
}
