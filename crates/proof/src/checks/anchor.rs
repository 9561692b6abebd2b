//! *anchor*: the trust file knows this anchor as a final one, and the newest
//! anchor of the log is not older than the trust file allows.

use crate::report::Finding;
use crate::{Anchor, Trust, TrustedChain, TrustedLog};
use model::Timestamp;

/// `log` is the trust file's entry of the checkpoint's origin.
pub(crate) fn anchor(
    anchor: Option<&Anchor>,
    trust: &Trust,
    log: Option<&TrustedLog>,
    at: Timestamp,
) -> Finding {
    let Some(anchor) = anchor else {
        return Finding::not_checked("the bundle holds no anchor yet");
    };
    let Some(chain) = trust.chain(anchor.chain_id, anchor.registry) else {
        return Finding::not_checked("the trust file has no entry for this registry on this chain");
    };
    let Some(log) = log else {
        return Finding::not_checked("the trust file has no log of the checkpoint's origin");
    };
    if anchor.log_id != log.log_id {
        return Finding::is_false("the anchor is of another log than the checkpoint");
    }
    known(anchor, chain).unwrap_or_else(|| age(anchor, chain, trust.max_anchor_age, at))
}

/// Why the anchor is not one of the trust file's; `None` when it is.
fn known(anchor: &Anchor, chain: &TrustedChain) -> Option<Finding> {
    let mut of_log = chain
        .anchors
        .iter()
        .filter(|entry| entry.log_id == anchor.log_id);
    let entry = of_log.find(|entry| entry.seq == anchor.seq || entry.size == anchor.size);
    match entry {
        None => Some(Finding::not_checked(
            "the trust file does not hold this anchor; `chartseal trust refresh --proof` adds it",
        )),
        Some(entry)
            if (entry.seq, entry.size, entry.root) != (anchor.seq, anchor.size, anchor.root) =>
        {
            Some(Finding::is_false(
                "the chain holds another anchor of this number or size",
            ))
        }
        Some(_) => None,
    }
}

/// The age of the log's newest anchor, when the trust file limits it.
fn age(anchor: &Anchor, chain: &TrustedChain, limit: Option<u64>, at: Timestamp) -> Finding {
    let known = format!("the trust file holds final anchor number {}", anchor.seq);
    let Some(limit) = limit else {
        return Finding::holds(known);
    };
    let Some(head) = chain.heads.iter().find(|head| head.log_id == anchor.log_id) else {
        return Finding::not_checked(
            "the trust file limits the age of anchors but has no head of this log",
        );
    };
    // A time before 1970 is before any block.
    let now = u64::try_from(at.as_seconds()).unwrap_or(0);
    let age = now.saturating_sub(head.time);
    if age > limit {
        Finding::is_false(format!(
            "the log's newest known anchor is {age} seconds old, the trust file allows {limit}; \
             refresh the trust file"
        ))
    } else {
        Finding::holds(format!("{known}; the newest is {age} seconds old"))
    }
}
