//! `kill -9` in the middle of a load, several times: every acknowledged write is
//! there, every version and every audit record has one leaf in the log, the log
//! holds no other, and all of them become final.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, Dice, Reply, until};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

const ROUNDS: usize = 4;
const WRITERS: usize = 4;

/// A version whose write was acknowledged, and the mark that it holds.
struct Written {
    version: String,
    mark: String,
}

#[test]
fn no_acknowledged_write_is_lost_and_none_is_logged_twice() {
    let folder = Demo::folder();
    let dice = Dice::new(9);
    let next = AtomicU32::new(1);
    let mut written = Vec::new();
    for round in 1..=ROUNDS {
        let mut demo = Demo::start(folder.path(), &["--empty"]);
        let system = demo.caller("system");
        let loads: Vec<Vec<Written>> = thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|_| scope.spawn(|| write_until_gone(&system, &next)))
                .collect();
            let pause = 200 + u64::try_from(dice.below(600)).expect("small");
            thread::sleep(Duration::from_millis(pause));
            demo.kill9();
            let join = |writer: thread::ScopedJoinHandle<'_, _>| writer.join().expect("no panic");
            writers.into_iter().map(join).collect()
        });
        let count: usize = loads.iter().map(Vec::len).sum();
        assert!(count > 0, "round {round}: nothing was acknowledged");
        written.extend(loads.into_iter().flatten());
    }

    let mut demo = Demo::start(folder.path(), &["--empty"]);
    let (system, auditor) = (demo.caller("system"), demo.caller("auditor"));
    // Listed before anything else is asked, so that the list ends with the load.
    let (audits, versions) = committed(&auditor);
    for Written { version, mark } in &written {
        let read = system.get_in_turn(version).expect(200, version).text();
        assert!(
            read.contains(mark.as_str()),
            "{version} holds other content"
        );
        assert!(versions.contains(version), "{version} has no audit event");
    }
    let mut places = BTreeMap::new();
    let mut place = |caller, path| {
        let index = final_index(caller, path);
        let before = places.insert(index, path);
        assert_eq!(before, None, "{path} has the index of another leaf");
        index
    };
    let loaded: Vec<u64> = versions.iter().map(|path| place(&system, path)).collect();
    for path in &audits {
        place(&auditor, path);
    }
    // A leaf that was given two would leave an index that belongs to nothing. What the
    // demo set up has leaves of its own, which no path names, all before the load.
    let first = loaded.into_iter().min().expect("something was written");
    let size = places.keys().last().map_or(0, |last| last + 1);
    assert!(
        places
            .keys()
            .copied()
            .filter(|index| *index >= first)
            .eq(first..size),
        "the indices have gaps"
    );
    assert!(demo.stop().success());
}

/// The first event of each audit record, and each version that a successful
/// create or update made, acknowledged or not.
fn committed(auditor: &Caller) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut audits, mut versions) = (BTreeSet::new(), BTreeSet::new());
    let mut page = Some("AuditEvent?_count=1000".to_owned());
    while let Some(path) = page {
        let found = auditor.get_in_turn(&path).expect(200, "a page").json();
        for entry in list(&found, "/entry") {
            let event = entry.pointer("/resource").expect("an event");
            let id = text(event, "/id");
            if id.ends_with(".0") {
                audits.insert(format!("AuditEvent/{id}"));
            }
            let wrote = list(event, "/subtype")
                .iter()
                .any(|subtype| matches!(text(subtype, "/code"), "create" | "update"));
            if wrote && text(event, "/outcome") == "0" {
                let named = list(event, "/entity")
                    .iter()
                    .map(|entity| text(entity, "/what/reference"))
                    .filter(|reference| reference.contains("/_history/"));
                versions.extend(named.map(str::to_owned));
            }
        }
        page = list(&found, "/link")
            .iter()
            .find(|link| text(link, "/relation") == "next")
            .map(|link| text(link, "/url").to_owned());
    }
    (audits, versions)
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Creates and updates until the server is gone; what it acknowledged.
fn write_until_gone(system: &Caller, next: &AtomicU32) -> Vec<Written> {
    let mut written = Vec::new();
    loop {
        let mark = format!("mark-{:06}", next.fetch_add(1, Ordering::Relaxed));
        let body = |id: &str| {
            format!(
                r#"{{"resourceType":"Patient",{id}"identifier":[{{"system":"urn:oid:1.2","value":"{mark}"}}]}}"#
            )
            .into_bytes()
        };
        let Some(reply) = write(system, "POST", "Patient", &body("")) else {
            return written;
        };
        let version = reply.expect(201, "create").location();
        let reference = version.split("/_history/").next().expect("a reference");
        let (_, id) = reference.split_once('/').expect("type and id");
        let (again, id) = (reference.to_owned(), format!(r#""id":"{id}","#));
        written.push(Written {
            version,
            mark: mark.clone(),
        });
        let Some(reply) = write(system, "PUT", &again, &body(&id)) else {
            return written;
        };
        let updated = reply.expect(200, "update");
        assert_eq!(updated.header("etag"), Some("W/\"2\""));
        written.push(Written {
            version: format!("{again}/_history/2"),
            mark,
        });
    }
}

/// A write, again when it was one too many for the time; `None` when the server is gone.
fn write(system: &Caller, method: &str, path: &str, body: &[u8]) -> Option<Reply> {
    loop {
        let reply = system.try_send(method, path, &[], body.to_vec()).ok()?;
        if reply.status != 429 {
            return Some(reply);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The index of the leaf of a version or an audit event, once it is final
/// (<https://c2sp.org/tlog-proof>).
fn final_index(caller: &Caller, path: &str) -> u64 {
    until(path, 120, || {
        let path = format!("{path}/$proof");
        let bundle = caller.get_in_turn(&path).expect(200, &path).json();
        if bundle.get("rung")? != "finalized" {
            return None;
        }
        let proof = bundle.get("tlogProof")?.as_str()?;
        let index = proof.lines().find_map(|line| line.strip_prefix("index "));
        Some(index.expect("an index").parse().expect("a number"))
    })
}
