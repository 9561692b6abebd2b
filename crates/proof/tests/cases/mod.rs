//! Every case that the golden files show: what is true, every way of lying, and
//! every way of breaking the form. What is expected is written here by hand.

mod lies;
mod refusals;

use super::world::{World, salt};
use model::{Digest, LogId};
use proof::{Bundle, ClosedLog, ClosingReason, Require, Rung, Source, Trust};

/// One case: three inputs and what must come out.
pub struct Case {
    pub name: String,
    pub proof: Vec<u8>,
    pub trust: (String, Vec<u8>),
    pub resource: Option<(String, Vec<u8>)>,
    pub expected: Expected,
}

/// What must come out.
pub enum Expected {
    /// Refused: exit code 2.
    Refused,
    /// Verdicts of content, commitment, inclusion, checkpoint, anchor and block
    /// (`H`olds, `F`alse, `N`ot checked), exit code, rung reached, independent.
    Report(&'static str, u8, &'static str, bool),
}
use Expected::Report;

pub struct Cases {
    world: World,
    pub all: Vec<Case>,
}

/// A bundle of its own and the trust file and resource it is checked with.
struct Setting {
    bundle: Bundle,
    trust: (&'static str, Trust),
    resource: Option<(&'static str, String)>,
}

impl Cases {
    pub fn new() -> Self {
        let mut cases = Self {
            world: World::new(),
            all: Vec::new(),
        };
        cases.truths();
        cases.content_lies();
        cases.log_lies();
        cases.anchor_lies();
        cases.trust_matters();
        cases.closed_logs();
        cases.refused_bundles();
        cases.refused_others();
        cases
    }

    fn setting(&self, subject: &'static str, rung: Rung, size: u64) -> Setting {
        let resource = self.world.resources.get(subject).cloned();
        Setting {
            bundle: self.world.bundle(subject, rung, size),
            trust: ("anchor", self.world.trust(Require::Anchor)),
            resource: resource.map(|text| (subject, text)),
        }
    }

    /// The true setting that most lies start from.
    fn truth(&self) -> Setting {
        self.setting("version", Rung::Finalized, 600)
    }

    fn add(&mut self, name: &str, setting: Setting, expected: Expected) {
        let (trust, resource) = (setting.trust, setting.resource);
        self.all.push(Case {
            name: name.to_owned(),
            proof: setting.bundle.to_bytes(),
            trust: (trust.0.to_owned(), trust.1.to_bytes()),
            resource: resource.map(|(name, text)| (name.to_owned(), text.into_bytes())),
            expected,
        });
    }

    fn lie(&mut self, name: &str, change: impl FnOnce(&mut Setting), expected: Expected) {
        let mut setting = self.truth();
        change(&mut setting);
        self.add(name, setting, expected);
    }

    fn truths(&mut self) {
        let finalized = |verdicts| Report(verdicts, 0, "finalized", false);
        self.add("version-finalized", self.truth(), finalized("HHHHHN"));
        let first = self.setting("version", Rung::Finalized, 256);
        self.add("version-first-anchor", first, finalized("HHHHHN"));
        let anchored = self.setting("update", Rung::Anchored, 600);
        self.add("update-anchored", anchored, finalized("HHHHHN"));
        let delete = self.setting("delete", Rung::Finalized, 600);
        self.add("delete-finalized", delete, finalized("HHHHHN"));
        let audit = self.setting("audit", Rung::Finalized, 600);
        self.add("audit-finalized", audit, finalized("HHHHHN"));
        let system = self.setting("system", Rung::Finalized, 600);
        self.add("system-finalized", system, finalized("NHHHHN"));
        let mut late = self.setting("late", Rung::Sequenced, 700);
        late.trust = ("checkpoint", self.world.trust(Require::Checkpoint));
        self.add(
            "version-sequenced",
            late,
            Report("HHHHNN", 0, "sequenced", false),
        );
        let mut pending = self.setting("late", Rung::Pending, 700);
        pending.trust = ("inclusion", self.world.trust(Require::Inclusion));
        self.add(
            "version-pending",
            pending,
            Report("HHNNNN", 1, "pending", false),
        );
    }

    fn trust_matters(&mut self) {
        let with = |name, trust: Trust| move |s: &mut Setting| s.trust = (name, trust);
        let good = || Report("HHHHHN", 0, "finalized", false);
        let mut node = self.world.trust(Require::Anchor);
        node.chains[0].source = Source::Node;
        let independent = Report("HHHHHN", 0, "finalized", true);
        self.lie("trust-from-a-node", with("node", node.clone()), independent);
        let mut setting = self.truth();
        setting.trust = ("node", node);
        setting.bundle.leaf.leaf_salt = salt("other");
        self.add(
            "trust-from-a-node-lied-to",
            setting,
            Report("HFHHHN", 1, "none", false),
        );

        let mut aged = self.world.trust(Require::Anchor);
        aged.max_anchor_age = Some(600);
        self.lie("trust-age-at-limit", with("age-600", aged.clone()), good());
        aged.max_anchor_age = Some(599);
        let stale = || Report("HHHHFN", 1, "sequenced", false);
        self.lie(
            "trust-age-over-limit",
            with("age-599", aged.clone()),
            stale(),
        );
        aged.chains[0].heads.clear();
        let headless = Report("HHHHNN", 1, "sequenced", false);
        self.lie("trust-age-without-head", with("no-head", aged), headless);

        let mut other = self.world.trust(Require::Anchor);
        other.chains[0].anchors[1].root = Digest::new([1; 32]);
        let forked = Report("HHHFFN", 1, "pending", false);
        self.lie("trust-other-root", with("other-root", other), forked);
        let mut none = self.world.trust(Require::Checkpoint);
        none.chains.clear();
        let unanchored = || Report("HHHHNN", 0, "sequenced", false);
        self.lie("trust-without-chain", with("no-chain", none), unanchored());
        let mut unlogged = self.world.trust(Require::Inclusion);
        unlogged.logs.clear();
        let unsigned = Report("HHHNNN", 0, "pending", false);
        self.lie("trust-without-log", with("no-log", unlogged), unsigned);
        self.unsaid();
        let block = self.world.trust(Require::Block);
        let demanded = Report("HHHHHN", 1, "finalized", false);
        self.lie("trust-demands-block", with("block", block), demanded);
        let late = Setting {
            trust: ("anchor", self.world.trust(Require::Anchor)),
            ..self.setting("late", Rung::Sequenced, 700)
        };
        self.add(
            "trust-demands-anchor",
            late,
            Report("HHHHNN", 1, "sequenced", false),
        );
    }

    /// A log that was closed because a key was stolen.
    fn closed_logs(&mut self) {
        let closed = |cases: &Self, reason, successor| {
            let mut trust = cases.world.trust(Require::Checkpoint);
            trust.chains[0].closed = Some(vec![ClosedLog {
                log_id: trust.logs[0].log_id,
                reason,
                successor,
            }]);
            trust
        };
        let next = Some(LogId::new([7; 32]));
        let log_key = closed(self, ClosingReason::LogKey, next);
        let unnamed = closed(self, ClosingReason::LogKey, None);
        let submitter = closed(self, ClosingReason::SubmitterKey, next);
        let late = |cases: &Self, trust| Setting {
            trust,
            ..cases.setting("late", Rung::Sequenced, 700)
        };
        let mut setting = self.truth();
        setting.trust = ("closed-log-key", log_key.clone());
        let anchored = Report("HHHHHN", 0, "finalized", false);
        self.add("closed-log-key-anchored", setting, anchored);
        for (name, trust) in [
            ("closed-log-key", log_key),
            ("closed-without-successor", unnamed),
        ] {
            let case = format!("{name}-not-anchored");
            let not_anchored = Report("HHHNNN", 1, "pending", false);
            self.add(&case, late(self, (name, trust)), not_anchored);
        }
        let signed = Report("HHHHNN", 0, "sequenced", false);
        let setting = late(self, ("closed-submitter-key", submitter));
        self.add("closed-submitter-key-not-anchored", setting, signed);
    }

    /// A trust file that does not say what it requires demands what it can give.
    fn unsaid(&mut self) {
        let silent = |mut trust: Trust| {
            trust.require = None;
            trust
        };
        let all = silent(self.world.trust(Require::Anchor));
        let good = Report("HHHHHN", 0, "finalized", false);
        self.lie("trust-unsaid", |s| s.trust = ("unsaid", all.clone()), good);
        let late = Setting {
            trust: ("unsaid", all.clone()),
            ..self.setting("late", Rung::Sequenced, 700)
        };
        let unanchored = Report("HHHHNN", 1, "sequenced", false);
        self.add("trust-unsaid-not-anchored", late, unanchored);
        let mut keys = all.clone();
        keys.chains[0].anchors.clear();
        let late = Setting {
            trust: ("unsaid-keys", keys),
            ..self.setting("late", Rung::Sequenced, 700)
        };
        let signed = Report("HHHHNN", 0, "sequenced", false);
        self.add("trust-unsaid-keys-alone", late, signed);
        let mut unlogged = all;
        unlogged.logs.clear();
        let unsigned = Report("HHHNNN", 1, "pending", false);
        let change = |s: &mut Setting| s.trust = ("unsaid-no-log", unlogged);
        self.lie("trust-unsaid-without-log", change, unsigned);
    }
}
