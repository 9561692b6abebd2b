//! Reading units: what is in them, that they are the same each time, and that what
//! cannot be sent is named by its place.

use super::*;
use crate::import::{input::files, unit::Entries};
use flate2::{Compression, write::GzEncoder};
use std::{collections::BTreeSet, fs, io::Write, path::Path};

const BASE: &str = "http://a/fhir";

fn items(inputs: &[Input]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut give = |item| {
        items.push(item);
        Ok(())
    };
    assert!(read(inputs, BASE, &mut give).is_ok());
    items
}

fn units(items: Vec<Item>) -> Vec<Unit> {
    let unit = |item| match item {
        Item::Unit(unit) => Some(unit),
        _ => None,
    };
    items.into_iter().filter_map(unit).collect()
}

fn refused(items: &[Item]) -> Vec<(Option<u64>, Option<usize>)> {
    let place = |item: &Item| match item {
        Item::Refused(refused) => Some((refused.place.line, refused.place.entry)),
        _ => None,
    };
    items.iter().filter_map(place).collect()
}

fn counted(items: &[Item]) -> u64 {
    let counted = |item: &Item| match item {
        Item::Counted(resources) => *resources,
        _ => 0,
    };
    items.iter().map(counted).sum()
}

fn bytes_read(items: &[Item]) -> u64 {
    let read = |item: &Item| match item {
        Item::Unit(unit) => unit.read,
        Item::Read(read) => *read,
        _ => 0,
    };
    items.iter().map(read).sum()
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> Vec<Input> {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("written");
    files::find(&[path]).expect("a file").inputs
}

fn resource(number: usize) -> String {
    format!(r#"{{"resourceType":"Patient","id":"p-{number}"}}"#)
}

#[test]
fn lines_become_batches_that_are_the_same_each_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = String::from("\u{feff}");
    for number in 1..=450 {
        text.push_str(&resource(number));
        text.push_str(if number % 2 == 0 { "\r\n" } else { "\n" });
    }
    let inputs = file(folder.path(), "Patient.ndjson", text.as_bytes());
    let read_once = items(&inputs);
    assert_eq!(bytes_read(&read_once), text.len() as u64);
    let first = units(read_once);
    let sizes: Vec<usize> = first
        .iter()
        .map(|unit| unit.entries.places().len())
        .collect();
    assert_eq!(sizes, [200, 200, 50]);
    let keys =
        |units: &[Unit]| -> Vec<String> { units.iter().map(|unit| unit.key.clone()).collect() };
    assert_eq!(keys(&first), keys(&units(items(&inputs))));
    assert_eq!(keys(&first).into_iter().collect::<BTreeSet<_>>().len(), 3);
    let place = first.get(1).and_then(|unit| unit.entries.place(0));
    assert_eq!(place.and_then(|place| place.line), Some(201));

    // Compressed it is the same import.
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    let inputs = file(folder.path(), "Patient.ndjson.gz", &packed);
    let unpacked = items(&inputs);
    assert_eq!(bytes_read(&unpacked), packed.len() as u64);
    assert_eq!(keys(&first), keys(&units(unpacked)));
}

#[test]
fn a_bad_line_is_named_and_the_good_ones_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = [
        &resource(1),
        "",
        "{\"resourceType\":\"Patient\",",
        &resource(4),
        "[1]",
        r#"{"resourceType":"Bundle","type":"transaction","entry":[]}"#,
        r#"{"resourceType":"Bundle","type":"searchset","entry":[]}"#,
        r#"{"resourceType":"Observation"}"#,
    ]
    .join("\n");
    let inputs = file(folder.path(), "mixed.ndjson", text.as_bytes());
    let items = items(&inputs);
    assert_eq!(
        refused(&items),
        [(Some(3), None), (Some(5), None), (Some(7), None)]
    );
    let units = units(items);
    let lines: Vec<Vec<Option<u64>>> = units
        .iter()
        .map(|unit| {
            unit.entries
                .places()
                .iter()
                .map(|place| place.line)
                .collect()
        })
        .collect();
    assert_eq!(lines, [vec![Some(6)], vec![Some(1), Some(4), Some(8)]]);
}

#[test]
fn a_folder_and_a_named_file_lose_nothing_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("{{\"_meta\":1}}\n{}\n\n{}\n", resource(1), resource(2));
    let named = file(folder.path(), "Patient.ndjson", text.as_bytes());
    let found = files::find(&[folder.path().to_owned()]).expect("files");
    for inputs in [named, found.inputs] {
        let items = items(&inputs);
        assert_eq!(refused(&items), [(Some(1), None)]);
        assert_eq!(counted(&items), 3);
        assert_eq!(bytes_read(&items), text.len() as u64);
        let sent: usize = units(items).iter().map(|unit| unit.count).sum();
        assert_eq!(sent, 2);
    }
}

