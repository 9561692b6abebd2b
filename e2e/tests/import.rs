//! `chartseal import`: the real data load whole, and whatever is interrupted (the
//! importer, the gateway) and done again, each record is there once.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, Dice, Ran, data, program, run};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

/// Resources by type.
type Counts = BTreeMap<String, usize>;

/// An import into a demo, with a folder for what it needs.
struct Import {
    folder: PathBuf,
    base: String,
}

impl Import {
    fn into(demo: &Demo, folder: &Path) -> Self {
        let system = demo.about.tokens.get("system").expect("a token");
        fs::write(folder.join("token"), system).expect("written");
        Self {
            folder: folder.to_owned(),
            base: demo.about.fhir_base.clone(),
        }
    }

    fn command(&self, more: &[&Path]) -> Command {
        let mut command = Command::new(program());
        command
            .args(["import", "--base", &self.base, "--token", "token"])
            .args(more)
            .current_dir(&self.folder);
        command
    }

    fn run(&self, more: &[&Path]) -> Ran {
        run(&mut self.command(more))
    }

    fn list(&self) -> PathBuf {
        self.folder.join("chartseal-import-refused.ndjson")
    }
}

/// Lines of the export's own log, which are no FHIR and which an import refuses.
const LOG_LINES: usize = 4;

/// The folders of real data, and what is in them.
fn sets() -> Option<([PathBuf; 2], Counts)> {
    let sets = ["synthea", "synthea-us-core"].map(|name| data().map(|data| data.join(name)));
    let [Some(bundles), Some(lines)] = sets else {
        return None;
    };
    let mut counts = Counts::new();
    let mut add = |resource: &Value| {
        let kind = resource.get("resourceType").and_then(Value::as_str);
        if let Some(kind) = kind {
            *counts.entry(kind.to_owned()).or_default() += 1;
        }
    };
    for file in files(&bundles) {
        let bundle: Value = serde_json::from_slice(&fs::read(file).expect("a file")).expect("JSON");
        let entries = bundle
            .get("entry")
            .and_then(Value::as_array)
            .expect("entries");
        entries
            .iter()
            .filter_map(|entry| entry.get("resource"))
            .for_each(&mut add);
    }
    for file in files(&lines) {
        let text = fs::read_to_string(file).expect("a file");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .for_each(|resource: Value| add(&resource));
    }
    Some(([bundles, lines], counts))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// What the gateway finds, type by type.
fn stored(caller: &Caller, kinds: &Counts) -> Counts {
    kinds
        .keys()
        .map(|kind| (kind.clone(), count(caller, kind)))
        .collect()
}

fn count(caller: &Caller, kind: &str) -> usize {
    let mut found = 0;
    let mut page = Some(format!("{kind}?_count=1000"));
    while let Some(path) = page {
        let bundle = caller.get(&path).expect(200, kind).json();
        found += bundle
            .pointer("/entry")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let links = bundle.pointer("/link").and_then(Value::as_array);
        page = links
            .into_iter()
            .flatten()
            .find(|link| {
                link.pointer("/relation")
                    .is_some_and(|relation| relation == "next")
            })
            .and_then(|link| Some(link.pointer("/url")?.as_str()?.to_owned()));
    }
    found
}

/// Records under ids of their own are all at their first version.
fn all_at_their_first_version(caller: &Caller, folder: &Path) {
    for file in files(folder) {
        let text = fs::read_to_string(file).expect("a file");
        for line in text.lines().step_by(25) {
            let resource: Value = serde_json::from_str(line).expect("JSON");
            let (Some(kind), Some(id)) =
                (text_of(&resource, "resourceType"), text_of(&resource, "id"))
            else {
                continue;
            };
            let read = caller.get(&format!("{kind}/{id}")).expect(200, kind);
            assert_eq!(read.header("etag"), Some("W/\"1\""), "{kind}/{id}");
        }
    }
}

fn text_of<'a>(resource: &'a Value, member: &str) -> Option<&'a str> {
    resource.get(member)?.as_str()
}

