//! Files that a command writes, held against those that it reads: one word too few on a
//! command line must not cost a proof or a token.

use crate::whole_file::folder;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file as the command line names it: by what option, and where.
pub type Named<'a> = (&'a str, &'a Path);

/// Refuses an output that is an input or another output, whatever path leads there.
pub fn check(inputs: &[Named<'_>], outputs: &[Named<'_>]) -> Result<(), String> {
    let mut taken: Vec<_> = inputs
        .iter()
        .map(|(name, path)| (*name, real(path)))
        .collect();
    for (name, path) in outputs {
        let place = real(path);
        if let Some((other, _)) = taken.iter().find(|(_, taken)| *taken == place) {
            return Err(format!(
                "{name} and {other} name one file, `{}`, which would be lost; give another place \
                 for {name}",
                path.display()
            ));
        }
        taken.push((name, place));
    }
    Ok(())
}

/// The path without links; of a file to be, that of its folder and its name.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path)
        .or_else(|_| real_folder(path))
        .unwrap_or_else(|_| path.to_owned())
}

fn real_folder(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default();
    Ok(fs::canonicalize(folder(path))?.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn one_file_is_one_file_by_whatever_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "").expect("written");
        fs::create_dir(path("sub")).expect("made");
        symlink(path("a"), path("link")).expect("linked");
        let input = path("a");
        for output in ["a", "link", "sub/../a"] {
            let refused = check(&[("PROOF", &input)], &[("`--report`", &path(output))]);
            let refused = refused.expect_err(output);
            assert!(refused.contains("`--report` and PROOF"), "{refused}");
        }
        let (new, again) = (path("new"), path("sub/../new"));
        assert!(check(&[("PROOF", &input)], &[("`--out`", &new)]).is_ok());
        assert!(check(&[], &[("`--out`", &new), ("`--resource`", &again)]).is_err());
    }
}
