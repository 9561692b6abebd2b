//! All Synthea bundles through the demo: every resource reads back as sent,
//! every version becomes final, random ones verify offline, and nothing that
//! was changed afterwards does.

#![expect(clippy::expect_used, clippy::panic, reason = "test code")]

use e2e::{Caller, Demo, Dice, Posted, synthea, until, verify};
use fhir::json::{self, Value};
use model::{Clock as _, SystemClock, Timestamp};
use proof::{Bundle, Trust};
use std::{collections::BTreeSet, fs, path::Path, thread};

const CALLERS: usize = 4;
const SAMPLE: usize = 100;
const FULLY_CHANGED: usize = 5;
const RANDOM_CHANGES: usize = 10_000;
/// The exit code for an input that breaks a rule of form.
const UNREADABLE: u8 = 2;

/// What a verifier is given: the bundle and the resource, as bytes.
struct Exhibit {
    name: String,
    proof: Vec<u8>,
    resource: Vec<u8>,
}

#[test]
fn every_bundle_is_kept_proved_and_guarded() {
    let Some(bundles) = synthea() else { return };
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let system = demo.caller("system");

    let posted: Vec<Posted> = bundles
        .iter()
        .flat_map(|bundle| bundle.post(&system))
        .collect();
    assert!(posted.len() > 6_000, "{} resources", posted.len());
    in_parallel(&posted, |posted| reads_back(&system, posted));
    in_parallel(&posted, |posted| {
        drop(final_proof(&system, &posted.version))
    });

    let dice = Dice::new(20);
    let mut exhibits = versions(&system, &dice, &posted);
    exhibits.extend(audit_events(&demo.caller("auditor"), &dice));
    assert_eq!(exhibits.len(), 2 * SAMPLE);

    let trust_bytes = fs::read(&demo.about.trust_file).expect("the trust file");
    let trust = Trust::parse(&trust_bytes).expect("a trust file");
    let now = SystemClock.now();
    for exhibit in &exhibits {
        let code = verdict(&exhibit.proof, &exhibit.resource, &trust, now);
        assert_eq!(code, 0, "{} verifies", exhibit.name);
    }
    the_command_agrees(folder.path(), &demo.about.trust_file, &exhibits);

    // From both ends: versions stand first, audit events last.
    let mut whole = exhibits.split_off(exhibits.len() - FULLY_CHANGED / 2);
    whole.extend(exhibits.drain(..FULLY_CHANGED - FULLY_CHANGED / 2));
    let work = positions(&whole);
    in_parallel(&work, |(exhibit, at)| {
        no_single_byte_passes(exhibit, *at, &trust, now);
    });
    no_random_change_passes(&exhibits, &dice, &trust, now);
}

/// Runs for each, in a few threads; a failure in one fails the test.
fn in_parallel<T: Sync>(all: &[T], act: impl Fn(&T) + Sync) {
    let act = &act;
    thread::scope(|scope| {
        for first in 0..CALLERS {
            scope.spawn(move || all.iter().skip(first).step_by(CALLERS).for_each(act));
        }
    });
}

/// The resource as sent, but for the identity that the server gave it.
fn reads_back(caller: &Caller, posted: &Posted) {
    let reply = caller.get(&posted.reference).expect(200, &posted.reference);
    assert_eq!(reply.header("etag"), Some("W/\"1\""));
    let mut read = json::parse(&reply.body).expect("JSON");
    assert_eq!(read.to_canonical(), reply.body, "{}", posted.reference);
    let named = format!("{}/{}", text(&read, "resourceType"), text(&read, "id"));
    assert_eq!(named, posted.reference);
    let mut sent = posted.resource.clone();
    forget_identity(&mut sent);
    forget_identity(&mut read);
    // Canonical JSON keeps the text of numbers, so decimals are compared to
    // their last zero.
    assert!(
        sent.to_canonical() == read.to_canonical(),
        "{} is not what was sent",
        posted.reference
    );
}

fn forget_identity(resource: &mut Value) {
    let Some(object) = resource.as_object_mut() else {
        panic!("a resource is an object");
    };
    object.remove("id");
    let meta = object.get_mut("meta").and_then(Value::as_object_mut);
    let empty = meta.is_none_or(|meta| {
        meta.remove("versionId");
        meta.remove("lastUpdated");
        meta.is_empty()
    });
    if empty {
        object.remove("meta");
    }
}

/// The bundle of a version or an audit event, once it is final.
fn final_proof(caller: &Caller, path: &str) -> Vec<u8> {
    until(path, 300, || {
        let reply = caller.get(&format!("{path}/$proof")).expect(200, path);
        let bundle = json::parse(&reply.body).expect("JSON");
        (text(&bundle, "rung") == "finalized").then_some(reply.body)
    })
}

fn versions(system: &Caller, dice: &Dice, posted: &[Posted]) -> Vec<Exhibit> {
    dice.some_of(posted.iter().collect(), SAMPLE)
        .into_iter()
        .map(|posted| Exhibit {
            name: posted.version.clone(),
            proof: final_proof(system, &posted.version),
            resource: system.get(&posted.version).expect(200, "vread").body,
        })
        .collect()
}