#[test]
fn whatever_is_met_is_sent_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = r#"{"resourceType":"Bundle","type":"batch","entry":[{},{},{}]}"#;
    let empty = r#"{"resourceType":"Bundle","type":"batch","entry":[]}"#;
    let lines = [bundle, "[1]", empty, &resource(1), "  ", "{"].join("\n");
    let files = [
        ("a.ndjson", lines.as_bytes()),
        ("b.json", bundle.as_bytes()),
        ("c.json", b"{}"),
        ("d.json", b""),
        ("e.ndjson", b""),
        ("f.ndjson.gz", b"BZh"),
    ];
    for (name, content) in files {
        drop(file(folder.path(), name, content));
    }
    let found = files::find(&[folder.path().to_owned()]).expect("files");
    let items = items(&found.inputs);
    let refused = refused(&items).len() as u64;
    let met = counted(&items);
    let sent: usize = units(items).iter().map(|unit| unit.count).sum();
    assert_eq!((met, refused, sent), (12, 5, 7));
}

#[test]
fn equal_lines_of_two_files_have_two_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    for site in ["a", "b"] {
        fs::create_dir(folder.path().join(site)).expect("made");
        drop(file(
            folder.path(),
            &format!("{site}/P.ndjson"),
            b"{\"resourceType\":\"Patient\"}",
        ));
    }
    let a = folder.path().join("a/P.ndjson");
    let b = folder.path().join("b/P.ndjson");
    for named in [vec![folder.path().to_owned()], vec![a, b]] {
        let keys = || -> BTreeSet<String> {
            let found = files::find(&named).expect("files");
            units(items(&found.inputs))
                .into_iter()
                .map(|unit| unit.key)
                .collect()
        };
        assert_eq!(keys().len(), 2);
        // The same again in the next run.
        assert_eq!(keys(), keys());
    }
}

#[test]
fn a_document_is_sent_as_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = b"{ \"resourceType\": \"Bundle\",\n \"type\": \"batch\", \"entry\": [ {\"a\": 1}, {}, {\"b\":1.0} ] }";
    let inputs = file(folder.path(), "b.json", text);
    let whole = units(items(&inputs));
    let [unit] = whole.as_slice() else {
        panic!("one unit")
    };
    assert_eq!(&*unit.body, text);
    assert_eq!(unit.entries.place(1).and_then(|place| place.entry), Some(1));

    // Of what was refused, only that.
    let place = Place::file(&folder.path().join("b.json"), "b.json");
    let some = files::of_places([place.entry(0), place.entry(2)]).expect("files");
    let part = units(items(&some.inputs));
    let [unit] = part.as_slice() else {
        panic!("one unit")
    };
    let body = std::str::from_utf8(&unit.body).expect("text");
    assert!(body.ends_with(r#""entry":[{"a":1},{"b":1.0}]}"#), "{body}");
    assert_eq!(unit.entries.place(1), Some(place.entry(2)));

    let inputs = file(folder.path(), "p.json", b"{\"resourceType\":\"Patient\"}");
    let alone = units(items(&inputs));
    let [unit] = alone.as_slice() else {
        panic!("one unit")
    };
    assert!(matches!(&unit.entries, Entries::Each(places) if places.len() == 1));
}

#[test]
fn of_a_list_of_lines_only_those_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let text: Vec<String> = (1..=500).map(resource).collect();
    drop(file(folder.path(), "p.ndjson", text.join("\n").as_bytes()));
    let place = Place::file(&folder.path().join("p.ndjson"), "p.ndjson");
    let some = files::of_places([place.line(3), place.line(401), place.line(402)]);
    let units = units(items(&some.expect("files").inputs));
    let lines: Vec<Vec<Option<u64>>> = units
        .iter()
        .map(|unit| {
            unit.entries
                .places()
                .iter()
                .map(|place| place.line)
                .collect()
        })
        .collect();
    assert_eq!(lines, [vec![Some(3)], vec![Some(401), Some(402)]]);
}

#[test]
fn a_damaged_file_is_named_after_what_could_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    for number in 1..=5_000 {
        writeln!(packed, "{}", resource(number)).expect("packed");
    }
    let mut packed = packed.finish().expect("packed");
    packed.truncate(packed.len() / 2);
    let inputs = file(folder.path(), "p.ndjson.gz", &packed);
    let read_once = items(&inputs);
    let [(Some(line), None)] = refused(&read_once)[..] else {
        panic!("one place")
    };
    let first: BTreeSet<String> = units(read_once).into_iter().map(|unit| unit.key).collect();
    assert!(first.len() > 5);

    // Whole again, everything from there on is sent, and nothing that was sent before.
    let text: Vec<String> = (1..=5_000).map(resource).collect();
    drop(file(
        folder.path(),
        "p.ndjson.gz",
        text.join("\n").as_bytes(),
    ));
    let place = Place::file(&folder.path().join("p.ndjson.gz"), "p.ndjson").onward_from(line);
    let rest = units(items(&files::of_places([place]).expect("files").inputs));
    let lines: Vec<u64> = rest
        .iter()
        .flat_map(|unit| unit.entries.places())
        .filter_map(|place| place.line)
        .collect();
    assert_eq!(lines, (line..=5_000).collect::<Vec<_>>());
}
