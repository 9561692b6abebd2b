//! The list of what was refused: places and reasons, one JSON object a line, for the
//! owner's eyes only. The names of files alone can tell who was a patient.

use super::place::Refused;
use command::whole_file;
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{BufRead, BufReader, BufWriter, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// A list that is being written. It takes the place of an older one when it is
/// finished, so that an older one stays whole until then.
pub struct RefusedFile {
    path: PathBuf,
    writing: Option<BufWriter<File>>,
}

impl RefusedFile {
    /// A list to be at this path; nothing is written before something is refused.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            writing: None,
        }
    }

    /// Adds a place.
    pub fn add(&mut self, refused: &Refused) -> Result<(), String> {
        let new = self.new_path();
        let writing = match &mut self.writing {
            Some(writing) => writing,
            none => none.insert(BufWriter::new(create(&new)?)),
        };
        let line = serde_json::to_string(refused).map_err(|error| error.to_string())?;
        writeln!(writing, "{line}").map_err(|error| self.cannot_write(&error))
    }

    /// Puts the list in its place; whether there is one.
    pub fn finish(mut self) -> Result<bool, String> {
        let Some(mut writing) = self.writing.take() else {
            return Ok(false);
        };
        let placed = writing
            .flush()
            .and_then(|()| writing.get_ref().sync_all())
            .and_then(|()| whole_file::place(&self.new_path(), &self.path));
        placed.map_err(|error| self.cannot_write(&error))?;
        Ok(true)
    }

    /// Throws away what was written, so that an older list stays as it is.
    pub fn give_up(mut self) {
        if self.writing.take().is_some() {
            drop(fs::remove_file(self.new_path()));
        }
    }

    fn new_path(&self) -> PathBuf {
        whole_file::beside(&self.path)
    }

    fn cannot_write(&self, error: &std::io::Error) -> String {
        format!("cannot write `{}`: {error}", self.path.display())
    }
}

fn create(path: &Path) -> Result<File, String> {
    let cannot = |error: std::io::Error| format!("cannot write `{}`: {error}", path.display());
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(cannot)?;
    // One that a crash left can have another mode.
    file.set_permissions(Permissions::from_mode(0o600))
        .map_err(cannot)?;
    Ok(file)
}

/// Reads a list.
pub fn read(path: &Path) -> Result<Vec<Refused>, String> {
    let file =
        File::open(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let mut all = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let refused = line
            .ok()
            .and_then(|line| serde_json::from_str(&line).ok())
            .ok_or_else(|| {
                let path = path.display();
                format!("line {number} of `{path}` is not one that `--refused` writes")
            })?;
        all.push(refused);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::place::Place;

    #[test]
    fn a_list_reads_back_and_is_closed_to_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("refused.ndjson");
        let place = Place::file(Path::new("/data/Ada.json"), "site/Ada.json");
        let all = vec![
            Refused::unsent(place.onward_from(3), "no"),
            Refused {
                place: place.entry(2),
                status: Some(403),
                reason: "never".to_owned(),
            },
        ];
        let mut list = RefusedFile::at(&path);
        for one in &all {
            list.add(one).expect("added");
        }
        assert!(!path.exists());
        assert!(list.finish().expect("written"));
        assert_eq!(read(&path).expect("read"), all);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        // Nothing refused, nothing written; given up, nothing changed.
        assert!(!RefusedFile::at(&path).finish().expect("nothing"));
        let mut list = RefusedFile::at(&path);
        list.add(&Refused::unsent(place, "other")).expect("added");
        list.give_up();
        assert_eq!(read(&path).expect("read"), all);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        fs::write(&path, "{}\n").expect("written");
        assert!(read(&path).is_err());
    }
}