#[test]
fn the_real_data_load_whole_and_again_change_nothing() {
    let Some(([bundles, lines], counts)) = sets() else {
        return;
    };
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let import = Import::into(&demo, folder.path());
    let system = demo.caller("system");
    let all: usize = counts.values().sum();
    for round in 1..=2 {
        let ran = import.run(&[&bundles, &lines]);
        println!("round {round}: {}", ran.text);
        assert_eq!(ran.code, 1, "round {round}: {}", ran.text);
        let told = format!("{all} resources accepted");
        assert!(ran.text.contains(&told), "{told}: {}", ran.text);
        let (read, refused) = (all + LOG_LINES, LOG_LINES);
        let sum = match round {
            1 => format!("{read} read: {all} stored, 0 repeated, {refused} refused"),
            _ => format!("{read} read: 0 stored, {all} repeated, {refused} refused"),
        };
        assert!(ran.text.contains(&sum), "{sum}: {}", ran.text);
        assert_eq!(stored(&system, &counts), counts, "round {round}");
        let list = fs::read_to_string(import.list()).expect("the list");
        assert_eq!(list.matches("log.ndjson").count(), 2 * LOG_LINES, "{list}");
    }
    all_at_their_first_version(&system, &lines);
}

#[test]
fn an_importer_that_is_killed_goes_on_without_duplicates() {
    let Some(([bundles, lines], counts)) = sets() else {
        return;
    };
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let import = Import::into(&demo, folder.path());
    let dice = Dice::new(31);
    for round in 0..6_u64 {
        let mut running = import
            .command(&[&bundles, &lines])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let more = u64::try_from(dice.below(400)).expect("small");
        sleep(Duration::from_millis(200 * (round + 1) + more));
        running.kill().expect("killed");
        running.wait().expect("gone");
    }
    let ran = import.run(&[&bundles, &lines]);
    assert_eq!(ran.code, 1, "{}", ran.text);
    let refused = format!(", {LOG_LINES} refused");
    assert!(ran.text.contains(&refused), "{}", ran.text);
    let system = demo.caller("system");
    assert_eq!(stored(&system, &counts), counts);
    all_at_their_first_version(&system, &lines);
}

#[test]
fn a_gateway_that_is_killed_and_started_again_gets_everything_once() {
    let Some(([bundles, lines], counts)) = sets() else {
        return;
    };
    let folder = Demo::folder();
    let first = Demo::start(folder.path(), &["--empty"]);
    let import = Import::into(&first, folder.path());
    let port = first
        .about
        .base
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok());
    let port: u16 = port.expect("a port");
    let mut running = import
        .command(&[&bundles, &lines])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let dice = Dice::new(32);
    let mut demo = first;
    for _ in 0..3 {
        let more = u64::try_from(dice.below(500)).expect("small");
        sleep(Duration::from_millis(300 + more));
        demo.kill9();
        demo = Demo::start_on(folder.path(), port, &["--empty"]);
    }
    let status = running.wait().expect("it ends");
    assert_eq!(status.code(), Some(1), "the export's own log is refused");
    let system = demo.caller("system");
    assert_eq!(stored(&system, &counts), counts);
    all_at_their_first_version(&system, &lines);
}

#[test]
fn what_is_refused_is_listed_and_can_be_tried_again() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let import = Import::into(&demo, folder.path());
    let system = demo.caller("system");
    let file = folder.path().join("Quillfeather.ndjson");
    let line = |id: &str, gender: &str| {
        format!(
            r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"Quillfeather"}}]{gender}}}"#
        )
    };
    let bad = [
        line("one", ""),
        line("two", "").replace('}', ""),
        line("three", ""),
        line("four", "").replace("Patient", "Quillfeather"),
        line("five", ""),
    ];
    fs::write(&file, bad.join("\n")).expect("written");
    let ran = import.run(&[&file]);
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert!(ran.text.contains("3 resources accepted"), "{}", ran.text);
    let sum = "5 read: 3 stored, 0 repeated, 2 refused";
    assert!(ran.text.contains(sum), "{}", ran.text);
    assert!(!ran.text.contains("Quillfeather"), "{}", ran.text);
    assert_eq!(count(&system, "Patient"), 3);

    let list = import.list();
    let mode = fs::metadata(&list).expect("the list").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(&list).expect("the list");
    let mut places: Vec<Option<u64>> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line)
                .expect("JSON")
                .get("line")?
                .as_u64()
        })
        .collect();
    places.sort_unstable();
    assert_eq!(places, [Some(2), Some(4)]);

    // Put right in its place, only what was refused is sent.
    let good = [
        line("one", ""),
        line("two", ""),
        line("three", ""),
        line("four", ""),
        line("five", ""),
    ];
    fs::write(&file, good.join("\n")).expect("written");
    let ran = import.run(&["--retry".as_ref(), &list]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(ran.text.contains("2 resources accepted"), "{}", ran.text);
    assert!(!list.exists());
    assert_eq!(count(&system, "Patient"), 5);
    for id in ["one", "two", "three", "four", "five"] {
        let read = system.get(&format!("Patient/{id}")).expect(200, id);
        assert_eq!(read.header("etag"), Some("W/\"1\""), "{id}");
    }
}

