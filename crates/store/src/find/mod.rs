//! Records found: by key, by links and tokens, a page at a time.

pub(crate) mod criterion;
pub(crate) mod current;
pub(crate) mod current_statement;
pub(crate) mod search;
pub(crate) mod search_statement;
pub(crate) mod written;
