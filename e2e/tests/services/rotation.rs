//! A log's key is changed on SQLite with the dev L2: every proof stays good under the
//! right trust file, for both verifiers, and under no other.

use crate::{
    chain::Chain,
    installation::{Ended as _, HOME, Installation, Log, User, free_port, is_ready},
};
use devkit::issuer::DemoUser;
use e2e::{python, run, verify};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// One that was fetched while it was the newest.
struct Fetched {
    proof: PathBuf,
    seq: u64,
}

struct Case<'a> {
    house: &'a Installation,
    chain: &'a Chain,
    registry: &'a str,
    log: &'a Log,
}

impl Case<'_> {
    fn fetch(&self, user: &User, name: &str) -> Fetched {
        let version = user.create_patient(name);
        let (proof, _) = self.house.final_proof(user, &version);
        let kept = self.house.path(&format!("{name}.proof.json"));
        fs::copy(proof, &kept).unwrap();
        let bundle: serde_json::Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
        let seq = bundle["anchor"]["seq"].as_u64().unwrap();
        Fetched { proof: kept, seq }
    }

    /// The verdict on the checkpoint of both verifiers, who must agree.
    fn checkpoint(&self, fetched: &Fetched, vkeys: &[&str]) -> String {
        let trust = self.house.path("trust.json");
        let text = self
            .log
            .trust(self.chain, self.registry, fetched.seq, vkeys);
        fs::write(&trust, text).unwrap();
        let ours = verify(&fetched.proof, &trust, None);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py");
        let mut theirs = Command::new(python());
        theirs.arg(script).arg(&fetched.proof).arg("--trust");
        let theirs = run(theirs.arg(&trust).arg("--json"));
        assert_eq!(ours.code, theirs.code, "{} {}", ours.text, theirs.text);
        let verdict = ours.verdict("checkpoint").unwrap().to_owned();
        assert_eq!(theirs.verdict("checkpoint"), Some(verdict.as_str()));
        assert_eq!(ours.code == 0, verdict == "holds", "{}", ours.text);
        verdict
    }
}

#[test]
fn proofs_of_every_time_verify_under_the_keys_of_that_time() {
    let house = Installation::new();
    let (port, watch) = (free_port(), free_port());
    let chain = Chain::dev(&house.path(""));
    let issuer = house.issuer(None);
    let config = house
        .sample("serve.toml")
        .with_gateway("127.0.0.1:8080", port, &issuer.issuer_url())
        .with_chain("http://127.0.0.1:8545", &chain)
        .with_operations("127.0.0.1:9464", watch);
    let config = house.write("serve.toml", &config);
    let log = house.init(&config, HOME);
    let registry = house.deploy(&config);
    drop(house.grant(&config, &["--all"]).good());
    let case = Case {
        house: &house,
        chain: &chain,
        registry: &registry,
        log: &log,
    };
    let served = |name: &str| {
        let mut service = house.start("serve", &config);
        service.wait_until("ready", || is_ready(watch));
        let fetched = case.fetch(&User::new(&issuer, &DemoUser::System, port), name);
        assert!(service.stop().success());
        fetched
    };
    let rotate = |more: &[&str]| {
        let mut arguments = vec!["keys", "rotate", "--facility", HOME];
        arguments.extend(more);
        house.chartseal(&arguments, &config, &[])
    };

    rotate(&["--finish"]).refused("begin without `--finish`");
    let before = served("before");
    let text = rotate(&[]).good().text;
    let new = text
        .lines()
        .find_map(|line| line.strip_prefix("  log key    "));
    let (old, new) = (log.vkey.as_str(), new.unwrap());
    rotate(&[]).refused("`--finish` first");
    rotate(&["--finish"]).refused("is not signed by the new key");
    let during = served("during");
    let finished = rotate(&["--finish"]).good().text;
    assert!(finished.contains(new), "{finished}");
    let after = served("after");

    assert_verdicts(&case, [&before, &during, &after], old, new);
    let keys = house.chartseal(&["keys", "list"], &config, &[]).good().text;
    for expected in [old, new, "signs no more since", "signs since"] {
        assert!(keys.contains(expected), "{expected}: {keys}");
    }
}

fn assert_verdicts(case: &Case<'_>, fetched: [&Fetched; 3], old: &str, new: &str) {
    let [before, during, after] = fetched;
    for (fetched, vkeys, expected) in [
        (before, vec![old], "holds"),
        (before, vec![new], "false"),
        (before, vec![old, new], "holds"),
        (during, vec![old], "holds"),
        (during, vec![new], "holds"),
        (during, vec![old, new], "holds"),
        (after, vec![old], "false"),
        (after, vec![new], "holds"),
        (after, vec![old, new], "holds"),
    ] {
        assert_eq!(case.checkpoint(fetched, &vkeys), expected, "{vkeys:?}");
    }
}
