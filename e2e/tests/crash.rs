//! `kill -9` in the middle of a load, several times: every acknowledged write is
//! there, each has one leaf in the log, and all of them become final.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, Dice, until};
use std::{
    collections::BTreeMap,
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
            let pause = 400 + u64::try_from(dice.below(1_200)).expect("small");
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
    let system = demo.caller("system");
    let mut places = BTreeMap::new();
    for Written { version, mark } in &written {
        let read = system.get(version).expect(200, version).text();
        assert!(
            read.contains(mark.as_str()),
            "{version} holds other content"
        );
        let index = final_index(&system, version);
        let before = places.insert(index, version);
        assert_eq!(before, None, "{version} has the index of another version");
    }
    assert_eq!(places.len(), written.len());
    // The same versions asked again stand where they stood.
    for (index, version) in places.iter().step_by(17) {
        assert_eq!(final_index(&system, version), *index);
    }
    assert!(demo.stop().success());
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
        let Ok(reply) = system.try_send("POST", "Patient", &[], body("")) else {
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
        let Ok(reply) = system.try_send("PUT", &again, &[], body(&id)) else {
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

/// The index of the version's leaf, once it is final
/// (<https://c2sp.org/tlog-proof>).
fn final_index(caller: &Caller, version: &str) -> u64 {
    until(version, 120, || {
        let path = format!("{version}/$proof");
        let bundle = caller.get(&path).expect(200, &path).json();
        if bundle.get("rung")? != "finalized" {
            return None;
        }
        let proof = bundle.get("tlogProof")?.as_str()?;
        let index = proof.lines().find_map(|line| line.strip_prefix("index "));
        Some(index.expect("an index").parse().expect("a number"))
    })
}
