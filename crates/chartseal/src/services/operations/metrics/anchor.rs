//! The series of the anchor-service: its steps, its lease, what it has done, and the logs.

use super::page::{Page, number, seconds};
use anchor_service::{
    Counts, LeaseState, Purse, Status, StatusReader, ledger::GWEI, log_check::LogChecks,
};
use model::{Clock as _, SystemClock, Timestamp};
use prometheus::Error;

/// Adds all of them; gives whether the database answered.
pub async fn series(page: &Page, anchor: &StatusReader) -> Result<bool, Error> {
    of_counts(page, anchor.counts())?;
    let alarm = f64::from(u8::from(anchor.alarm().is_some()));
    page.gauge(
        "chartseal_anchor_alarm",
        "Whether the anchor-service has halted with an alarm.",
        &[],
        [(vec![], alarm)],
    )?;
    of_lease(page, &anchor.lease())?;
    of_purse(page, anchor.purse())?;
    page.gauge(
        "chartseal_l2_node_passed_over",
        "Whether one of several L2 nodes fails or lags, so that others are asked.",
        &["node"],
        anchor.nodes().into_iter().map(|(node, problem)| {
            let passed_over = f64::from(u8::from(problem.is_some()));
            (vec![node], passed_over)
        }),
    )?;
    let troubles = anchor.troubles();
    let steps = [
        "keys",
        "lease",
        "logs",
        "log keys",
        "sequence",
        "checkpoint",
        "post",
        "finality",
        "check",
        "funds",
        "evidence",
    ];
    page.gauge(
        "chartseal_anchor_step_failing",
        "Whether a step of the anchor-service does not get on.",
        &["step"],
        steps.map(|step| {
            let failing = troubles.contains_key(step);
            (vec![step.to_owned()], f64::from(u8::from(failing)))
        }),
    )?;
    of_checks(page, anchor.checks())?;
    match anchor.read().await {
        Ok(status) => of_logs(page, &status, SystemClock.now()).map(|()| true),
        Err(_) => Ok(false),
    }
}

/// No series before the first check of the process that works.
fn of_checks(page: &Page, checks: &LogChecks) -> Result<(), Error> {
    page.gauge(
        "chartseal_log_check_findings",
        "What does not fit in the logs, by the last check of them as a whole.",
        &["facility", "finding"],
        checks
            .counts()
            .into_iter()
            .map(|((facility, kind), count)| {
                let labels = vec![facility.to_string(), kind.as_str().to_owned()];
                (labels, number(count))
            }),
    )?;
    page.gauge(
        "chartseal_log_check_end_timestamp_seconds",
        "When the last check of the logs as a whole ended.",
        &[],
        checks
            .ended()
            .map(|ended| (vec![], seconds(ended.as_millis()))),
    )
}

fn of_lease(page: &Page, lease: &LeaseState) -> Result<(), Error> {
    let (held, since) = match lease {
        LeaseState::Held { since } => (1.0, *since),
        _ => (0.0, None),
    };
    page.gauge(
        "chartseal_anchor_lease_held",
        "Whether this anchor-service works; one that stands by does not.",
        &[],
        [(vec![], held)],
    )?;
    page.gauge(
        "chartseal_anchor_lease_since_timestamp_seconds",
        "When this anchor-service took the lease; no series where it has none.",
        &[],
        since.map(|since| (vec![], seconds(since.as_millis()))),
    )
}

fn of_purse(page: &Page, purse: Option<Purse>) -> Result<(), Error> {
    let gwei = |wei: u128| number(u64::try_from(wei / GWEI).unwrap_or(u64::MAX));
    page.gauge(
        "chartseal_submitter_balance_gwei",
        "What the submitter's account has; no series while it is not known.",
        &[],
        purse.map(|purse| (vec![], gwei(purse.balance))),
    )?;
    page.gauge(
        "chartseal_submitter_balance_wanted_gwei",
        "What the submitter's account should have at least.",
        &[],
        purse.map(|purse| (vec![], gwei(purse.wanted))),
    )
}

fn of_counts(page: &Page, counts: Counts) -> Result<(), Error> {
    for (name, help, count) in [
        (
            "chartseal_leaves_sequenced_total",
            "Leaves given an index.",
            counts.sequenced,
        ),
        (
            "chartseal_checkpoints_signed_total",
            "Checkpoints signed.",
            counts.checkpoints,
        ),
        (
            "chartseal_posts_total",
            "Transactions made for the registry, replacements apart.",
            counts.posts,
        ),
        (
            "chartseal_post_replacements_total",
            "Transactions made to replace one that was stuck.",
            counts.replacements,
        ),
        (
            "chartseal_post_failures_total",
            "Transactions that can never take effect.",
            counts.failures,
        ),
        (
            "chartseal_posts_final_total",
            "Transactions that became final.",
            counts.finalized,
        ),
    ] {
        page.count(name, help, count)?;
    }
    Ok(())
}

fn of_logs(page: &Page, status: &Status, now: Timestamp) -> Result<(), Error> {
    let age = |then: Timestamp| seconds(now.as_millis().saturating_sub(then.as_millis()));
    page.gauge(
        "chartseal_pending_leaves",
        "Leaves without an index.",
        &[],
        [(vec![], number(status.pending))],
    )?;
    page.gauge(
        "chartseal_refused_leaves",
        "Leaves that were refused an index and that nobody has forgotten since.",
        &[],
        [(vec![], number(status.refused_leaves))],
    )?;
    page.gauge(
        "chartseal_pending_leaf_age_seconds",
        "Age of the leaf that has waited longest; 0 when none waits.",
        &[],
        [(vec![], status.oldest_pending.map_or(0.0, age))],
    )?;
    let logs = || {
        status
            .logs
            .iter()
            .map(|log| (vec![log.facility.to_string()], log))
    };
    page.gauge(
        "chartseal_log_size",
        "Leaves in the log.",
        &["facility"],
        logs().map(|(labels, log)| (labels, number(log.size))),
    )?;
    page.gauge(
        "chartseal_log_final_size",
        "Leaves under the newest final anchor.",
        &["facility"],
        logs().map(|(labels, log)| {
            let size = log.last_final.map_or(0, |anchor| anchor.size);
            (labels, number(size))
        }),
    )?;
    page.gauge(
        "chartseal_log_refused",
        "Whether the registry refused the log's anchor at the last try.",
        &["facility"],
        logs().map(|(labels, log)| (labels, f64::from(u8::from(log.refused.is_some())))),
    )?;
    page.gauge(
        "chartseal_last_final_anchor_age_seconds",
        "Time since the block of the newest final anchor; no series before the first.",
        &["facility"],
        logs().filter_map(|(labels, log)| log.last_final.map(|anchor| (labels, age(anchor.time)))),
    )
}