fn audit_events(auditor: &Caller, dice: &Dice) -> Vec<Exhibit> {
    dice.some_of(audit_event_ids(auditor), SAMPLE)
        .into_iter()
        .map(|id| {
            let path = format!("AuditEvent/{id}");
            Exhibit {
                proof: final_proof(auditor, &path),
                resource: auditor.get(&path).expect(200, &path).body,
                name: path,
            }
        })
        .collect()
}

/// The ids on the first pages: enough that chance has a choice.
fn audit_event_ids(auditor: &Caller) -> Vec<String> {
    let mut ids = BTreeSet::new();
    let mut page = Some("AuditEvent?_count=50".to_owned());
    for _ in 0..60 {
        let Some(path) = page else { break };
        let found = auditor
            .get(&path)
            .expect(200, "a page of audit events")
            .body;
        let found = json::parse(&found).expect("JSON");
        for entry in list(&found, "entry") {
            let event = entry.get("resource").expect("a resource");
            assert_eq!(text(event, "resourceType"), "AuditEvent");
            ids.insert(text(event, "id").to_owned());
        }
        page = list(&found, "link")
            .iter()
            .find(|link| text(link, "relation") == "next")
            .map(|link| text(link, "url").to_owned());
    }
    assert!(ids.len() > 1_000, "{} audit events", ids.len());
    ids.into_iter().collect()
}

/// The exit code that `chartseal verify --resource` would have.
fn verdict(proof: &[u8], resource: &[u8], trust: &Trust, now: Timestamp) -> u8 {
    Bundle::parse(proof)
        .and_then(|bundle| proof::verify(&bundle, trust, Some(resource), now))
        .map_or(UNREADABLE, |report| report.exit_code())
}

/// The command line is the same verifier: tried on a few, whole and changed.
fn the_command_agrees(folder: &Path, trust: &Path, exhibits: &[Exhibit]) {
    let (proof, resource) = (folder.join("proof.json"), folder.join("resource.json"));
    for exhibit in exhibits.iter().step_by(20) {
        fs::write(&resource, &exhibit.resource).expect("written");
        fs::write(&proof, &exhibit.proof).expect("written");
        let ran = verify(&proof, trust, Some(&resource));
        assert_eq!(ran.code, 0, "{}: {}", exhibit.name, ran.text);
        let mut changed = exhibit.proof.clone();
        let middle = changed.len() / 2;
        *changed.get_mut(middle).expect("a byte") ^= 1;
        fs::write(&proof, changed).expect("written");
        let ran = verify(&proof, trust, Some(&resource));
        assert_ne!(ran.code, 0, "{}: {}", exhibit.name, ran.text);
    }
}

fn positions(exhibits: &[Exhibit]) -> Vec<(&Exhibit, usize)> {
    exhibits
        .iter()
        .flat_map(|exhibit| (0..exhibit.proof.len()).map(move |at| (exhibit, at)))
        .collect()
}

/// All 255 other values of one byte; of five bundles, some millions of changes.
fn no_single_byte_passes(exhibit: &Exhibit, at: usize, trust: &Trust, now: Timestamp) {
    let mut changed = exhibit.proof.clone();
    for difference in 1..=u8::MAX {
        *changed.get_mut(at).expect("a byte") ^= difference;
        assert_ne!(
            verdict(&changed, &exhibit.resource, trust, now),
            0,
            "{}: byte {at} changed by {difference:#04x}",
            exhibit.name
        );
        *changed.get_mut(at).expect("a byte") ^= difference;
    }
}

fn no_random_change_passes(exhibits: &[Exhibit], dice: &Dice, trust: &Trust, now: Timestamp) {
    let mut tried = 0;
    while tried < RANDOM_CHANGES {
        let exhibit = exhibits.get(dice.below(exhibits.len())).expect("one");
        let other = exhibits.get(dice.below(exhibits.len())).expect("one");
        let changed = change(&exhibit.proof, &other.proof, dice);
        if changed == exhibit.proof {
            continue;
        }
        assert_ne!(
            verdict(&changed, &exhibit.resource, trust, now),
            0,
            "{} changed to {}",
            exhibit.name,
            String::from_utf8_lossy(&changed)
        );
        tried += 1;
    }
}

/// One change of a kind that an accident or a forger would make.
fn change(proof: &[u8], other: &[u8], dice: &Dice) -> Vec<u8> {
    let mut changed = proof.to_vec();
    let at = dice.below(changed.len());
    let to = (at + 1 + dice.below(64)).min(changed.len());
    match dice.below(7) {
        0 => drop(changed.drain(at..to)),
        1 => changed.insert(at, other.get(at).copied().unwrap_or(b'0')),
        2 => changed.truncate(at),
        3 => {
            let from = dice.below(changed.len());
            changed.swap(at, from);
        }
        4 => {
            let again: Vec<u8> = changed.get(at..to).unwrap_or_default().to_vec();
            drop(changed.splice(at..at, again));
        }
        5 => {
            // The same stretch of another bundle: right form, wrong content.
            let stretch = other.get(at..to.min(other.len())).unwrap_or_default();
            drop(changed.splice(at..at + stretch.len(), stretch.iter().copied()));
        }
        _ => *changed.get_mut(at).expect("a byte") ^= 1 << dice.below(8),
    }
    changed
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value
        .get(member)
        .and_then(Value::as_array)
        .unwrap_or_default()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
