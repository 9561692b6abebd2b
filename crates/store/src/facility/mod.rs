//! What a facility has beside its records: keys, rules, registrations, changes, statements.

pub(crate) mod changes;
pub(crate) mod epochs;
pub(crate) mod facilities;
pub(crate) mod keys;
pub(crate) mod later_rows;
pub(crate) mod own_urls;
pub(crate) mod policies;
pub(crate) mod registrations;
pub(crate) mod statements;
