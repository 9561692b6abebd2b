//! Two gateways and the anchor-service, each killed by chance while two loads run:
//! `chartseal import` of the real data, and writers of single resources.

use crate::{
    books::Books, checks::assert_all, front::Front, load::under_load, server::Server, site::Site,
};
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
    let mut import = import(&site, &front, &users[0].token, &folders);
    let books = under_load(&users, WRITERS, |books| {
        kill_at_random(&mut site, kills, &dice, books);
        println!("import under way: {}", import.try_wait().unwrap().is_none());
        site.wait();
        let ended = import.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        println!("{told}");
        assert!(ended.status.success(), "{told}");
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

/// Services are killed and started, each after a pause; writers get on in between.
fn kill_at_random(site: &mut Site, kills: usize, dice: &Dice, books: &Books) {
    let pause = |most| sleep(Duration::from_millis(50 + dice.below(most) as u64));
    let mut answered = books.answered();
    for kill in 1..=kills {
        pause(800);
        let number = dice.below(site.len());
        site.kill(number);
        pause(400);
        site.begin(number);
        let now = books.answered();
        println!(
            "kill {kill}: service {number}, {} writes since",
            now - answered
        );
        answered = now;
    }
}

fn import(site: &Site, front: &Front, token: &str, folders: &[PathBuf]) -> Child {
    site.house.write_secret("token", token);
    Command::new(program())
        .args(["import", "--token", "token", "--base"])
        .arg(format!("http://127.0.0.1:{}/fhir", front.port))
        .args(folders)
        .current_dir(site.house.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
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
