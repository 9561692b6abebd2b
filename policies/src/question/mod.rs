//! What is asked: by whom, for what, about which record.

pub(crate) mod action;
pub(crate) mod caller;
pub(crate) mod consent;
pub(crate) mod entities;
pub(crate) mod infrastructure;
pub(crate) mod smart_scope;
pub(crate) mod target;
