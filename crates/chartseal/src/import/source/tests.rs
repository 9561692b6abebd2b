//! Reading units: what is in them, that they are the same each time, and that what
//! cannot be sent is named by its place.

use super::*;
use crate::import::{files, unit::Entries};
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
    let keys = |units: &[Unit]| -> Vec<String> { units.iter().map(|it| it.key.clone()).collect() };
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
fn what_is_no_fhir_is_left_out_of_a_folder_and_refused_when_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let named = file(
        folder.path(),
        "log.ndjson",
        b"{\"eventId\":1}\n{\"eventId\":2}\n",
    );
    assert_eq!(refused(&items(&named)), [(Some(1), None), (Some(2), None)]);
    let found = files::find(&[folder.path().to_owned()]).expect("files");
    let items = items(&found.inputs);
    assert_eq!(refused(&items), []);
    assert!(items.iter().any(|item| matches!(item, Item::LeftOut)));
    assert_eq!(bytes_read(&items), 28);
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
    let place = Place::file(&folder.path().join("b.json"));
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
    let place = Place::file(&folder.path().join("p.ndjson"));
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
    let items = items(&inputs);
    assert_eq!(refused(&items), [(None, None)]);
    assert!(units(items).len() > 5);
}
