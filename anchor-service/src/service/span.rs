//! The spans of the service's work, for whoever collects traces: named after its
//! steps, with names of facilities, sizes, counts, and what the chain shows to all.
//! Below them are what they read and write in the database and ask of the node.
//!
//! A step that finds nothing to do makes no span, or the looking around, several
//! times a second, would be most of what is collected.

use model::FacilityName;
use std::future::Future;
use tracing::{Instrument as _, Span, debug_span, field::Empty};

/// The span of work at a facility's log.
pub(crate) fn of_log(step: &'static str, facility: &FacilityName) -> Span {
    debug_span!(
        "log",
        otel.name = step,
        otel.status_code = Empty,
        chartseal.facility = %facility,
        chartseal.leaves = Empty,
        chartseal.size = Empty,
    )
}

/// The span of a transaction that is to be made.
pub(crate) fn of_post() -> Span {
    debug_span!(
        "post",
        otel.status_code = Empty,
        chartseal.anchors = Empty,
        chartseal.transaction = Empty,
    )
}

/// The span of work at a transaction that there is, and at the block that holds it.
pub(crate) fn of_transaction(step: &'static str, hash: [u8; 32], block: Option<u64>) -> Span {
    debug_span!(
        "transaction",
        otel.name = step,
        otel.status_code = Empty,
        chartseal.transaction = %shown(hash),
        chartseal.block = block,
    )
}

/// The span of a question to the node, as a part of a step; on its own it is none.
pub(crate) fn of_question(method: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    debug_span!(
        "question",
        otel.kind = "client",
        otel.name = format!("ask {method}"),
        otel.status_code = Empty,
    )
}

/// Takes a step within its span, which says when it failed; the log says why.
pub(crate) async fn within<T, E>(
    span: Span,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let outcome = step.instrument(span.clone()).await;
    if outcome.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    outcome
}

/// A transaction's hash as nodes and explorers write it.
pub(crate) fn shown(hash: [u8; 32]) -> String {
    format!("0x{}", hex::encode(hash))
}
