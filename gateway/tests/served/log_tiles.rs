//! `/log/{facility}/`: who may read it, what is there, and how long it may be kept.
//! That a published client can follow it is shown in `e2e/`.

use crate::{
    database::Kind,
    house::{HOME, House, OTHER},
    records,
    revocation::put_in_force,
};
use devkit::issuer::DemoUser;
use model::{Digest, LogId, Timestamp};
use policies::PolicySource;
use serde_json::Value;
use store::{NewLog, StoredCheckpoint, Tile};
use tlog::notes::log_key::LogKey;

const ROOT: Digest = Digest::new([3; 32]);

fn key(name: &str) -> LogKey {
    let origin = format!("example.org/log/{name}").parse().unwrap();
    LogKey::from_seed(origin, &[1; 32])
}

fn monitor(claims: &mut Value) {
    claims["roles"] = "monitor".into();
    claims["scope"] = "system/AuditEvent.s".into();
}

fn checkpoint(size: u64, note: String) -> StoredCheckpoint {
    StoredCheckpoint {
        size,
        root: ROOT,
        time: Timestamp::from_millis(0).unwrap(),
        note,
    }
}

/// What the anchor-service would have done with a log of this many leaves, and rows of
/// checkpoints that it did not make.
async fn sequence(house: &House, name: &str, leaves: u32) {
    let facility = house.facility(name).await;
    let new = NewLog {
        facility,
        epoch: 1,
        origin: key(name).origin().to_string(),
        log_id: LogId::new([leaves as u8; 32]),
        public_key: key(name).vkey().public_key(),
    };
    let (size, newest) = (u64::from(leaves - 1), key(name));
    let genuine = checkpoint(size, newest.sign(size, ROOT));
    // What someone may put there who can write to the database and holds no key.
    let other = |more| checkpoint(size + more, newest.sign(size, ROOT));
    let mut all: Vec<_> = (1..9).map(other).collect();
    all.extend([genuine, checkpoint(1 << 40, "x".to_owned())]);
    house
        .store
        .run_tx("log", &[], move |tx| {
            let log = tx.logs().insert(&new)?;
            let pending = tx.leaves().pending(facility, leaves)?;
            tx.leaves().sequence(&log, &pending)?;
            let hashes = (0..leaves).flat_map(|leaf| [leaf as u8; 32]).collect();
            tx.logs().put_tiles(
                log.id,
                &[Tile {
                    level: 0,
                    index: 0,
                    hashes,
                }],
            )?;
            all.iter()
                .try_for_each(|row| tx.logs().insert_checkpoint(log.id, row))
        })
        .await
        .unwrap();
}

/// A house with a log of five leaves, four of them under the checkpoint.
async fn with_log(public: bool) -> House {
    let house = House::start_with(Kind::Sqlite, |settings| settings.log_public = public).await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..5 {
        system.create("Patient", records::patient("a")).await;
    }
    sequence(&house, HOME, 5).await;
    house
}

#[actix_web::test]
async fn monitors_and_auditors_of_the_facility_read_the_log() {
    let house = with_log(false).await;
    let path = format!("/log/{HOME}/checkpoint");
    let note = key(HOME).sign(4, ROOT);
    for reader in [
        house.caller_with(&DemoUser::System, monitor),
        house.caller(&DemoUser::Auditor),
    ] {
        assert_eq!(reader.get(&path).await.expect(200).text, note);
    }
    let elsewhere = house.caller_with(&DemoUser::System, |claims| {
        monitor(claims);
        claims["facility"] = OTHER.into();
    });
    let without_scope = house.caller_with(&DemoUser::System, |claims| {
        monitor(claims);
        claims["scope"] = "system/Observation.rs".into();
    });
    for other in [
        elsewhere,
        without_scope,
        house.caller(&DemoUser::System),
        house.caller(&DemoUser::Clinician),
        house.caller(&DemoUser::Admin),
    ] {
        assert_eq!(other.get(&path).await.expect(403).issue(), "forbidden");
    }
    assert_eq!(house.anyone().get(&path).await.expect(401).issue(), "login");
    // A monitor sees nothing else.
    let watcher = house.caller_with(&DemoUser::System, monitor);
    watcher.get("AuditEvent").await.expect(403);
    watcher.get("Patient").await.expect(403);
}

