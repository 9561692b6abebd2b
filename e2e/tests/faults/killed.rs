//! Two gateways and the anchor-service, each killed by chance while two loads run:
//! `chartseal import` of the real data, and writers of single resources.

use crate::{checks::assert_all, front::Front, load::under_load, server::Server, site::Site};
use e2e::{Caller, Dice, data, program};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

const FOLDERS: [&str; 2] = ["synthea", "synthea-us-core"];
const WRITERS: usize = 2;

/// Resources by type.
type Counts = BTreeMap<String, usize>;

#[test]
fn killed_at_random_ten_times() {
    run(10, 5);
}

#[test]
#[ignore = "minutes, and chance that differs each time; CONTRIBUTING.md has the command"]
fn killed_at_random_a_hundred_times() {
    run(100, u64::from(std::process::id()));
}

fn run(kills: usize, seed: u64) {
    let Some(data) = data() else {
        return;
    };
    println!("seed {seed}");
    let dice = Dice::new(seed);
    let folders = FOLDERS.map(|name| data.join(name));
    let server = Server::start();
    let url = server.url_at(server.port());
    let mut site = Site::start(&url, &url, 2);
    let users = site.users();
    let front = Front::of_gateways(&site.ports);
    let mut import = Import::start(&site, &front, &users[0].token, &folders);
    let books = under_load(&users, WRITERS, |books| {
        for kill in 1..=kills {
            let answered = books.answered();
            kill_one(&mut site, &dice);
            import.go_on();
            let count = books.answered() - answered;
            println!("kill {kill}: {count} answers to writers meanwhile");
        }
        site.wait();
        import.finish();
    });
    let books = books.into_inside();
    println!(
        "answered {:?}, refused {}, unanswered {}",
        books.answered, books.refused, books.unanswered
    );
    assert_imported(&server, &users[0].at, &folders, books.acknowledged());
    assert_all(&site, &server, &books);
    site.stop();
}

/// A service is killed and started again, each after a pause.
fn kill_one(site: &mut Site, dice: &Dice) {
    let pause = |most| sleep(Duration::from_millis(50 + dice.below(most) as u64));
    pause(800);
    let number = dice.below(site.len());
    println!("service {number}");
    site.kill(number);
    pause(400);
    site.begin(number);
}

/// `chartseal import`, one request at a time so that it lasts; done before the last
/// kill it is run again, which must change nothing.
struct Import {
    command: Command,
    running: Child,
    rounds: usize,
}

impl Import {
    fn start(site: &Site, front: &Front, token: &str, folders: &[PathBuf]) -> Self {
        site.house.write_secret("token", token);
        let mut command = Command::new(program());
        command
            .args(["import", "--in-flight", "1", "--token", "token", "--base"])
            .arg(format!("http://127.0.0.1:{}/fhir", front.port))
            .args(folders.iter().flat_map(|folder| resources(folder)))
            .current_dir(site.house.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let running = command.spawn().unwrap();
        Self {
            command,
            running,
            rounds: 1,
        }
    }

    fn go_on(&mut self) {
        if let Some(status) = self.running.try_wait().unwrap() {
            assert!(status.success(), "the import ended with {status}");
            self.running = self.command.spawn().unwrap();
            self.rounds += 1;
        }
    }

    /// Everything was accepted.
    fn finish(mut self) {
        let status = self.running.wait().unwrap();
        println!("imports: {}", self.rounds);
        assert!(status.success(), "the import ended with {status}");
    }
}

/// The files of a folder but the export's own log, which is no FHIR.
fn resources(folder: &Path) -> Vec<PathBuf> {
    let mut files = files(folder);
    files.retain(|file| file.file_name().is_some_and(|name| name != "log.ndjson"));
    files
}

/// Each resource of the files is one record at its first version; besides them there
/// are those that the writers made, acknowledged or just not.
fn assert_imported(server: &Server, caller: &Caller, folders: &[PathBuf], written: usize) {
    let (counts, lines) = read(folders);
    let statement = "SELECT resource_type, count(DISTINCT record_tag), count(*) FROM version \
                     GROUP BY resource_type";
    let mut stored = Counts::new();
    for row in server.ask(statement).lines() {
        let parts: Vec<&str> = row.split('|').collect();
        let (records, versions): (usize, usize) =
            (parts[1].parse().unwrap(), parts[2].parse().unwrap());
        if parts[0] != "Patient" {
            assert_eq!(records, versions, "{row}");
        }
        stored.insert(parts[0].to_owned(), records);
    }
    let others = stored["Patient"] - counts["Patient"];
    assert!(others >= written, "{others} patients of {written} written");
    stored.insert("Patient".to_owned(), counts["Patient"]);
    assert_eq!(stored, counts);
    for line in lines.iter().step_by(40) {
        let path = format!("{}/{}", text(line, "resourceType"), text(line, "id"));
        let read = caller.get(&path).expect(200, &path);
        assert_eq!(read.header("etag"), Some("W/\"1\""), "{path}");
        assert_eq!(
            without_meta(read.json()),
            without_meta(line.clone()),
            "{path}"
        );
    }
}

/// The resources of the files: counted, and those with ids of their own and without
/// references that the import resolves.
fn read(folders: &[PathBuf]) -> (Counts, Vec<Value>) {
    let (mut counts, mut lines) = (Counts::new(), Vec::new());
    let mut add = |resource: &Value| {
        *counts
            .entry(text(resource, "resourceType").to_owned())
            .or_default() += 1;
    };
    for file in folders.iter().flat_map(|folder| files(folder)) {
        let content = fs::read_to_string(&file).unwrap();
        if file
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let bundle: Value = serde_json::from_str(&content).unwrap();
            let entries = bundle["entry"].as_array().unwrap();
            entries.iter().for_each(|entry| add(&entry["resource"]));
            continue;
        }
        for line in content.lines() {
            let resource: Value = serde_json::from_str(line).unwrap();
            if resource["resourceType"].is_null() {
                continue;
            }
            add(&resource);
            if resource["id"].is_string() && !line.contains("?identifier=") {
                lines.push(resource);
            }
        }
    }
    (counts, lines)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn text<'a>(resource: &'a Value, member: &str) -> &'a str {
    resource[member].as_str().unwrap()
}

/// The server sets version and time there.
fn without_meta(mut resource: Value) -> Value {
    resource.as_object_mut().unwrap().remove("meta");
    resource
}
