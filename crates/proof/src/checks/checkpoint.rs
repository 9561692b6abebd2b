//! *checkpoint*: the log signed this size and root, it is the log of the
//! statement's facility, no chain holds another root of this size, the anchor is about the
//! same size and root, and where the log's key was stolen a chain holds the checkpoint.

use crate::{Bundle, Trust, TrustedLog, report::Finding};
use model::{Digest, FacilityName, LogId};
use tlog::notes::checkpoint::SignatureError;

/// `log` is the trust file's entry of the checkpoint's origin.
pub(crate) fn checkpoint(
    bundle: &Bundle,
    trust: &Trust,
    facility: &FacilityName,
    log: Option<&TrustedLog>,
) -> Finding {
    let Some(proof) = &bundle.tlog_proof else {
        return Finding::not_checked("the bundle is pending: it has no checkpoint");
    };
    let Some(log) = log else {
        return Finding::not_checked("the trust file has no log of the checkpoint's origin");
    };
    match proof.checkpoint().verify(&log.vkeys) {
        Err(SignatureError::Fails) => {
            return Finding::is_false("a signature under a key of the trust file fails");
        }
        Err(SignatureError::NoneKnown) => {
            return Finding::is_false("no key of the trust file for this log has signed it");
        }
        Ok(_) => {}
    }
    let claim = proof.checkpoint().claim();
    if log.facility != *facility {
        return Finding::is_false("the statement is of another facility than the log");
    }
    if is_contradicted(trust, log.log_id, claim.size, claim.root) {
        return Finding::is_false(
            "a chain holds another root of this log at this size: the log signed two histories",
        );
    }
    match &bundle.anchor {
        Some(anchor) if anchor.size != claim.size || anchor.root != claim.root => {
            Finding::is_false("the anchor is of another size or root than the checkpoint")
        }
        _ if trust.lost_key(log.log_id)
            && !trust.is_anchored(log.log_id, claim.size, &claim.root) =>
        {
            Finding::not_checked(
                "the log was closed because its key was stolen: what it signed counts only where \
                 the trust file holds an anchor of it",
            )
        }
        _ => Finding::holds(format!("the log signed its root at size {}", claim.size)),
    }
}

/// Whether an anchor or a head of any chain has another root for this size of the log.
fn is_contradicted(trust: &Trust, log_id: LogId, size: u64, root: Digest) -> bool {
    trust.chains.iter().any(|chain| {
        let anchors = chain.anchors.iter().map(|a| (a.log_id, a.size, a.root));
        let heads = chain.heads.iter().map(|h| (h.log_id, h.size, h.root));
        anchors
            .chain(heads)
            .any(|known| (known.0, known.1) == (log_id, size) && known.2 != root)
    })
}
