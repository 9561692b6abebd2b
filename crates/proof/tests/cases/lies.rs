//! Every way of lying that keeps the form.

use super::Expected::Report;
use super::{Cases, Expected, Setting};
use crate::world::{key, salt};
use model::Digest;
use proof::{Require, Rung};
use tlog::notes::log_key::LogKey;
use tlog::notes::proof_text::ProofText;

impl Cases {
    pub(super) fn content_lies(&mut self) {
        let lied = || Report("FHHHHN", 1, "finalized", false);
        for (name, from, to) in [
            ("content-value", "1961-03-05", "1961-03-06"),
            ("content-id", "\"p1\"", "\"p2\""),
            ("content-type", "\"Patient\"", "\"Person\""),
            (
                "content-version",
                "\"versionId\": \"1\"",
                "\"versionId\": \"2\"",
            ),
            ("content-time", "10:00:00.123Z", "10:00:00.124Z"),
            (
                "content-more",
                "\"birthDate\"",
                "\"active\": true, \"birthDate\"",
            ),
        ] {
            let text = self.world.resources["version"].replacen(from, to, 1);
            self.lie(name, |s| s.resource = Some((name, text)), lied());
        }
        self.lie(
            "content-salt",
            |s| s.bundle.leaf.content_salt = Some(salt("other")),
            lied(),
        );
        let unsalted = Report("NHHHHN", 1, "finalized", false);
        self.lie(
            "content-without-salt",
            |s| s.bundle.leaf.content_salt = None,
            unsalted,
        );
        let unseen = Report("NHHHHN", 0, "finalized", false);
        self.lie("content-not-asked", |s| s.resource = None, unseen);

        let mut delete = self.setting("delete", Rung::Finalized, 600);
        delete.bundle.leaf.content_salt = Some(salt("other"));
        self.add("delete-salt", delete, lied());
        let mut delete = self.setting("delete", Rung::Finalized, 600);
        delete.resource = self.truth().resource;
        self.add("delete-with-resource", delete, lied());
        let mut delete = self.setting("delete", Rung::Finalized, 600);
        delete.bundle.leaf.content_salt = None;
        self.add(
            "delete-without-salt",
            delete,
            Report("NHHHHN", 0, "finalized", false),
        );
        self.event_lies();
    }

    fn event_lies(&mut self) {
        let lied = || Report("FHHHHN", 1, "finalized", false);
        self.event_lie("event-index", |event| event.index = 2);
        self.event_lie("event-index-beyond", |event| event.size = 1);
        self.event_lie("event-size", |event| event.size = 4_000_000_000);
        // The path to event 1 of 3 leads to the same root as one of 4.
        self.event_lie("event-size-of-same-path", |event| event.size = 4);
        self.event_lie("event-size-zero", |event| event.size = 0);
        self.event_lie("event-path", |event| event.path[0] = Digest::ZERO);
        self.event_lie("event-path-short", |event| event.path.truncate(1));
        self.event_lie("event-path-long", |event| event.path.push(Digest::ZERO));
        self.event_lie("event-salt", |event| event.salt = salt("other"));
        let mut other = self.setting("audit", Rung::Finalized, 600);
        let text = self.world.resources["audit"].replacen("Patient/p1", "Patient/p2", 1);
        other.resource = Some(("event-other", text));
        self.add("event-other", other, lied());
        let mut hidden = self.setting("audit", Rung::Finalized, 600);
        hidden.bundle.leaf.event = None;
        self.add(
            "event-hidden",
            hidden,
            Report("NHHHHN", 1, "finalized", false),
        );
        let mut system = self.setting("system", Rung::Finalized, 600);
        system.resource = self.truth().resource;
        self.add(
            "system-with-resource",
            system,
            Report("NHHHHN", 1, "finalized", false),
        );
    }

    fn event_lie(&mut self, name: &str, change: impl FnOnce(&mut proof::Event)) {
        let mut setting = self.setting("audit", Rung::Finalized, 600);
        change(setting.bundle.leaf.event.as_mut().expect("an event"));
        self.add(name, setting, Report("FHHHHN", 1, "finalized", false));
    }

