//! All checks in order, and what follows from them.

use crate::checks;
use crate::form::{self, FormError};
use crate::report::{Check, Finding, Report, Verdict};
use crate::{About, Bundle, Require, Rung, Source, Trust};
use model::Timestamp;

/// Checks a bundle against a trust file. `resource` is the record's FHIR JSON
/// when there is one to compare; `at` is the moment at which the age of anchors
/// is judged.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use proof::{Bundle, Rung, Trust, Verdict, verify};
///
/// let file = |name: &str| std::fs::read(format!("tests/golden/{name}.json"));
/// let bundle = Bundle::parse(&file("proofs/version-finalized")?)?;
/// let trust = Trust::parse(&file("trust/anchor")?)?;
/// let at = "2026-11-22T11:00:00.000Z".parse()?;
///
/// let report = verify(&bundle, &trust, Some(&file("resources/version")?), at)?;
/// assert_eq!(report.reached, Some(Rung::Finalized));
/// assert_eq!(report.exit_code(), 0);
///
/// // The same record with another value is not what was stored.
/// let other = file("resources/content-value")?;
/// let report = verify(&bundle, &trust, Some(&other), at)?;
/// assert_eq!(report.verdict("content"), Some(Verdict::False));
/// assert_eq!(report.exit_code(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When an input breaks a rule of form; exit code 2.
pub fn verify(
    bundle: &Bundle,
    trust: &Trust,
    resource: Option<&[u8]>,
    at: Timestamp,
) -> Result<Report, FormError> {
    let statement = bundle.check_form()?;
    let resource = resource
        .map(|bytes| form::parse("resource", bytes))
        .transpose()?;
    let proof = bundle.tlog_proof.as_ref();
    let log = proof.and_then(|proof| trust.log(&proof.checkpoint().claim().origin));

    let require = trust.demands(log);
    let mut findings = [
        (
            "content",
            checks::content(&bundle.leaf, &statement, resource.as_ref()),
        ),
        ("commitment", checks::commitment(&bundle.leaf)),
        ("inclusion", checks::inclusion(bundle)),
        (
            "checkpoint",
            checks::checkpoint(bundle, trust, statement.facility(), log),
        ),
        (
            "anchor",
            checks::anchor(bundle.anchor.as_ref(), trust, log, at),
        ),
        ("block", checks::block(bundle)),
    ];
    if require == Require::Inclusion {
        say_unauthenticated(&mut findings);
    }
    let check = |(name, finding): (&'static str, Finding)| Check {
        name,
        verdict: finding.verdict,
        reason: finding.reason,
        demanded: demanded(name, require, resource.is_some()),
    };
    let checks: Vec<Check> = findings.into_iter().map(check).collect();
    let reached = reached(&checks);
    let source = chain_source(bundle, trust);
    let elsewhere = source.is_some_and(|source| source != Source::Operator);
    Ok(Report {
        about: About::new(bundle, trust)?,
        stated: bundle.rung,
        reached,
        independent: reached == Some(Rung::Finalized) && elsewhere,
        source,
        checks,
    })
}

/// Inclusion in a tree that nobody vouches for proves nothing about a log: it is said where
/// no more is demanded.
fn say_unauthenticated(findings: &mut [(&'static str, Finding)]) {
    let holds = |finding: &Finding| finding.verdict == Verdict::Holds;
    let mut signed = findings.iter().filter(|(name, _)| *name == "checkpoint");
    if signed.any(|(_, finding)| holds(finding)) {
        return;
    }
    for (name, finding) in findings {
        if *name == "inclusion" && holds(finding) {
            finding
                .reason
                .push_str(", and nothing authenticated that checkpoint");
        }
    }
}

/// Whether a check must hold; each level demands the earlier ones, and `block`
/// stands in the place of `anchor`.
fn demanded(name: &str, require: Require, resource_given: bool) -> bool {
    match name {
        "content" => resource_given,
        "commitment" | "inclusion" => true,
        "checkpoint" => require >= Require::Checkpoint,
        "anchor" => require == Require::Anchor,
        _ => require == Require::Block,
    }
}

/// The highest rung whose checks, and those of all rungs below, hold. The trust
/// file holds final anchors only, so an anchor that holds is final.
fn reached(checks: &[Check]) -> Option<Rung> {
    let hold = |names: &[&str]| {
        let holds = |check: &Check| check.verdict == Verdict::Holds;
        checks
            .iter()
            .filter(|check| names.contains(&check.name))
            .all(holds)
    };
    if !hold(&["commitment"]) {
        None
    } else if !hold(&["inclusion", "checkpoint"]) {
        Some(Rung::Pending)
    } else if !hold(&["anchor"]) {
        Some(Rung::Sequenced)
    } else {
        Some(Rung::Finalized)
    }
}

/// Where the trust file says that the chain entry comes from which the anchor names.
/// Whether that is so its maker knows, not this program.
fn chain_source(bundle: &Bundle, trust: &Trust) -> Option<Source> {
    let anchor = bundle.anchor.as_ref();
    let chain = anchor.and_then(|anchor| trust.chain(anchor.chain_id, anchor.registry));
    chain.map(|chain| chain.source)
}
