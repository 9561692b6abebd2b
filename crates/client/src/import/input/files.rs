//! Which files are imported, and in which order: organizations and people who work
//! there first, then patients, then what is about them. The gateway takes any order;
//! this one lets whoever reads meanwhile find what a record refers to.

mod wanted;

pub use wanted::{Places, Wanted};

use crate::import::place::Place;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// How names of files begin that come first, in lower case.
const FIRST: [&str; 4] = ["hospital", "organization", "location", "practitioner"];
const SECOND: &str = "patient";
/// Why a file in a folder is not read.
const OTHER_NAME: &str =
    "the name of the file does not end in .json, .ndjson or .jsonl, each also with .gz";
const NO_FILE: &str = "it is no file, but a pipe, a socket, a device or a link to nothing";
const NO_TEXT: &str = "its name is not UTF-8; rename it";
const LEADS_BACK: &str = "the link leads back to a folder that it stands in";
/// The stage of organizations and people, to whom other records refer.
pub const REFERRED_TO: u8 = 0;

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub path: PathBuf,
    /// Tells it from the other files of the import: its path in the folder that was
    /// named, or its own name, without `.gz`.
    pub name: String,
    /// Number of answers that the gateway keeps of earlier tries.
    pub tries: u32,
    /// One resource a line, not one document.
    pub lines: bool,
    /// Files of a lower stage are done before those of a higher one begin.
    pub stage: u8,
    /// Bytes on disk.
    pub size: u64,
    pub wanted: Wanted,
}

/// The files of an import.
#[derive(Debug, Default)]
pub struct Found {
    pub inputs: Vec<Input>,
    /// What stands in the folders and is not read, each with the reason.
    pub left_out: Vec<(Place, &'static str)>,
}

impl Found {
    fn leave_out(&mut self, path: &Path, reason: &'static str) {
        self.left_out.push((Place::file(path, ""), reason));
    }
}

/// All files that the arguments name, folders with everything below them.
pub fn find(named: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    for path in named {
        let path = fs::canonicalize(path).map_err(|error| cannot_read(path, &error))?;
        if path.is_dir() {
            Walk::of(&path, &mut found).through(&path)?;
        } else if !path.is_file() {
            return Err(format!("`{}`: {NO_FILE}", path.display()));
        } else {
            let name = own_name(&path)?;
            let input = input(&path, name)?.ok_or_else(|| {
                format!(
                    "`{}` must be named .json, .ndjson or .jsonl, each also with .gz",
                    path.display()
                )
            })?;
            found.inputs.push(input);
        }
    }
    if found.inputs.is_empty() {
        return Err("there is nothing to import: no .json, .ndjson or .jsonl file".to_owned());
    }
    once_each(&mut found)?;
    tell_apart(&mut found.inputs)?;
    found.inputs.sort_by_key(|input| input.stage);
    Ok(found)
}

/// A file that is named twice, or by a link too, is read once.
fn once_each(found: &mut Found) -> Result<(), String> {
    let mut seen = HashSet::new();
    let inputs = std::mem::take(&mut found.inputs);
    for input in inputs {
        let real = fs::canonicalize(&input.path);
        let real = real.map_err(|error| cannot_read(&input.path, &error))?;
        if seen.insert(real) {
            found.inputs.push(input);
        }
    }
    Ok(())
}

/// Numbers files of one name, in the order of the command, so that equal lines of two
/// of them stay two. The first keeps its name.
fn tell_apart(inputs: &mut [Input]) -> Result<(), String> {
    let mut count: HashMap<String, usize> = HashMap::new();
    let mut folders = HashSet::new();
    for input in inputs {
        let plain = without_gz(&input.path.to_string_lossy()).to_owned();
        if !folders.insert(plain) {
            return Err(format!(
                "`{}` is there compressed and not compressed; keep one of the two",
                input.path.display()
            ));
        }
        let number = count.entry(input.name.clone()).or_default();
        *number += 1;
        if *number > 1 {
            input.name = format!("{}#{number}", input.name);
        }
    }
    Ok(())
}

/// The files and places that an earlier import listed as refused.
pub fn of_places(places: impl IntoIterator<Item = Place>) -> Result<Found, String> {
    let mut files: BTreeMap<(String, String), (u32, Places)> = BTreeMap::new();
    for place in places {
        let (tries, wanted) = files.entry((place.file, place.name)).or_default();
        *tries = place.tries.max(*tries);
        if let (true, Some(line)) = (place.onward, place.line) {
            wanted.from = Some(wanted.from.map_or(line, |from| from.min(line)));
            continue;
        }
        let entries = wanted
            .lines
            .entry(place.line.unwrap_or(0))
            .or_insert_with(|| place.entry.map(|_| BTreeSet::new()));
        match (place.entry, entries) {
            (Some(entry), Some(entries)) => drop(entries.insert(entry)),
            (_, entries) => *entries = None,
        }
    }
    let mut found = Found::default();
    for ((file, name), (tries, places)) in files {
        let path = PathBuf::from(file);
        let name = if name.is_empty() {
            own_name(&path)?
        } else {
            name
        };
        match input(&path, name)? {
            Some(input) => found.inputs.push(Input {
                wanted: Wanted::Places(places),
                tries,
                ..input
            }),
            None => found.leave_out(&path, OTHER_NAME),
        }
    }
    found.inputs.sort_by_key(|input| input.stage);
    Ok(found)
}

/// A way through a folder that was named. Links to folders are followed, each folder once.
struct Walk<'w> {
    named: &'w Path,
    found: &'w mut Found,
    /// The folders that the way has entered, by their real paths.
    entered: HashSet<PathBuf>,
    /// Those of them that it is in, the named one first.
    inside: Vec<PathBuf>,
}

