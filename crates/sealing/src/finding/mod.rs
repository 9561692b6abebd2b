//! What sealed records are found by: tags, tokens, index cards.

pub(crate) mod card;
pub(crate) mod date_bucket;
pub(crate) mod normal_form;
pub(crate) mod patient_head;
pub(crate) mod tag;
pub(crate) mod token;