    pub(super) fn log_lies(&mut self) {
        self.lie(
            "commitment-salt",
            |s| s.bundle.leaf.leaf_salt = salt("other"),
            Report("HFHHHN", 1, "none", false),
        );
        self.lie(
            "commitment-statement",
            |s| {
                let statement = &mut s.bundle.leaf.statement;
                *statement = statement.replace("\"create\"", "\"update\"");
            },
            Report("HFHHHN", 1, "none", false),
        );
        self.lie(
            "commitment-entry",
            |s| s.bundle.leaf.entry[32] ^= 1,
            Report("HFFHHN", 1, "none", false),
        );
        let lied = || Report("HHFHHN", 1, "pending", false);
        let note = self.world.note(600);
        let proof = self.world.proof(5, 600);
        let change = |index, path: &[Digest]| ProofText::new(index, path.to_vec(), &note).ok();
        let mut wrong = proof.path.clone();
        wrong[3] = Digest::ZERO;
        let longer = [proof.path.as_slice(), &[Digest::ZERO]].concat();
        for (name, proof) in [
            ("inclusion-index", change(4, &proof.path)),
            ("inclusion-index-beyond", change(600, &proof.path)),
            ("inclusion-path", change(5, &wrong)),
            ("inclusion-path-short", change(5, &proof.path[1..])),
            ("inclusion-path-long", change(5, &longer)),
            ("inclusion-path-empty", change(5, &[])),
        ] {
            self.lie(name, |s| s.bundle.tlog_proof = proof, lied());
        }
        self.checkpoint_lies(&proof, &note);
    }

    fn checkpoint_lies(&mut self, proof: &ProofText, note: &str) {
        let lied = || Report("HHHFHN", 1, "pending", false);
        let renoted = |note: &str| ProofText::new(proof.index, proof.path.clone(), note).ok();
        let forged = renoted(&key("other key").sign(600, self.world.root(600)));
        self.lie(
            "checkpoint-unsigned",
            |s| s.bundle.tlog_proof = forged,
            lied(),
        );
        let other = renoted(&transplant(note, &self.world.note(256)));
        self.lie(
            "checkpoint-signature-of-another",
            |s| s.bundle.tlog_proof = other,
            lied(),
        );
        let both = add_line(note, &key("other key").sign(600, self.world.root(600)));
        let cosigned = renoted(&both);
        let holds = Report("HHHHHN", 0, "finalized", false);
        self.lie(
            "checkpoint-unknown-cosignature",
            |s| s.bundle.tlog_proof = cosigned,
            holds,
        );
        let forged = add_line(note, &key("other key").sign(599, self.world.root(600)));
        let forged = renoted(&forged);
        let second = key("other key").vkey();
        self.lie(
            "checkpoint-second-key-fails",
            |s| {
                s.bundle.tlog_proof = forged;
                s.trust.0 = "two-keys";
                s.trust.1.logs[0].vkeys.push(second);
            },
            lied(),
        );
        self.lie(
            "checkpoint-facility",
            |s| {
                s.trust.0 = "other-facility";
                s.trust.1.logs[0].facility = "st-john".parse().expect("a facility");
            },
            lied(),
        );
        // A right path to another size, and the anchor of 600 beside it.
        let newest = self.world.proof(5, 700);
        self.lie(
            "checkpoint-not-the-anchored",
            |s| s.bundle.tlog_proof = Some(newest),
            lied(),
        );
        let origin = "gw.example/log/st-john".parse().expect("an origin");
        let elsewhere = LogKey::from_seed(origin, &salt("log key"));
        let elsewhere = renoted(&elsewhere.sign(600, self.world.root(600)));
        self.lie(
            "checkpoint-unknown-origin",
            |s| s.bundle.tlog_proof = elsewhere,
            Report("HHHNNN", 1, "pending", false),
        );
        self.histories();
    }