impl<'w> Walk<'w> {
    fn of(named: &'w Path, found: &'w mut Found) -> Self {
        Self {
            named,
            found,
            entered: HashSet::new(),
            inside: Vec::new(),
        }
    }

    fn through(&mut self, folder: &Path) -> Result<(), String> {
        let unreadable = |error: &std::io::Error| cannot_read(folder, error);
        let real = fs::canonicalize(folder).map_err(|error| unreadable(&error))?;
        if self.inside.iter().any(|outer| outer.starts_with(&real)) {
            self.found.leave_out(folder, LEADS_BACK);
            return Ok(());
        }
        if !self.entered.insert(real.clone()) {
            return Ok(());
        }
        self.inside.push(real);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| unreadable(&error))? {
            paths.push(entry.map_err(|error| unreadable(&error))?.path());
        }
        paths.sort();
        for path in paths.iter().filter(|path| !is_hidden(path)) {
            self.take(path)?;
        }
        self.inside.pop();
        Ok(())
    }

    fn take(&mut self, path: &Path) -> Result<(), String> {
        let about = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            about => Some(about.map_err(|error| cannot_read(path, &error))?),
        };
        if about.as_ref().is_some_and(fs::Metadata::is_dir) {
            return self.through(path);
        }
        let below = path.strip_prefix(self.named).unwrap_or(path);
        let Ok(name) = text(below) else {
            self.found.leave_out(path, NO_TEXT);
            return Ok(());
        };
        let name = without_gz(name).to_owned();
        if !about.is_some_and(|about| about.is_file()) {
            self.found.leave_out(path, NO_FILE);
            return Ok(());
        }
        match input(path, name)? {
            Some(input) => self.found.inputs.push(input),
            None => self.found.leave_out(path, OTHER_NAME),
        }
        Ok(())
    }
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name();
    name.is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// The file, when its name says that it is one for us.
fn input(path: &Path, name: String) -> Result<Option<Input>, String> {
    let lower = own_name(path)?.to_ascii_lowercase();
    let lines = match lower.rsplit_once('.') {
        Some((_, "json")) => false,
        Some((_, "ndjson" | "jsonl")) => true,
        _ => return Ok(None),
    };
    let about = fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
    Ok(Some(Input {
        path: path.to_owned(),
        name,
        tries: 0,
        lines,
        stage: stage(&lower),
        size: about.len(),
        wanted: Wanted::All,
    }))
}

/// The last part of the path, without `.gz`.
fn own_name(path: &Path) -> Result<String, String> {
    let name = path.file_name().map_or(path, Path::new);
    Ok(without_gz(text(name)?).to_owned())
}

fn text(path: &Path) -> Result<&str, String> {
    path.to_str()
        .ok_or_else(|| format!("`{}`: {NO_TEXT}", path.display()))
}

/// Compressed or not, it is the same file.
fn without_gz(name: &str) -> &str {
    let plain = name.len().saturating_sub(3);
    match name.get(plain..) {
        Some(end) if end.eq_ignore_ascii_case(".gz") => name.get(..plain).unwrap_or(name),
        _ => name,
    }
}

fn stage(name: &str) -> u8 {
    if FIRST.iter().any(|first| name.starts_with(first)) {
        REFERRED_TO
    } else if name.starts_with(SECOND) {
        1
    } else {
        2
    }
}

fn cannot_read(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read `{}`: {error}", path.display())
}

#[cfg(test)]
mod tests;
