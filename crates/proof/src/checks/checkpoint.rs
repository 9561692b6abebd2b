//! *checkpoint*: the log signed this size and root, it is the log of the
//! statement's facility, and the anchor is about the same size and root.

use crate::{Bundle, TrustedLog, report::Finding};
use model::FacilityName;
use tlog::checkpoint::SignatureError;

/// `log` is the trust file's entry of the checkpoint's origin.
pub(crate) fn checkpoint(
    bundle: &Bundle,
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
    match &bundle.anchor {
        Some(anchor) if anchor.size != claim.size || anchor.root != claim.root => {
            Finding::is_false("the anchor is of another size or root than the checkpoint")
        }
        _ => Finding::holds(format!("the log signed its root at size {}", claim.size)),
    }
}