    /// Checkpoints that the log did sign, and another root that a chain holds.
    fn histories(&mut self) {
        let other = Digest::new([1; 32]);
        let forked = || Report("HHHFNN", 1, "pending", false);
        let mut trust = self.world.trust(Require::Checkpoint);
        trust.chains[0].anchors[1].root = other;
        let sequenced = Setting {
            trust: ("other-anchor", trust),
            ..self.setting("version", Rung::Sequenced, 600)
        };
        self.add("checkpoint-other-root-anchored", sequenced, forked());

        let mut trust = self.world.trust(Require::Checkpoint);
        trust.chains[0].heads[0].size = 700;
        trust.chains[0].heads[0].root = other;
        let newest = Setting {
            trust: ("other-head", trust),
            ..self.setting("late", Rung::Sequenced, 700)
        };
        self.add("checkpoint-other-root-at-head", newest, forked());

        // The anchor that the bundle names is right; another registry knows otherwise.
        let mut trust = self.world.trust(Require::Anchor);
        let mut elsewhere = trust.chains[0].clone();
        elsewhere.registry.0[0] ^= 1;
        elsewhere.anchors[1].root = other;
        elsewhere.heads.clear();
        trust.chains.push(elsewhere);
        self.lie(
            "checkpoint-other-root-elsewhere",
            |s| s.trust = ("two-registries", trust),
            Report("HHHFHN", 1, "pending", false),
        );

        let mut trust = self.world.trust(Require::Anchor);
        let mut stranger = trust.chains[0].heads[0].clone();
        stranger.log_id = model::LogId::new([1; 32]);
        stranger.root = other;
        trust.chains[0].heads.push(stranger);
        self.lie(
            "checkpoint-other-log-of-that-size",
            |s| s.trust = ("two-logs", trust),
            Report("HHHHHN", 0, "finalized", false),
        );
    }

    pub(super) fn anchor_lies(&mut self) {
        let lied = || Report("HHHHFN", 1, "sequenced", false);
        let unchecked = || Report("HHHHNN", 1, "sequenced", false);
        let both = || Report("HHHFFN", 1, "pending", false);
        self.anchor_lie("anchor-chain", |anchor| anchor.chain_id = 1, unchecked());
        self.anchor_lie(
            "anchor-registry",
            |anchor| anchor.registry.0[0] = 0,
            unchecked(),
        );
        self.anchor_lie(
            "anchor-log",
            |anchor| anchor.log_id = model::LogId::new([1; 32]),
            lied(),
        );
        self.anchor_lie("anchor-other-seq", |anchor| anchor.seq = 1, lied());
        self.anchor_lie("anchor-heartbeat", |anchor| anchor.seq = 3, lied());
        self.anchor_lie("anchor-size", |anchor| anchor.size = 601, both());
        self.anchor_lie(
            "anchor-root",
            |anchor| anchor.root = Digest::new([1; 32]),
            both(),
        );
        // A checkpoint that the log did sign, but that was never posted.
        let unposted = self.setting("version", Rung::Finalized, 700);
        let mut unposted = Setting {
            trust: unposted.trust,
            ..unposted
        };
        if let Some(anchor) = unposted.bundle.anchor.as_mut() {
            anchor.seq = 9;
        }
        self.add("anchor-unknown", unposted, unchecked());
    }

    fn anchor_lie(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut proof::Anchor),
        expected: Expected,
    ) {
        let change = |s: &mut Setting| change(s.bundle.anchor.as_mut().expect("an anchor"));
        self.lie(name, change, expected);
    }
}

/// The text of `note` under the signature lines of `other`.
fn transplant(note: &str, other: &str) -> String {
    let text = note.split_once("\n\n").expect("a note").0;
    let lines = other.split_once("\n\n").expect("a note").1;
    format!("{text}\n\n{lines}")
}

/// `note` with the signature lines of `other` too.
fn add_line(note: &str, other: &str) -> String {
    format!("{note}{}", other.split_once("\n\n").expect("a note").1)
}
