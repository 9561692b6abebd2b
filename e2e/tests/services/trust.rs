//! `chartseal trust refresh`: a verifier makes a trust file from a node, and proofs hold
//! against it; what contradicts it is refused.

use crate::{
    installation::{Ended as _, HOME, Installation},
    one_process::OneProcess,
};
use e2e::{Ran, program, run, verify, verify_by_second};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a verifier was told once, and asks for.
pub struct Verifier<'a> {
    house: &'a Installation,
    rpc: String,
    registry: String,
    vkey: &'a str,
}

impl<'a> Verifier<'a> {
    /// Who knows the key of the log of an installation, and asks its node.
    pub fn of(one: &'a OneProcess) -> Self {
        Self {
            house: &one.house,
            rpc: one.chain.url(),
            registry: one.registry.clone(),
            vkey: &one.log.vkey,
        }
    }

    pub fn refresh(&self, out: &Path, more: &[&str]) -> Ran {
        self.refresh_as(HOME, out, more)
    }

    fn refresh_as(&self, facility: &str, out: &Path, more: &[&str]) -> Ran {
        run(Command::new(program())
            .args(["trust", "refresh", "--rpc", &self.rpc])
            .args(["--registry", &self.registry, "--log", self.vkey])
            .args(["--facility", facility, "--out"])
            .arg(out)
            .args(more)
            .current_dir(self.house.path("")))
    }
}

/// Both verifiers' exit code.
pub fn checked(proof: &Path, trust: &Path) -> (i32, Option<String>) {
    let ours = verify(proof, trust, None);
    let theirs = verify_by_second(proof, trust);
    assert_eq!(ours.code, theirs.code, "{}\n{}", ours.text, theirs.text);
    (ours.code, ours.verdict("anchor").map(str::to_owned))
}

pub fn holds() -> (i32, Option<String>) {
    (0, Some("holds".to_owned()))
}

#[test]
fn a_trust_file_from_a_node_of_ones_own() {
    let one = OneProcess::go_live("");
    let house = &one.house;
    let service = one.start();
    let user = one.system();
    let prove = |name: &str| -> PathBuf {
        let (proof, _) = house.final_proof(&user, &user.create_patient(name));
        let kept = house.path(&format!("{name}.json"));
        fs::copy(proof, &kept).unwrap();
        kept
    };
    let verifier = Verifier::of(&one);
    let (trust, short) = (house.path("trust.json"), house.path("short.json"));

    let first = prove("first");
    drop(verifier.refresh(&trust, &[]).good());
    assert_eq!(checked(&first, &trust), holds());
    assert_eq!(
        verify(&first, &trust, None).member("independent"),
        Some("yes")
    );
    // Renewed it knows the new one too, and the old one as before.
    let second = prove("second");
    assert_eq!(checked(&second, &trust).0, 1);
    drop(verifier.refresh(&trust, &[]).good());
    assert_eq!(
        (checked(&first, &trust), checked(&second, &trust)),
        (holds(), holds())
    );

    // One that reads little learns of old anchors by their proofs.
    drop(verifier.refresh(&short, &["--anchors", "1"]).good());
    assert_eq!(checked(&first, &short).0, 1);
    for proof in [&first, &second] {
        let by_proof = ["--anchors", "1", "--proof", proof.to_str().unwrap()];
        drop(verifier.refresh(&short, &by_proof).good());
    }
    assert_eq!(
        (checked(&first, &short), checked(&second, &short)),
        (holds(), holds())
    );
    assert!(service.stop().success());

    refusals(&verifier, &first, &trust);
}

fn refusals(verifier: &Verifier<'_>, proof: &Path, trust: &Path) {
    let before = fs::read_to_string(trust).unwrap();
    let house = verifier.house;
    verifier
        .refresh_as("another", trust, &[])
        .refused("the log of facility `riverside`");
    let other = format!("0x{}", "ab".repeat(32));
    verifier
        .refresh(trust, &["--log-id", &other])
        .refused("the file has the log id 0x");
    let forged = fs::read_to_string(proof).unwrap();
    let (at, _) = forged.match_indices("\"root\":\"").last().unwrap();
    let digit = if &forged[at + 8..=at + 8] == "0" {
        "1"
    } else {
        "0"
    };
    let forged = format!("{}{digit}{}", &forged[..at + 8], &forged[at + 9..]);
    let path = house.path("forged.json");
    fs::write(&path, forged).unwrap();
    verifier
        .refresh(trust, &["--proof", path.to_str().unwrap()])
        .refused("another anchor of this number");
    for (old, new, advice) in [
        (
            "\"source\": \"node\"",
            "\"source\": \"operator\"",
            "write to another file",
        ),
        ("\"seq\": 1,", "\"seq\": 900,", "one of them is wrong"),
    ] {
        assert!(before.contains(old), "{before}");
        fs::write(&path, before.replacen(old, new, 1)).unwrap();
        verifier.refresh(&path, &[]).refused(advice);
    }
    assert_eq!(fs::read_to_string(trust).unwrap(), before);
    let elsewhere = Verifier {
        house,
        rpc: verifier.rpc.clone(),
        registry: format!("0x{}", "ab".repeat(20)),
        vkey: verifier.vkey,
    };
    elsewhere
        .refresh(trust, &[])
        .refused("there is no contract at");
}
