//! Which files are found, in which order, and which are left out.

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
    let name = |input: &Input| {
        input
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into())
    };
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
        let named: Vec<_> = named.iter().map(|name| folder.path().join(name)).collect();
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
