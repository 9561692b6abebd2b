//! Files that commands write, beside those that they read: none takes another's place,
//! and a proof that was fetched is there whatever becomes of its resource.

use e2e::{Caller, Demo, Ran, program, run};
use std::{fs, path::Path, process::Command};

fn chartseal(folder: &Path, words: &[&str], token: &str) -> Ran {
    run(Command::new(program())
        .args(words)
        .env("CHARTSEAL_TOKEN", token)
        // Where nothing listens: what goes in clear goes to no proxy.
        .env("http_proxy", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .current_dir(folder))
}

fn refused(ran: &Ran, why: &str) {
    assert_eq!(ran.code, 2, "{}", ran.text);
    assert!(ran.text.contains(why), "{}", ran.text);
}

#[test]
fn no_output_takes_the_place_of_an_input() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let token = fs::read_to_string(folder.path().join("data/tokens/system")).expect("a token");
    let system: Caller = demo.caller("system");
    let created = system.post("Patient", r#"{"resourceType":"Patient"}"#);
    let version = created.expect(201, "create").location();
    let url = system.url(&version);
    let chartseal = |words: &[&str]| chartseal(folder.path(), words, &token);
    let read = |name: &str| fs::read(folder.path().join(name)).expect("the file");

    let one = chartseal(&["proof", &url, "--out", "same", "--resource", "./same"]);
    refused(&one, "`--resource` and `--out` name one file");
    assert!(!folder.path().join("same").exists(), "nothing was written");
    let words = ["proof", &url, "--out", "p.json", "--resource", "r.json"];
    assert_eq!(chartseal(&words).code, 0);

    // The environment has a wrong token, and the command line says which one it is.
    let words = [
        "proof",
        &url,
        "--out",
        "q.json",
        "--token-file",
        "data/tokens/system",
    ];
    let beaten = self::chartseal(folder.path(), &words, "wrong");
    assert_eq!(beaten.code, 0, "{}", beaten.text);
    let words = [&words[..], &["--token", "wrong"]].concat();
    refused(&chartseal(&words), "cannot be used with");

    let verify = |report: &str| {
        let trust = "data/trust.json";
        let files = ["verify", "p.json", "--trust", trust, "--resource", "r.json"];
        chartseal(&[&files[..], &["--report", report]].concat())
    };
    for input in ["p.json", "r.json", "data/trust.json"] {
        let before = read(input);
        refused(&verify(input), "name one file");
        assert_eq!(read(input), before, "{input}");
    }
    fs::write(folder.path().join("notes"), "<p>mine</p>").expect("written");
    refused(&verify("notes"), "is no report");
    for _ in 0..2 {
        let again = verify("report.html");
        assert!(again.code < 2, "{}", again.text);
    }

    let base = format!("--base={}", system.url(""));
    let base = base.trim_end_matches('/');
    let import = ["import", base, "--token", "data/tokens/system", "r.json"];
    for input in ["r.json", "data/tokens/system"] {
        let before = read(input);
        let ran = chartseal(&[&import[..], &["--refused", input]].concat());
        refused(&ran, "name one file");
        assert_eq!(read(input), before, "{input}");
    }
}

#[test]
fn a_delete_is_proved_without_a_resource() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let token = fs::read_to_string(folder.path().join("data/tokens/system")).expect("a token");
    let system: Caller = demo.caller("system");
    let created = system.post("Basic", r#"{"resourceType":"Basic","code":{"text":"x"}}"#);
    let version = created.expect(201, "create").location();
    let (record, _) = version.split_once("/_history/").expect("a version");
    drop(
        system
            .send("DELETE", record, &[], Vec::new())
            .expect(204, "delete"),
    );
    let url = system.url(&format!("{record}/_history/2"));
    let words = ["proof", &url, "--out", "p.json", "--resource", "r.json"];
    let ran = chartseal(folder.path(), &words, &token);
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(ran.text.contains("wrote p.json"), "{}", ran.text);
    assert!(ran.text.contains("which has no content"), "{}", ran.text);
    assert!(!folder.path().join("r.json").exists());
}
