//! Which files are imported, and in which order: organizations and people who work
//! there first, then patients, then what is about them. The gateway takes any order;
//! this one lets whoever reads meanwhile find what a record refers to.

use super::place::Place;
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
/// The stage of those who are referred to.
pub const REFERRED_TO: u8 = 0;

/// What is to be sent of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Everything.
    All,
    /// Some places.
    Places(Places),
}

/// Places in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Lines (0 for a file that is one document) and of each, all or some entries.
    pub lines: BTreeMap<u64, Option<BTreeSet<usize>>>,
    /// The line from which on all are wanted.
    pub from: Option<u64>,
}

impl Wanted {
    /// Whether a line is wanted.
    pub fn line(&self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Places(Places { lines, from }) => {
                let named = lines.contains_key(&0) || lines.contains_key(&number);
                named || from.is_some_and(|from| number >= from)
            }
        }
    }

    /// The entries that are wanted of the Bundle in a line, or in the file (0), when
    /// not all of them are.
    pub fn entries(&self, line: u64) -> Option<&BTreeSet<usize>> {
        match self {
            Self::All => None,
            Self::Places(places) => places.lines.get(&line).and_then(Option::as_ref),
        }
    }
}

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
        let name = match name.is_empty() {
            true => own_name(&path)?,
            false => name,
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
        assert_eq!(found.left_out.len(), 1);
        let patients = found.inputs.get(2).expect("the third");
        assert!(patients.lines);
        assert_eq!(patients.name, "Patient.000.ndjson");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_and_what_leads_back_is_left_out() {
        use std::os::unix::{fs::symlink, net::UnixListener};

        let whole = folder(&["in/a.json", "in/sub/b.json", "beside/c.json"]);
        let inner = whole.path().join("in");
        let link = |to: &str, name: &str| symlink(to, inner.join(name)).expect("a link");
        link("nowhere.json", "dangling.json");
        link("..", "up");
        link("../..", "sub/further");
        link(".", "sub/here");
        link("../beside", "other");
        link("a.json", "again.json");
        let _socket = UnixListener::bind(inner.join("socket.ndjson")).expect("a socket");
        let found = find(std::slice::from_ref(&inner)).expect("files");
        // A link to a file or a folder elsewhere was made to be followed.
        assert_eq!(names(&found), ["a.json", "c.json", "b.json"]);
        let left_out = found.left_out.iter().map(|(place, reason)| {
            let (_, name) = place.file.rsplit_once('/').expect("a path");
            (name, *reason)
        });
        assert_eq!(
            left_out.collect::<Vec<_>>(),
            [
                ("dangling.json", NO_FILE),
                ("socket.ndjson", NO_FILE),
                ("further", LEADS_BACK),
                ("here", LEADS_BACK),
                ("up", LEADS_BACK),
            ]
        );
        let refused = find(&[inner.join("socket.ndjson")]).expect_err("no file");
        assert!(refused.contains(NO_FILE), "{refused}");
    }

    #[test]
    fn a_name_that_is_no_text_is_told_and_holds_up_no_other() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = folder(&["a.json"]);
        let other = folder
            .path()
            .join(std::ffi::OsStr::from_bytes(b"l\xe4tin.ndjson"));
        fs::write(&other, "").expect("a file");
        let found = find(&[folder.path().to_owned()]).expect("files");
        assert_eq!(names(&found), ["a.json"]);
        let reasons: Vec<_> = found.left_out.iter().map(|(_, reason)| *reason).collect();
        assert_eq!(reasons, [NO_TEXT]);
        let named = find(&[other]).expect_err("no text");
        assert!(named.contains("tin.ndjson"), "{named}");
    }

    #[test]
    fn what_is_named_must_be_of_a_known_kind() {
        let folder = folder(&["a.txt", "b.json"]);
        assert!(find(&[folder.path().join("a.txt")]).is_err());
        assert!(find(&[folder.path().join("absent.json")]).is_err());
        assert!(find(&[folder.path().join("b.json")]).is_ok());
    }

    #[test]
    fn files_of_one_name_are_told_apart_and_one_file_is_read_once() {
        let folder = folder(&["a/P.json", "b/P.json", "b/P.jsonl"]);
        let keys = |named: &[&str]| -> Vec<String> {
            let named: Vec<_> = named.iter().map(|it| folder.path().join(it)).collect();
            let found = find(&named).expect("files");
            found.inputs.into_iter().map(|input| input.name).collect()
        };
        assert_eq!(keys(&["."]), ["a/P.json", "b/P.json", "b/P.jsonl"]);
        assert_eq!(keys(&["a/P.json", "b/P.json"]), ["P.json", "P.json#2"]);
        assert_eq!(keys(&["a", "b"]), ["P.json", "P.json#2", "P.jsonl"]);
        assert_eq!(keys(&["a", "a/P.json", "a"]), ["P.json"]);
    }

    #[test]
    fn a_file_beside_its_compressed_form_is_not_imported_twice() {
        let folder = folder(&["P.ndjson", "P.ndjson.gz"]);
        let refused = find(&[folder.path().to_owned()]).expect_err("refused");
        assert!(refused.contains("keep one of the two"), "{refused}");
    }

    #[test]
    fn places_come_together_by_file_and_line() {
        let folder = folder(&["a.ndjson", "b.json"]);
        let a = Place::file(&folder.path().join("a.ndjson"), "a.ndjson");
        let b = Place::file(&folder.path().join("b.json"), "");
        let places = [
            b.entry(4),
            a.line(7),
            a.line(2).entry(1),
            b.entry(2),
            a.line(2),
            a.onward_from(90),
        ];
        let found = of_places(places).expect("files");
        let wanted: Vec<_> = found.inputs.into_iter().map(|input| input.wanted).collect();
        let of_a = Places {
            lines: BTreeMap::from([(2, None), (7, None)]),
            from: Some(90),
        };
        let of_b = Places {
            lines: BTreeMap::from([(0, Some(BTreeSet::from([2, 4])))]),
            from: None,
        };
        let wanted_of_a = Wanted::Places(of_a.clone());
        assert!(wanted_of_a.line(7) && !wanted_of_a.line(89) && wanted_of_a.line(91));
        assert_eq!(wanted, [Wanted::Places(of_a), Wanted::Places(of_b)]);
    }
}
