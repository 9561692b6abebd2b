//! Which files are imported, and in which order: organizations and people who work
//! there first, then patients, then what is about them. The gateway takes any order;
//! this one lets whoever reads meanwhile find what a record refers to.

use super::place::Place;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// How names of files begin that come first, in lower case.
const FIRST: [&str; 4] = ["hospital", "organization", "location", "practitioner"];
const SECOND: &str = "patient";
/// The stage of those who are referred to.
pub const REFERRED_TO: u8 = 0;

/// What is to be sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything.
    All,
    /// Some places: lines (0 for a file that is one document) and of each, all or
    /// some entries.
    Places(BTreeMap<u64, Option<BTreeSet<usize>>>),
}

impl Wanted {
    /// Whether a line is wanted.
    pub fn line(&self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Places(places) => places.contains_key(&0) || places.contains_key(&number),
        }
    }

    /// The entries that are wanted of the Bundle in a line, or in the file (0), when
    /// not all of them are.
    pub fn entries(&self, line: u64) -> Option<&BTreeSet<usize>> {
        match self {
            Self::All => None,
            Self::Places(places) => places.get(&line).and_then(Option::as_ref),
        }
    }
}

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub path: PathBuf,
    /// One resource a line, not one document.
    pub lines: bool,
    /// Compressed.
    pub gzip: bool,
    /// Found in a folder, not named; what is no FHIR is then left out.
    pub found: bool,
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
    /// How many files in the folders were passed over for their names.
    pub passed_over: usize,
}

/// All files that the arguments name, folders with everything below them.
pub fn find(named: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    for path in named {
        let path = fs::canonicalize(path).map_err(|error| cannot_read(path, &error))?;
        if path.is_dir() {
            walk(&path, &mut found)?;
        } else {
            let input = input(&path, false)?.ok_or_else(|| {
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
    found.inputs.sort_by_key(|input| input.stage);
    Ok(found)
}

/// The files and places that an earlier import listed as refused.
pub fn of_places(places: impl IntoIterator<Item = Place>) -> Result<Found, String> {
    let mut files: BTreeMap<String, BTreeMap<u64, Option<BTreeSet<usize>>>> = BTreeMap::new();
    for place in places {
        let lines = files.entry(place.file).or_default();
        let entries = lines
            .entry(place.line.unwrap_or(0))
            .or_insert_with(|| place.entry.map(|_| BTreeSet::new()));
        match (place.entry, entries) {
            (Some(entry), Some(entries)) => drop(entries.insert(entry)),
            (_, entries) => *entries = None,
        }
    }
    let mut found = Found::default();
    for (file, places) in files {
        let path = PathBuf::from(file);
        let input = input(&path, false)?
            .ok_or_else(|| "the list names a file that was never imported".to_owned())?;
        found.inputs.push(Input {
            wanted: Wanted::Places(places),
            ..input
        });
    }
    found.inputs.sort_by_key(|input| input.stage);
    Ok(found)
}

fn walk(folder: &Path, found: &mut Found) -> Result<(), String> {
    let unreadable = |error: &std::io::Error| cannot_read(folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(&error))? {
        paths.push(entry.map_err(|error| unreadable(&error))?.path());
    }
    paths.sort();
    for path in paths {
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            match input(&path, true)? {
                Some(input) => found.inputs.push(input),
                None => found.passed_over += 1,
            }
        }
    }
    Ok(())
}

/// The file, when its name says that it is one for us.
fn input(path: &Path, found: bool) -> Result<Option<Input>, String> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err("a file has a name that is not UTF-8; rename it".to_owned());
    };
    let name = name.to_ascii_lowercase();
    let (plain, gzip) = match name.strip_suffix(".gz") {
        Some(plain) => (plain, true),
        None => (name.as_str(), false),
    };
    let lines = match plain.rsplit_once('.') {
        Some((_, "json")) => false,
        Some((_, "ndjson" | "jsonl")) => true,
        _ => return Ok(None),
    };
    let about = fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
    Ok(Some(Input {
        path: path.to_owned(),
        lines,
        gzip,
        found,
        stage: stage(plain),
        size: about.len(),
        wanted: Wanted::All,
    }))
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
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, b"{}").expect("written");
        }
        folder
    }

    fn names(found: &Found) -> Vec<String> {
        let name = |input: &Input| input.path.file_name().map(|it| it.to_string_lossy().into());
        found.inputs.iter().filter_map(name).collect()
    }

    #[test]
    fn those_who_are_referred_to_come_first() {
        let folder = folder(&[
            "Ada.json",
            "Encounter.000.ndjson",
            "Patient.000.ndjson.gz",
            "practitionerInformation1.json",
            "sub/Organization.jsonl",
            "README.md",
            ".hidden.json",
        ]);
        let found = find(&[folder.path().to_owned()]).expect("files");
        let expected = [
            "practitionerInformation1.json",
            "Organization.jsonl",
            "Patient.000.ndjson.gz",
            "Ada.json",
            "Encounter.000.ndjson",
        ];
        assert_eq!(names(&found), expected);
        assert_eq!(found.passed_over, 1);
        let patients = found.inputs.get(2).expect("the third");
        assert!(patients.gzip && patients.lines && patients.found);
    }

    #[test]
    fn what_is_named_must_be_of_a_known_kind() {
        let folder = folder(&["a.txt", "b.json"]);
        assert!(find(&[folder.path().join("a.txt")]).is_err());
        assert!(find(&[folder.path().join("absent.json")]).is_err());
        let found = find(&[folder.path().join("b.json")]).expect("a file");
        assert!(found.inputs.iter().all(|input| !input.found));
    }

    #[test]
    fn places_come_together_by_file_and_line() {
        let folder = folder(&["a.ndjson", "b.json"]);
        let a = Place::file(&folder.path().join("a.ndjson"));
        let b = Place::file(&folder.path().join("b.json"));
        let places = [
            b.entry(4),
            a.line(7),
            a.line(2).entry(1),
            b.entry(2),
            a.line(2),
        ];
        let found = of_places(places).expect("files");
        let wanted: Vec<_> = found.inputs.into_iter().map(|input| input.wanted).collect();
        let of_a = BTreeMap::from([(2, None), (7, None)]);
        let of_b = BTreeMap::from([(0, Some(BTreeSet::from([2, 4])))]);
        assert_eq!(wanted, [Wanted::Places(of_a), Wanted::Places(of_b)]);
    }
}
