//! HTTP (<https://www.rfc-editor.org/rfc/rfc9110>) of a request and of its answer: bodies,
//! headers, forms, preconditions.

pub(crate) mod backslash;
pub(crate) mod body;
pub(crate) mod entity_tags;
pub(crate) mod freshness;
pub(crate) mod head;
pub(crate) mod header_list;
pub(crate) mod negotiation;
pub(crate) mod outcome;
pub(crate) mod percent;
pub(crate) mod precondition;
pub(crate) mod prefer;
pub(crate) mod query_text;
pub(crate) mod reply;
pub(crate) mod version_mark;