/// `chartseal_policy_denials_total`, on which there is an alert, is this counter.
#[actix_web::test]
async fn a_denied_look_at_the_log_counts_as_a_denial() {
    let house = with_log(false).await;
    let path = format!("/log/{HOME}/checkpoint");
    let denials = || house.app.counters.denials();
    let before = denials();
    let clinician = house.caller(&DemoUser::Clinician);
    clinician.get(&path).await.expect(403);
    assert_eq!(denials(), before + 1);
    let watcher = house.caller_with(&DemoUser::System, monitor);
    watcher.get(&path).await.expect(200);
    assert_eq!(denials(), before + 1, "a permit counts as none");
}

#[actix_web::test]
async fn the_right_ends_with_the_policy() {
    let house = with_log(false).await;
    let watcher = house.caller_with(&DemoUser::System, monitor);
    let path = format!("/log/{HOME}/checkpoint");
    watcher.get(&path).await.expect(200);
    let mut source = PolicySource::shipped();
    source.policies.remove("log-is-monitored").unwrap();
    put_in_force(&house, HOME, 2, &source).await;
    watcher.get(&path).await.expect(403);
}

#[actix_web::test]
async fn what_the_checkpoint_covers_is_there_and_nothing_else() {
    let house = with_log(true).await;
    let anyone = house.anyone();
    let checkpoint = anyone
        .get(&format!("/log/{HOME}/checkpoint"))
        .await
        .expect(200);
    assert_eq!(
        checkpoint.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(checkpoint.header("cache-control"), Some("no-cache"));
    for (path, bytes) in [
        ("tile/0/000.p/4", 4 * 32),
        ("tile/0/000.p/2", 2 * 32),
        ("tile/entries/000.p/4", 4 * 35),
        ("tile/entries/000.p/1", 35),
    ] {
        let head = anyone
            .send("HEAD", &format!("/log/{HOME}/{path}"), &[], None)
            .await
            .expect(200);
        assert_eq!(
            head.header("content-length"),
            Some(bytes.to_string().as_str()),
            "{path}"
        );
        assert_eq!(
            head.header("content-type"),
            Some("application/octet-stream")
        );
        // It grows: nobody is to keep it.
        assert_eq!(head.header("cache-control"), Some("no-cache"), "{path}");
    }
    for path in [
        "tile/0/000",
        "tile/0/000.p/5",
        "tile/entries/000.p/5",
        "tile/entries/000",
        "tile/1/000.p/1",
        "tile/0/001.p/1",
        "tile/0/0",
        "tile/x",
        "",
        "nothing",
        "checkpoint/",
        "2/checkpoint",
    ] {
        let reply = anyone.get(&format!("/log/{HOME}/{path}")).await.expect(404);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(reply.issue(), "not-found");
    }
    // No checkpoint yet, and no such facility.
    anyone
        .get(&format!("/log/{OTHER}/checkpoint"))
        .await
        .expect(404);
    anyone.get("/log/nowhere/checkpoint").await.expect(404);
    for method in ["POST", "PUT", "DELETE"] {
        let path = format!("/log/{HOME}/checkpoint");
        anyone.send(method, &path, &[], None).await.expect(405);
    }
    // Reading it leaves no audit record.
    let audits = house.audits(HOME).await.len();
    assert_eq!(audits, 5);
}

/// A gateway that has another leaf key than the anchor-service shows no checkpoint and no
/// proof, and counts it.
#[actix_web::test]
async fn what_a_gateway_with_another_leaf_key_cannot_show_is_counted() {
    let house = with_log(true).await;
    let system = house.caller(&DemoUser::System);
    let checkpoint = format!("/log/{HOME}/checkpoint");
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    let rung = async |id: &str| {
        let proof = system.get(&format!("Patient/{id}/$proof")).await;
        proof.expect(200).json()["rung"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let found = system.get("Patient").await.expect(200).resources();
    let mut shown = Vec::new();
    for patient in &found {
        let id = patient["id"].as_str().unwrap();
        if rung(id).await == "sequenced" {
            shown.push(id);
        }
    }
    drop(house.anyone().get(&checkpoint).await.expect(200));
    assert_eq!(
        (shown.is_empty(), facility.unshown_keys.count()),
        (false, 0)
    );
    house.store.leaf_keys().set([&[9; 32]]);
    drop(house.anyone().get(&checkpoint).await.expect(404));
    assert_eq!(facility.unshown_keys.count(), 1);
    assert_eq!(rung(shown[0]).await, "pending");
    assert!(facility.unshown_keys.count() > 1);
}

/// A full tile is the same for good; who may keep it depends on who may read it.
#[actix_web::test]
async fn a_full_tile_alone_may_be_kept() {
    for public in [true, false] {
        let house = House::start_with(Kind::Sqlite, |settings| settings.log_public = public).await;
        let system = house.caller(&DemoUser::System);
        for _ in 0..3 {
            let entry = |_| {
                serde_json::json!({
                    "resource": records::patient("a"),
                    "request": {"method": "POST", "url": "Patient"},
                })
            };
            let batch = serde_json::json!({
                "resourceType": "Bundle",
                "type": "batch",
                "entry": (0..90).map(entry).collect::<Vec<_>>(),
            });
            system.post("", batch).await.expect(200);
        }
        sequence(&house, HOME, 257).await;
        let watcher = house.caller_with(&DemoUser::System, monitor);
        let whose = if public { "public" } else { "private" };
        let kept = format!("{whose}, max-age=31536000, immutable");
        for (path, caching) in [
            ("tile/0/000", kept.as_str()),
            ("tile/entries/000", kept.as_str()),
            ("tile/0/000.p/255", "no-cache"),
            ("tile/entries/000.p/2", "no-cache"),
            ("checkpoint", "no-cache"),
        ] {
            let path = format!("/log/{HOME}/{path}");
            let reply = watcher.send("HEAD", &path, &[], None).await.expect(200);
            assert_eq!(reply.header("cache-control"), Some(caching), "{path}");
        }
    }
}

/// A page of any origin reads what anyone may read, and nothing that needs a token.
#[actix_web::test]
async fn a_page_reads_a_public_log() {
    const ORIGIN: (&str, &str) = ("origin", "https://auditor.example");
    let allowed = "access-control-allow-origin";
    let house = with_log(true).await;
    let anyone = house.anyone();
    for (method, path, status) in [
        ("GET", "checkpoint", 200),
        ("HEAD", "tile/0/000.p/4", 200),
        ("GET", "tile/0/009", 404),
        ("OPTIONS", "checkpoint", 204),
        ("OPTIONS", "tile/0/000", 204),
    ] {
        let path = format!("/log/{HOME}/{path}");
        let reply = anyone.send(method, &path, &[ORIGIN], None).await;
        let reply = reply.expect(status);
        assert_eq!(reply.header(allowed), Some("*"), "{method} {path}");
        let methods = reply.header("access-control-allow-methods");
        assert_eq!(methods, (status == 204).then_some("GET, HEAD"), "{method}");
        assert_eq!(reply.header("access-control-allow-credentials"), None);
    }
    let elsewhere = anyone.send("GET", "/healthz", &[ORIGIN], None).await;
    assert_eq!(elsewhere.header(allowed), None);

    let house = with_log(false).await;
    let watcher = house.caller_with(&DemoUser::System, monitor);
    for (method, status) in [("GET", 200), ("HEAD", 200), ("OPTIONS", 204)] {
        let path = format!("/log/{HOME}/checkpoint");
        let reply = watcher.send(method, &path, &[ORIGIN], None).await;
        assert_eq!(reply.expect(status).header(allowed), None, "{method}");
    }
}
