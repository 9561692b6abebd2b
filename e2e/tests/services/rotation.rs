//! A log's key is changed on SQLite with the dev L2: every proof stays good under the
//! right trust file, for both verifiers, and under no other.

use crate::{
    installation::{Ended as _, HOME, User},
    one_process::OneProcess,
};
use e2e::{verify, verify_by_second};
use std::{fs, path::PathBuf};

/// One that was fetched while it was the newest.
struct Fetched {
    proof: PathBuf,
    seq: u64,
}

impl OneProcess {
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
            .trust(&self.chain, &self.registry, fetched.seq, vkeys);
        fs::write(&trust, text).unwrap();
        let ours = verify(&fetched.proof, &trust, None);
        let theirs = verify_by_second(&fetched.proof, &trust);
        assert_eq!(ours.code, theirs.code, "{} {}", ours.text, theirs.text);
        let verdict = ours.verdict("checkpoint").unwrap().to_owned();
        assert_eq!(theirs.verdict("checkpoint"), Some(verdict.as_str()));
        assert_eq!(ours.code == 0, verdict == "holds", "{}", ours.text);
        verdict
    }
}

#[test]
fn proofs_of_every_time_verify_under_the_keys_of_that_time() {
    let one = OneProcess::go_live("");
    let (house, config) = (&one.house, &one.config);
    let served = |name: &str| {
        let service = one.start();
        let fetched = one.fetch(&one.system(), name);
        assert!(service.stop().success());
        fetched
    };
    let rotate = |more: &[&str]| {
        let mut arguments = vec!["keys", "rotate", "--facility", HOME];
        arguments.extend(more);
        house.chartseal(&arguments, config, &[])
    };

    rotate(&["--finish"]).refused("begin without `--finish`");
    let before = served("before");
    let text = rotate(&[]).good().text;
    let new = text
        .lines()
        .find_map(|line| line.strip_prefix("  log key    "));
    let (old, new) = (one.log.vkey.as_str(), new.unwrap());
    rotate(&[]).refused("`--finish` first");
    rotate(&["--finish"]).refused("is not signed by the new key");
    let during = served("during");
    let finished = rotate(&["--finish"]).good().text;
    assert!(finished.contains(new), "{finished}");
    let after = served("after");

    assert_verdicts(&one, [&before, &during, &after], old, new);
    let keys = house.chartseal(&["keys", "list"], config, &[]).good().text;
    for expected in [old, new, "signs no more since", "signs since"] {
        assert!(keys.contains(expected), "{expected}: {keys}");
    }
}

fn assert_verdicts(one: &OneProcess, fetched: [&Fetched; 3], old: &str, new: &str) {
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
        assert_eq!(one.checkpoint(fetched, &vkeys), expected, "{vkeys:?}");
    }
}
