//! A start that cannot go well ends at once, says what to do, and changes
//! nothing: put right again, the same data serves.

#![expect(clippy::expect_used, reason = "test code")]

use e2e::{Caller, Demo, Ran, program, run, until};
use std::{
    fs::{self, Permissions},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
};

/// What is done to the data; the second folder is that of other data.
type Damage = fn(&Path, &Path);

const DAMAGES: [(&str, Damage, &str); 16] = [
    (
        "the key file holds something else",
        |data, _| fs::write(data.join("keys/kms.json"), "no key").expect("written"),
        "not a key file",
    ),
    (
        "others can read the key file",
        |data, _| {
            let open = Permissions::from_mode(0o644);
            fs::set_permissions(data.join("keys/kms.json"), open).expect("changed");
        },
        "chmod 600",
    ),
    (
        "the key file is gone",
        |data, _| fs::remove_file(data.join("keys/kms.json")).expect("gone"),
        "restore the file",
    ),
    (
        "the key file belongs to other data",
        |data, other| take(data, other, "keys/kms.json"),
        "use those made with this data",
    ),
    (
        "a log's key is gone",
        |data, _| fs::remove_file(data.join(LOG_KEY)).expect("gone"),
        "is missing",
    ),
    (
        "a log's key belongs to other data",
        |data, other| take(data, other, LOG_KEY),
        "is not the key of log",
    ),
    (
        "the database is no database",
        |data, _| fs::write(data.join("chartseal.sqlite"), "something else").expect("written"),
        "is no database",
    ),
    (
        "the database is cut off",
        |data, _| cut(&data.join("chartseal.sqlite"), 100_000),
        "is damaged or cut off",
    ),
    (
        "the database is cut off at its beginning",
        |data, _| cut(&data.join("chartseal.sqlite"), 0),
        "is empty",
    ),
    (
        "the submitter's key is gone",
        |data, _| fs::remove_file(data.join("keys/submitter.key")).expect("gone"),
        "put it back",
    ),
    (
        "the leaf key is gone",
        |data, _| fs::remove_file(data.join("keys/leaf.key")).expect("gone"),
        "put it back",
    ),
    (
        "the registry admin's key is gone",
        |data, _| fs::remove_file(data.join("keys/registry-admin.key")).expect("gone"),
        "put it back",
    ),
    (
        "the database is gone",
        |data, _| fs::remove_file(data.join("chartseal.sqlite")).expect("gone"),
        "restore it from its backup",
    ),
    (
        "the database cannot be written",
        // Root may write anywhere, but not a log where a folder is.
        |data, _| fs::create_dir(data.join("chartseal.sqlite-wal")).expect("made"),
        "cannot be opened",
    ),
    (
        "the L2 is gone",
        |data, _| fs::remove_dir_all(data.join("l2")).expect("gone"),
        "no contract at",
    ),
    (
        "the submitter's key is damaged",
        |data, _| fs::write(data.join("keys/submitter.key"), "zz").expect("written"),
        "must hold one key",
    ),
];

const LOG_KEY: &str = "keys/logs/riverside-1.log-key";

/// Without the log beside it, which could mend it.
fn cut(database: &Path, bytes: u64) {
    let _ = fs::remove_file(database.with_extension("sqlite-wal"));
    let file = fs::File::options().write(true).open(database);
    file.and_then(|file| file.set_len(bytes)).expect("cut off");
}

fn take(data: &Path, other: &Path, file: &str) {
    fs::copy(other.join(file), data.join(file)).expect("copied");
}

#[test]
fn damaged_or_foreign_parts_are_named_and_the_data_lives_on() {
    let (whole, foreign) = (Demo::folder(), Demo::folder());
    let reference = final_patient(whole.path());
    assert!(Demo::start(foreign.path(), &["--empty"]).stop().success());
    let foreign = foreign.path().join("data");

    for (name, damage, advice) in DAMAGES {
        let folder = Demo::folder();
        copy(&whole.path().join("data"), &folder.path().join("data"));
        damage(&folder.path().join("data"), &foreign);
        let ended = Demo::try_start(folder.path(), &["--empty"]).expect_err(name);
        assert_refused(name, &ended, 1, advice);
    }

    // With the key put back, the data is as it was.
    let folder = Demo::folder();
    let data = folder.path().join("data");
    copy(&whole.path().join("data"), &data);
    take(&data, &foreign, "keys/kms.json");
    let refused = Demo::try_start(folder.path(), &["--empty"]).expect_err("a foreign key");
    assert_refused("a foreign key", &refused, 1, "root key");
    take(&data, &whole.path().join("data"), "keys/kms.json");
    let demo = Demo::start(folder.path(), &["--empty"]);
    let read = demo.caller("clinician").get(&reference);
    assert_eq!(read.expect(200, "after the repair").status, 200);
}

#[test]
fn wrong_flags_are_explained() {
    let folder = Demo::folder();
    let file = folder.path().join("file");
    fs::write(&file, "no folder").expect("written");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    let below_file = file.join("data").display().to_string();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--zebra"], 2, "unexpected argument '--zebra'"),
        (&["--listen", "nowhere"], 2, "--listen"),
        (&["--patients", "many"], 2, "--patients"),
        (&["--data", &below_file], 1, "choose another `--data`"),
        (&["--empty", "--listen", &taken], 1, "cannot listen on"),
    ];
    for (flags, code, advice) in cases {
        let ran = run(Command::new(program())
            .arg("demo")
            .args(flags)
            .current_dir(folder.path()));
        assert_refused(&flags.join(" "), &ran, code, advice);
    }
}

fn assert_refused(name: &str, ended: &Ran, code: i32, advice: &str) {
    assert_eq!(ended.code, code, "{name}: {}", ended.text);
    assert!(ended.text.contains(advice), "{name}: {}", ended.text);
    assert!(!ended.text.contains("panicked"), "{name}: {}", ended.text);
}

/// Starts on this folder, writes a patient, waits until it is final, stops.
fn final_patient(folder: &Path) -> String {
    let mut demo = Demo::start(folder, &["--empty"]);
    let system: Caller = demo.caller("system");
    let created = system.post("Patient", r#"{"resourceType":"Patient"}"#);
    let version = created.expect(201, "create").location();
    until("a final proof", 60, || {
        let bundle = system.get(&format!("{version}/$proof"));
        let bundle = bundle.expect(200, "$proof").json();
        (bundle.get("rung")? == "finalized").then_some(())
    });
    assert!(demo.stop().success());
    let (reference, _) = version.split_once("/_history/").expect("a version");
    reference.to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("copied");
        }
    }
}