#[test]
fn nothing_of_a_folder_is_lost_silently() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let import = Import::into(&demo, folder.path());
    let system = demo.caller("system");
    let exports = folder.path().join("exports");
    for site in ["a", "b", "c"] {
        fs::create_dir_all(exports.join(site)).expect("made");
    }
    // Equal lines without ids at two sites are two times three patients.
    let line = |n| format!(r#"{{"resourceType":"Patient","identifier":[{{"value":"{n}"}}]}}"#);
    let three = [1, 2, 3].map(line).join("\n");
    for site in ["a", "b"] {
        fs::write(exports.join(site).join("Patient.ndjson"), &three).expect("written");
    }
    for _ in 0..2 {
        let ran = import.run(&[&exports]);
        assert_eq!(ran.code, 0, "{}", ran.text);
        assert!(ran.text.contains("6 resources accepted"), "{}", ran.text);
        assert_eq!(count(&system, "Patient"), 6);
    }
    let ran = import.run(&[&exports]);
    let sum = "6 read: 0 stored, 6 repeated, 0 refused";
    assert!(ran.text.contains(sum), "{}", ran.text);

    // A first line that is no resource costs that line alone, and a file of another
    // name is told.
    let text = format!("{{\"_meta\":1}}\n{}\n{}", line(8), line(9));
    fs::write(exports.join("c/Patient.ndjson"), text).expect("written");
    fs::write(exports.join("c/Patient.csv"), "id\n1\n").expect("written");
    let ran = import.run(&[&exports]);
    assert_eq!(ran.code, 1, "{}", ran.text);
    let sum = "10 read: 2 stored, 6 repeated, 2 refused";
    assert!(ran.text.contains(sum), "{}", ran.text);
    assert_eq!(count(&system, "Patient"), 8);
    let list = fs::read_to_string(import.list()).expect("the list");
    assert_eq!(list.lines().count(), 2);
    assert!(list.contains("c/Patient.csv"), "{list}");
}

/// A refused entry is kept under the key of its request, so the next try needs another.
#[test]
fn a_refusal_of_the_gateway_is_listed_with_its_tries() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let import = Import::into(&demo, folder.path());
    let file = folder.path().join("events.ndjson");
    fs::write(&file, r#"{"resourceType":"AuditEvent","id":"forged"}"#).expect("written");
    let list = import.list();
    let tries = |ran: Ran| -> Vec<Option<u64>> {
        assert_eq!(ran.code, 1, "{}", ran.text);
        let sum = "1 read: 0 stored, 0 repeated, 1 refused";
        assert!(ran.text.contains(sum), "{}", ran.text);
        let text = fs::read_to_string(&list).expect("the list");
        let line = |line| serde_json::from_str::<Value>(line).expect("JSON");
        text.lines()
            .map(|text| line(text).get("tries")?.as_u64())
            .collect()
    };
    assert_eq!(tries(import.run(&[&file])), [Some(1)]);
    assert_eq!(tries(import.run(&["--retry".as_ref(), &list])), [Some(2)]);
}

#[test]
fn an_expired_token_is_waited_for_and_a_wrong_base_is_not() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let import = Import::into(&demo, folder.path());
    let file = folder.path().join("p.json");
    fs::write(&file, r#"{"resourceType":"Patient","id":"one"}"#).expect("written");
    let token = folder.path().join("token");
    let good = fs::read(&token).expect("the token");
    fs::write(&token, "expired").expect("written");
    let mut command = import.command(&[&file]);
    let running = std::thread::spawn(move || run(&mut command));
    sleep(Duration::from_millis(700));
    fs::write(&token, good).expect("written");
    let ran = running.join().expect("it ended");
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert_eq!(count(&demo.caller("system"), "Patient"), 1);

    let wrong = Import {
        folder: folder.path().to_owned(),
        base: format!("{}/nowhere", demo.about.base),
    };
    assert_eq!(wrong.run(&[&file]).code, 2);
    assert_eq!(import.run(&[&folder.path().join("absent.json")]).code, 2);
}
