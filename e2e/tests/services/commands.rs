//! Commands of an operator that no other test types: addresses, a registry without its admin's
//! key, records under a wrong scope, a list to retry that is none.

use crate::{
    installation::{Ended as _, HOME, Installation, User},
    one_process::OneProcess,
};
use devkit::issuer::DemoUser;
use e2e::{Ran, program, run};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn an_address_is_read_in_one_case_or_with_the_capitals_of_its_checksum() {
    let house = Installation::new();
    let config = house.write("serve.toml", &house.sample("serve.toml"));
    drop(house.init(&config, HOME));
    let key = house.path("admin.key").display().to_string();
    let revoke = |account: &str| {
        let words = ["--admin-key", &key, "--all", "--submitter", account];
        house.chartseal(&["anchor", "revoke"], &config, &words)
    };
    let account = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    for account in [account, &account.to_lowercase()] {
        revoke(account).refused("no registry is known");
    }
    for (wrong, why) in [
        ("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "EIP-55"),
        ("0x12", "40 hex digits"),
    ] {
        let refused = revoke(wrong);
        assert_eq!(refused.code, 2, "{}", refused.text);
        assert!(refused.text.contains(why), "{}", refused.text);
    }
}

#[test]
fn a_registry_is_not_deployed_without_the_admins_key() {
    let house = Installation::new();
    let sample = house.sample("serve.toml");
    let config = house.write("serve.toml", &sample);
    drop(house.init(&config, HOME));
    let absent = house.path("absent.key");
    let key = absent.display().to_string();
    let deploy = |more: &[&str]| {
        let words = [&["--admin-key", key.as_str()], more].concat();
        house.chartseal(&["anchor", "deploy"], &config, &words)
    };
    deploy(&[]).refused("`--new-key` makes the admin's key there, once");
    assert!(!absent.exists(), "nothing was made");
    // Made, and printed for the chain's operator; the L2 of the sample does not answer.
    let made = deploy(&["--new-key"]);
    made.refused("gives no answer");
    assert!(made.text.contains("registry admin 0x"), "{}", made.text);
    let kept = fs::read(&absent).unwrap();
    let again = deploy(&["--new-key"]);
    again.refused("gives no answer");
    assert_eq!(fs::read(&absent).unwrap(), kept, "a key is made once");
}

/// The records that `chartseal scopes list` prints, and the file with them.
fn misplaced(one: &OneProcess) -> (String, PathBuf) {
    let listed = one
        .house
        .chartseal(&["scopes", "list"], &one.config, &[])
        .good();
    let file = one.house.path("misplaced.txt");
    fs::write(&file, &listed.text).unwrap();
    (listed.text, file)
}

fn mend(port: u16, token: &str, list: &Path) -> Ran {
    let file = list.with_extension("token");
    fs::write(&file, token).unwrap();
    let base = format!("http://127.0.0.1:{port}");
    run(Command::new(program())
        .args(["scopes", "mend", "--base", &base, "--token"])
        .arg(&file)
        .arg(list))
}

#[test]
fn records_under_a_wrong_scope_are_listed_and_mended() {
    let one = OneProcess::go_live("");
    let service = one.start();
    let system = one.system();
    let patient = system.create_patient("Quillfeather");
    let patient = patient.split('/').nth(1).unwrap().to_owned();
    let about = |reference: &str| {
        json!({
            "resourceType": "Observation", "status": "final", "code": {"text": "x"},
            "subject": {"reference": reference},
        })
        .to_string()
    };
    let older = "http://older.example:8080";
    let wrong = about(&format!("{older}/fhir/Patient/{patient}"));
    let wrong = system.at.post("Observation", wrong).expect(201, "created");
    let record = wrong.location();
    let record = record.rsplit_once("/_history").unwrap().0.to_owned();
    assert!(service.stop().success());
    assert_eq!(misplaced(&one).0, "", "that URL is not known yet");

    let text = fs::read_to_string(&one.config).unwrap();
    let (head, tail) = text.split_once("publicUrl").unwrap();
    let named = format!("{head}formerUrls = [\"{older}\"]\npublicUrl{tail}");
    fs::write(&one.config, named).unwrap();
    let (listed, list) = misplaced(&one);
    assert_eq!(listed, format!("{HOME}\t{record}\t1\tcurrent\n"));
    let service = one.start();
    let of_patient = format!("Observation?patient={patient}");
    let found = || {
        let page = system.at.get(&of_patient).expect(200, "a search").json();
        page["entry"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(found(), 0);
    // By whoever may not write it, nothing is mended, and it is said.
    let auditor = User::new(one.issuer(), &DemoUser::Auditor, one.port);
    let refused = mend(one.port, &auditor.token, &list);
    assert_eq!(refused.code, 1, "{}", refused.text);
    assert!(
        refused.text.contains("1 records are not mended"),
        "{}",
        refused.text
    );
    assert_eq!(found(), 0);
    let mended = mend(one.port, &system.token, &list);
    assert_eq!(mended.code, 0, "{}", mended.text);
    assert!(
        mended.text.contains("1 records are mended"),
        "{}",
        mended.text
    );
    assert_eq!(found(), 1);
    let version = system.at.get(&record).expect(200, "the record").json();
    assert_eq!(version["meta"]["versionId"], "2");
    assert!(service.stop().success());
    let (listed, list) = misplaced(&one);
    let earlier = format!("{HOME}\t{record}\t1\tearlier\n");
    assert_eq!(listed, earlier, "its first version is where it was");
    let again = mend(one.port, &system.token, &list);
    assert_eq!(again.code, 0, "{}", again.text);
    for said in ["0 records are mended", "1 records have earlier versions"] {
        assert!(again.text.contains(said), "{}", again.text);
    }
}

#[test]
fn a_list_that_scopes_did_not_print_is_not_mended() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("misplaced.txt");
    fs::write(&list, "no list\n").unwrap();
    let other = mend(1, "none", &list);
    assert_eq!(other.code, 2, "{}", other.text);
    assert!(
        other.text.contains("chartseal scopes list"),
        "{}",
        other.text
    );
}

#[test]
fn a_list_that_import_did_not_write_is_not_retried() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("token"), "none").unwrap();
    fs::write(path("list.ndjson"), "{\"resourceType\":\"Patient\"}\n").unwrap();
    let import = |more: &[&str]| {
        run(Command::new(program())
            .args([
                "import",
                "--base",
                "http://127.0.0.1:1/fhir",
                "--token",
                "token",
            ])
            .args(more)
            .current_dir(folder.path()))
    };
    let other = import(&["--retry", "list.ndjson"]);
    assert_eq!(other.code, 2, "{}", other.text);
    let says = "line 1 of `list.ndjson` is not one that `--refused` writes";
    assert!(other.text.contains(says), "{}", other.text);
    let absent = import(&["--retry", "absent.ndjson"]);
    assert_eq!(absent.code, 2, "{}", absent.text);
    assert!(
        absent.text.contains("cannot read `absent.ndjson`"),
        "{}",
        absent.text
    );
    let both = import(&["--retry", "list.ndjson", "token"]);
    assert_eq!(both.code, 2, "{}", both.text);
    assert!(both.text.contains("cannot be used with"), "{}", both.text);
    assert!(path("list.ndjson").exists(), "the list stays");
}
