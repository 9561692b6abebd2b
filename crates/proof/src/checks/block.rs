//! *block*: the chain's own evidence for the anchor. This release reads the
//! evidence but does not check it, and says so.

use crate::{Bundle, report::Finding};

/// Always `not checked` in this release.
pub(crate) fn block(bundle: &Bundle) -> Finding {
    Finding::not_checked(match bundle.evidence {
        Some(_) => "this release does not check a block's evidence",
        None => "the bundle holds no evidence of a block",
    })
}
