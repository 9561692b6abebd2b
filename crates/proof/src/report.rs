//! What a verifier says: one verdict per check with its reason, the rung it
//! reached, and whether anybody but the operator vouches for it.

use crate::{About, Rung, Source, bundle::object};
use fhir::json::Value;
use std::fmt;

/// The verdict of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was checked and is so.
    Holds,
    /// It was checked and is not so.
    False,
    /// It could not be checked.
    NotChecked,
}

impl Verdict {
    /// The words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::False => "false",
            Self::NotChecked => "not checked",
        }
    }
}

/// A verdict with its reason; what a check gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
}

impl Finding {
    pub(crate) fn holds(reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Holds,
            reason: reason.into(),
        }
    }

    pub(crate) fn is_false(reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::False,
            reason: reason.into(),
        }
    }

    pub(crate) fn not_checked(reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::NotChecked,
            reason: reason.into(),
        }
    }
}

/// One check of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// `content`, `commitment`, `inclusion`, `checkpoint`, `anchor` or `block`.
    pub name: &'static str,
    /// What came out.
    pub verdict: Verdict,
    /// Why, in plain words; never holds anything of the record.
    pub reason: String,
    /// Whether the trust file, or a given resource, demands that it holds.
    pub demanded: bool,
}

/// All that is said of one bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What the bundle is about.
    pub about: About,
    /// The checks, in the order in which they build on each other.
    pub checks: Vec<Check>,
    /// The rung that the bundle states.
    pub stated: Rung,
    /// The rung that was reached here; none when not even the leaf is right.
    pub reached: Option<Rung>,
    /// Whether a trust root carries this of which the trust file says that it does not
    /// come from the operator.
    pub independent: bool,
    /// Where the trust file says that the chain entry comes from.
    pub source: Option<Source>,
}

impl Report {
    /// The verdict of the check of this name.
    #[must_use]
    pub fn verdict(&self, name: &str) -> Option<Verdict> {
        self.checks
            .iter()
            .find(|check| check.name == name)
            .map(|check| check.verdict)
    }

    /// 0 when all that is demanded holds and nothing is false, else 1. (2 is for
    /// inputs that were refused and have no report.)
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let good = |check: &Check| match check.verdict {
            Verdict::Holds => true,
            Verdict::NotChecked => !check.demanded,
            Verdict::False => false,
        };
        u8::from(!self.checks.iter().all(good))
    }

    /// The rung reached, or `none`.
    #[must_use]
    pub fn reached_word(&self) -> &'static str {
        self.reached.map_or("none", Rung::as_str)
    }

    /// `yes` or `no`.
    #[must_use]
    pub const fn independent_word(&self) -> &'static str {
        if self.independent { "yes" } else { "no" }
    }

    /// The form of `--json`, as canonical JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let check = |check: &Check| {
            let verdict = ("verdict", check.verdict.as_str().into());
            (
                check.name,
                object(vec![verdict, ("reason", check.reason.as_str().into())]),
            )
        };
        let checks: Vec<(&str, Value)> = self.checks.iter().map(check).collect();
        let mut members = vec![
            ("checks", object(checks)),
            ("stated", self.stated.as_str().into()),
            ("reached", self.reached_word().into()),
            ("independent", self.independent_word().into()),
        ];
        members.extend(self.about.members());
        String::from_utf8_lossy(&object(members).to_canonical()).into_owned()
    }

    /// Whether what the bundle claims is proved. A leaf under a checkpoint that nobody
    /// vouches for is not, whatever was demanded.
    #[must_use]
    pub fn proved_words(&self) -> &'static str {
        match (self.exit_code(), self.verdict("checkpoint")) {
            (0, Some(Verdict::Holds)) => "proved",
            (0, _) => "claimed, under a checkpoint that nothing authenticated",
            _ => "claimed, and not proved",
        }
    }

    /// How the words of `independent` are meant. Nothing here knows who made the trust
    /// file, or whose node was asked for it.
    #[must_use]
    pub const fn why_independent(&self) -> &'static str {
        match (self.independent, self.source) {
            (true, Some(Source::Node)) => {
                "by the word of the trust file: its anchors were read from a node; whose node \
                 that was its maker knows"
            }
            (true, _) => {
                "by the word of the trust file: its anchors come from someone else than the \
                 operator"
            }
            (false, _) => "nothing that was checked comes from anyone but the operator",
        }
    }
}

/// What is claimed, one line per check, then the rungs and whether this is independent.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:", self.proved_words())?;
        for (name, text) in self.about.lines() {
            writeln!(f, "{name:<12} {text}")?;
        }
        writeln!(f)?;
        for check in &self.checks {
            let verdict = check.verdict.as_str();
            writeln!(f, "{:<12} {verdict:<12} {}", check.name, check.reason)?;
        }
        writeln!(
            f,
            "{:<12} {:<12} the bundle states {}",
            "reached",
            self.reached_word(),
            self.stated
        )?;
        write!(
            f,
            "{:<12} {:<12} {}",
            "independent",
            self.independent_word(),
            self.why_independent()
        )
    }
}
